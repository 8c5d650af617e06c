"""Files of weights as training loops leave them: the weights in them are found."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from torch import nn
from torch.nn.utils import weight_norm

from outvoted.actors.networks.members import Member
from outvoted.actors.panel.checking import check
from outvoted.actors.panel.panel_settings import PanelSettings, recipes
from tests.actors.networks.saved_weights import (
    CLASSES,
    IMAGES,
    SHAPE,
    State,
    keeps_its_answers,
    loaded,
    own,
    prefixed,
    without,
)

SAVED: dict[str, tuple[Callable[[State], Any], str]] = {
    "as it is": (dict, ""),
    "parallel": (prefixed("module."), "without the prefix 'module.'"),
    "compiled": (prefixed("_orig_mod."), "without the prefix '_orig_mod.'"),
    "both": (prefixed("module._orig_mod."), "without the prefix 'module._orig_mod.'"),
    "a net": (prefixed("my_net."), "without the prefix 'my_net.'"),
    "state_dict": (lambda state: {"state_dict": state, "epoch": 3}, "those under 'state_dict'"),
    "model": (lambda state: {"model": state, "args": ["x"]}, "those under 'model'"),
    "lightning": (
        lambda state: {"state_dict": prefixed("model.")(state), "hparams": {"lr": 1.0}},
        "those under 'state_dict', without the prefix 'model.'",
    ),
    "beside an optimizer": (
        lambda state: {
            "net": state,
            "optimizer": {"state": {0: {"step": torch.ones(1)}}, "param_groups": []},
        },
        "those under 'net'",
    ),
    "beside another network": (
        lambda state: {"generator": state, "critic": {"a": torch.ones(3)}},
        "those under 'generator'",
    ),
    "twice the same": (lambda state: {"model": state, "ema": dict(state)}, "those under 'model'"),
    "without counters": (without("num_batches_tracked"), ""),
    "with counters of another": (
        lambda state: {**state, "second.num_batches_tracked": torch.tensor(3)},
        "",
    ),
    "without the tied weight": (without("third.weight"), "with third.weight as the network ties them"),
    "with notes": (lambda state: {**state, "version": 3}, ""),
    "parameters": (
        lambda state: {name: nn.Parameter(v, False) for name, v in state.items()},
        "",
    ),
    "as views of more": (lambda state: {name: torch.stack([v, v])[1] for name, v in state.items()}, ""),
    "transposed in memory": (
        lambda state: {name: v.t().contiguous().t() if v.ndim == 2 else v for name, v in state.items()},
        "",
    ),
}


@pytest.mark.parametrize("early", [False, True])
@pytest.mark.parametrize(("change", "note"), SAVED.values(), ids=SAVED.keys())
def test_weights_are_found_as_training_loops_save_them(
    change: Callable[[State], Any], note: str, early: bool, tied: nn.Module, tmp_path: Path
) -> None:
    file = tmp_path / "anything.ckpt"
    torch.save(change(tied.state_dict()), file, _use_new_zipfile_serialization=not early)
    found = loaded(file)
    assert found.note == note
    keeps_its_answers(found, tied, tmp_path)


@pytest.mark.parametrize("suffix", ["safetensors", "SAFETENSORS", "pt", "bin", ""])
@pytest.mark.parametrize("prefix", ["", "model."])
def test_safetensors_are_told_by_their_content(
    suffix: str, prefix: str, tied: nn.Module, tmp_path: Path
) -> None:
    file = tmp_path / f"net.{suffix}"
    state = {prefix + name: value.clone() for name, value in tied.state_dict().items()}
    safetensors.torch.save_file(state, file)
    keeps_its_answers(loaded(file), tied, tmp_path)


def test_safetensors_of_tied_networks_are_filled(tied: nn.Module, tmp_path: Path) -> None:
    safetensors.torch.save_model(tied, str(tmp_path / "tied.safetensors"))
    found = loaded(tmp_path / "tied.safetensors")
    assert "as the network ties them" in found.note
    keeps_its_answers(found, tied, tmp_path)


def test_names_that_modules_translate_themselves_are_theirs(tmp_path: Path) -> None:
    before = nn.Sequential(nn.Flatten(), nn.Linear(16, CLASSES))
    with pytest.warns(FutureWarning):
        weight_norm(before[1])
    torch.save(before.state_dict(), tmp_path / "earlier.pth")
    found = loaded(tmp_path / "earlier.pth", "normed")
    one = Member("net", "peer", own(tmp_path / "none", "normed"), 0, found.weights, ())
    torch.testing.assert_close(one.bare(SHAPE, CLASSES)(IMAGES), before(IMAGES))


def test_layers_without_a_shape_yet_take_the_files(tmp_path: Path) -> None:
    before = nn.Sequential(nn.Flatten(), nn.Linear(16, CLASSES))
    torch.save(before.state_dict(), tmp_path / "net.pth")
    assert loaded(tmp_path / "net.pth", "lazy").note == ""


def test_a_note_is_handed_on_with_the_networks_key(tied: nn.Module, tmp_path: Path) -> None:
    torch.save({"model": tied.state_dict()}, tmp_path / "net.pt")
    panel = PanelSettings.model_validate({"networks": [{"kind": "mlp"}, own(tmp_path / "net.pt")]})
    (note,) = check(recipes(panel, None), SHAPE, CLASSES)
    assert note == "panel.networks.1 (net): weights read from its file: those under 'model'"
