"""Files of weights as training loops leave them: which are read, and what is said of others."""

import io
import os
import pickle
import zipfile
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils import parametrizations, weight_norm

from outvoted.actors.networks import ExportedNetwork, LoadedWeights, PythonFactory, members
from outvoted.actors.networks.computing import Arithmetic
from outvoted.actors.networks.members import EpochRecord, Member
from outvoted.actors.panel.checking import check
from outvoted.actors.panel.panel_settings import PanelSettings, recipes
from outvoted.search.errors import OutvotedError
from outvoted.search.trust import EVERYTHING
from tests.actors.networks.hostile_archives import READ_DIFFERENTLY, plain
from tests.actors.networks.test_hostile_programs import Payload, payload, told

__all__ = ["payload"]
SHAPE, CLASSES = (1, 4, 4), 5
IMAGES = torch.rand(3, *SHAPE, generator=torch.Generator().manual_seed(5))


class Tied(nn.Module):
    """Two layers with one weight, behind batch normalisation."""

    def __init__(self, width: int = 6, classes: int = CLASSES) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Flatten(), nn.Linear(16, width), nn.BatchNorm1d(width))
        self.second, self.third = nn.Linear(width, width), nn.Linear(width, width)
        self.third.weight = self.second.weight
        self.last = nn.Linear(width, classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.last(self.third(self.second(self.first(images)).relu()).relu())
        return logits


def normed() -> nn.Module:
    return nn.Sequential(nn.Flatten(), parametrizations.weight_norm(nn.Linear(16, CLASSES)))


def lazy() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.LazyLinear(CLASSES))


def own(file: Path, factory: str = "Tied", **arguments: Any) -> PythonFactory:
    path = f"{__name__}:{factory}"
    return PythonFactory(factory=path, arguments=arguments, weights=file, alias="net")


def loaded(file: Path, factory: str = "Tied", **arguments: Any) -> LoadedWeights:
    found = own(file, factory, **arguments).load(SHAPE, CLASSES)
    assert found is not None
    return found


def refused(file: Path, factory: str = "Tied", classes: int = CLASSES, **arguments: Any) -> OutvotedError:
    with pytest.raises(OutvotedError) as caught:
        own(file, factory, classes=classes, **arguments).load(SHAPE, classes)
    told(caught.value)
    for internal in ("weights_only", "BytesIO", "Unpickling", "Error(s) in loading", "kind='"):
        assert internal not in str(caught.value)
    return caught.value


@pytest.fixture(scope="module")
def network() -> nn.Module:
    torch.manual_seed(4)
    return Tied().eval()


State = dict[str, torch.Tensor]


def prefixed(prefix: str) -> Callable[[State], Any]:
    return lambda state: {prefix + name: value for name, value in state.items()}


def without(*ends: str) -> Callable[[State], Any]:
    return lambda state: {name: value for name, value in state.items() if not name.endswith(ends)}


def other(state: State) -> State:
    return {name: value + 1 for name, value in state.items()}


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
    change: Callable[[State], Any], note: str, early: bool, network: nn.Module, tmp_path: Path
) -> None:
    file = tmp_path / "anything.ckpt"
    torch.save(change(network.state_dict()), file, _use_new_zipfile_serialization=not early)
    found = loaded(file)
    assert found.note == note
    keeps_its_answers(found, network, tmp_path)


def keeps_its_answers(found: LoadedWeights, network: nn.Module, folder: Path) -> None:
    """Answers are those of the network that was saved, also from a run's own folder."""
    settings = own(folder / "none")
    one = Member("net", "peer", settings, 0, found.weights, (EpochRecord(0, None, None),))
    members.save(folder / "peers", [one])
    for again in (one, *members.load(folder / "peers", EVERYTHING)):
        assert torch.equal(again.bare(SHAPE, CLASSES).eval()(IMAGES), network(IMAGES))


@pytest.mark.parametrize("suffix", ["safetensors", "SAFETENSORS", "pt", "bin", ""])
@pytest.mark.parametrize("prefix", ["", "model."])
def test_safetensors_are_told_by_their_content(
    suffix: str, prefix: str, network: nn.Module, tmp_path: Path
) -> None:
    file = tmp_path / f"net.{suffix}"
    state = {prefix + name: value.clone() for name, value in network.state_dict().items()}
    safetensors.torch.save_file(state, file)
    keeps_its_answers(loaded(file), network, tmp_path)


def test_safetensors_of_tied_networks_are_filled(network: nn.Module, tmp_path: Path) -> None:
    safetensors.torch.save_model(network, str(tmp_path / "tied.safetensors"))
    found = loaded(tmp_path / "tied.safetensors")
    assert "as the network ties them" in found.note
    keeps_its_answers(found, network, tmp_path)


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


def test_a_note_is_handed_on_with_the_networks_key(network: nn.Module, tmp_path: Path) -> None:
    torch.save({"model": network.state_dict()}, tmp_path / "net.pt")
    panel = PanelSettings.model_validate({"networks": [{"kind": "mlp"}, own(tmp_path / "net.pt")]})
    (note,) = check(recipes(panel, None), SHAPE, CLASSES, Arithmetic(precision="single"))
    assert note == "panel.networks.1 (net): weights read from its file: those under 'model'"


UNFIT: dict[str, tuple[Callable[[State], Any], str, str]] = {
    "two that differ": (
        lambda state: {"model": state, "ema": other(state)},
        "two that differ: under 'model' and under 'ema'",
        "['model'], 'weights.pth')",
    ),
    "of another width": (
        lambda state: {**Tied(width=8).state_dict()},
        "first.1.weight is (8, 16) in the file, (6, 16) in the network",
        "width and depth",
    ),
    "of other classes": (
        lambda state: {**Tied(classes=9).state_dict()},
        "last.weight is (9, 6) in the file, (5, 6) in the network; last.bias is (9,) in the file",
        "mine data with 9 classes, or use weights trained on data with 5",
    ),
    "a part": (
        without("last.weight", "last.bias"),
        "2 tensors (last.weight, last.bias) of the network's 13 not in the file",
        "the whole network",
    ),
    "an adapter": (
        lambda state: {"last.lora_A.weight": torch.ones(2, 6), "last.lora_B.weight": torch.ones(5, 2)},
        "2 tensors (last.lora_A.weight, last.lora_B.weight) of the file's 2 not in the network",
        "name the network that these weights belong to",
    ),
    "of another network": (
        lambda state: nn.Sequential(nn.Linear(3, 3)).state_dict(),
        "13 tensors (first.1.weight, first.1.bias, first.2.weight, ...) of the network's 13 not in the file",
        "name the network",
    ),
    "more": (
        lambda state: {**state, "extra.weight": torch.ones(3)},
        "1 tensor (extra.weight) of the file's 14 not in the network",
        "name the network",
    ),
    "without statistics": (
        without("running_mean", "running_var"),
        "2 tensors (first.2.running_mean",
        "whole",
    ),
    "an optimizer": (
        lambda state: torch.optim.Adam(Tied().parameters()).state_dict(),
        "no tensors under the keys state, param_groups (the state of an optimizer?)",
        "torch.save(network.state_dict()",
    ),
    "nested twice": (lambda state: {"a": {"b": state}}, "no tensors under the keys a", "state_dict()"),
    "empty": (lambda state: {}, "an empty state dict", "state_dict()"),
    "a list": (lambda state: list(state.values()), "a list that is no state dict", "state_dict()"),
    "a tensor": (lambda state: torch.ones(3), "one tensor without a name", "state_dict()"),
    "a network": (
        lambda state: Tied(),
        f"a whole pickled network, or other pickled objects beside the tensors (the class {__name__}.Tied)",
        "torch.save(network.state_dict()",
    ),
    "with settings": (
        lambda state: {"model": state, "args": Namespace(lr=1)},
        "(the class argparse.Namespace)",
        "torch.save(network.state_dict()",
    ),
    "sparse": (
        lambda state: {**state, "last.bias": torch.eye(5).to_sparse()},
        "last.bias sparse",
        "converted",
    ),
    "quantized": (
        lambda state: {
            "model": {**state, "last.bias": torch.quantize_per_tensor(torch.ones(5), 1, 0, torch.qint8)}
        },
        "model.last.bias quantized",
        "quantized",
    ),
    "without numbers": (
        lambda state: {**state, "last.bias": torch.ones(5, device="meta")},
        "last.bias without numbers",
        "state_dict()",
    ),
    "larger than memory": (
        lambda state: {**state, "last.bias": torch.ones(1).expand(10**9, 10**9)},
        "last.bias is (1000000000, 1000000000) in the file, (5,) in the network",
        "width",
    ),
    "with a name to be afraid of": (
        lambda state: {**state, "\x1b[31m\n" * 200: torch.ones(1)},
        "?[31m??[31m?",
        "name the network",
    ),
}


@pytest.mark.parametrize("early", [False, True])
@pytest.mark.parametrize(("change", "said", "remedy"), UNFIT.values(), ids=UNFIT.keys())
@pytest.mark.filterwarnings("ignore:.*quantize")
def test_what_is_found_in_place_of_the_weights_is_said(
    change: Callable[[State], Any], said: str, remedy: str, early: bool, network: nn.Module, tmp_path: Path
) -> None:
    torch.save(change(network.state_dict()), tmp_path / "net.pth", _use_new_zipfile_serialization=not early)
    error = refused(tmp_path / "net.pth")
    assert said in error.found
    assert remedy in error.remedy
    assert str(tmp_path / "net.pth") in error.expected


def script(path: Path) -> None:
    torch.jit.trace(nn.Linear(2, 2), torch.ones(1, 2)).save(str(path))  # type: ignore[no-untyped-call]


def program(path: Path) -> None:
    torch.export.save(torch.export.export(nn.Linear(2, 2), (torch.ones(1, 2),)), str(path))


def archived(path: Path, *names: str) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, b"0" * 100)


def repacked(path: Path) -> None:
    buffer = io.BytesIO()
    torch.save(Tied().state_dict(), buffer)
    with zipfile.ZipFile(buffer) as saved, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in saved.namelist():
            archive.writestr(name, saved.read(name))


def cut(path: Path) -> None:
    torch.save(Tied().state_dict(), path)
    path.write_bytes(path.read_bytes()[:-100])


def cut_safetensors(path: Path) -> None:
    data = safetensors.torch.save({"a": torch.ones(100)})
    path.write_bytes(data[:-100])


OTHERS: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "missing": (lambda path: None, "No such file", "a relative one starts at"),
    "a folder": (Path.mkdir, "a folder", "the file itself"),
    "empty": (Path.touch, "an empty file", "copy the file again"),
    "TorchScript": (script, "a TorchScript program", "state_dict()"),
    "exported": (program, "an exported program", "kind: exported"),
    "Keras": (lambda path: archived(path, "config.json", "model.weights.h5"), "a Keras model", "in PyTorch"),
    "HDF5": (lambda path: path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(99)), "HDF5", "in PyTorch"),
    "ONNX": (lambda path: path.write_bytes(b"\x08\x08\x12\x07pytorch" + bytes(99)), "ONNX", "in PyTorch"),
    "TensorFlow Lite": (lambda path: path.write_bytes(b"\0\0\0\0TFL3" + bytes(99)), "Lite", "in PyTorch"),
    "NumPy": (lambda path: np.savez(path.open("wb"), a=np.ones(3)), "NumPy", "in PyTorch"),
    "a tar archive": (lambda path: path.write_bytes(bytes(257) + b"ustar" + bytes(300)), "tar", "unpack"),
    "compressed": (lambda path: path.write_bytes(b"\x1f\x8b" + bytes(99)), "gzip", "gunzip"),
    "a pointer": (
        lambda path: path.write_text("version https://git-lfs.github.com/spec/v1"),
        "LFS",
        "lfs pull",
    ),
    "a page": (lambda path: path.write_text("<!DOCTYPE html>"), "a web page", "download"),
    "text": (lambda path: path.write_text("weights"), "an unknown kind", "save_file"),
    "pickled arrays": (
        lambda path: path.write_bytes(pickle.dumps({"a": np.ones(3)})),
        "other things",
        "alone",
    ),
    "packed again": (repacked, "compressed", "save it again with torch.save"),
    "cut off": (cut, "cut off", "copy the file again"),
    "a short safetensors": (cut_safetensors, "a damaged safetensors file", "copy the file again"),
}


@pytest.mark.parametrize(("make", "said", "remedy"), OTHERS.values(), ids=OTHERS.keys())
@pytest.mark.filterwarnings("ignore:.*deprecated")
def test_files_of_other_kinds_are_told_by_their_content(
    make: Callable[[Path], object], said: str, remedy: str, tmp_path: Path
) -> None:
    make(tmp_path / "net.pt")
    error = refused(tmp_path / "net.pt")
    assert said in error.found
    assert remedy in error.remedy


@pytest.mark.parametrize("force", ["", "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"])
@pytest.mark.parametrize("way", ["torch.save", "an early torch.save", "pickle"])
def test_no_environment_has_anything_but_tensors_unpickled(
    way: str, force: str, payload: Payload, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if force:
        monkeypatch.setenv(force, "1")
    value = {"last.bias": payload}
    if way == "pickle":
        (tmp_path / "net.pth").write_bytes(pickle.dumps(value))
    else:
        torch.save(value, tmp_path / "net.pth", _use_new_zipfile_serialization=way == "torch.save")
    refused(tmp_path / "net.pth")
    assert not payload.mark.exists()


@pytest.mark.parametrize("build", READ_DIFFERENTLY.values(), ids=READ_DIFFERENTLY.keys())
def test_no_weights_that_two_parsers_read_differently_are_loaded(
    build: Any, network: nn.Module, payload: Payload, tmp_path: Path
) -> None:
    entries: dict[str, bytes] = {}
    for values in ({"last.bias": payload}, dict(network.state_dict())):
        buffer = io.BytesIO()
        torch.save(values, buffer)
        with zipfile.ZipFile(buffer) as saved:
            entries = {**entries, **{name: saved.read(name) for name in saved.namelist()}}
    evil = {**entries, "archive/data.pkl": payload.pickled}
    (tmp_path / "net.pth").write_bytes(build(list(entries.items()), list(evil.items())))
    refused(tmp_path / "net.pth")
    assert not payload.mark.exists()
    (tmp_path / "plain.pth").write_bytes(plain(list(entries.items())))
    keeps_its_answers(loaded(tmp_path / "plain.pth"), network, tmp_path)


def saved(way: str) -> bytes:
    """A small file of weights, in each format that is read."""
    torch.manual_seed(4)
    state = {name: value.clone() for name, value in Tied().state_dict().items()}
    if way == "safetensors":
        return safetensors.torch.save(state)
    buffer = io.BytesIO()
    torch.save({"model": state, "epoch": 3}, buffer, _use_new_zipfile_serialization=way == "torch.save")
    return buffer.getvalue()


FILES = {way: saved(way) for way in ("safetensors", "torch.save", "an early torch.save")}


@pytest.mark.parametrize("way", FILES)
@settings(max_examples=50)
@given(st.data())
def test_any_bytes_are_refused_or_weights(
    way: str, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content = FILES[way]
    start = data.draw(st.integers(0, len(content)))
    stop = data.draw(st.integers(start, min(len(content), start + 200)))
    file = tmp_path_factory.getbasetemp() / "any.pth"
    file.write_bytes(content[:start] + data.draw(st.binary(max_size=50)) + content[stop:])
    try:
        assert {name.removeprefix("network.") for name in loaded(file).weights} == set(Tied().state_dict())
    except OutvotedError as error:
        told(error)


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
def test_what_is_no_file_is_not_waited_for(make: Callable[[Path], object], tmp_path: Path) -> None:
    make(tmp_path / "net.pth")
    assert refused(tmp_path / "net.pth").found == "something that is no file"
    with pytest.raises(OutvotedError, match="something that is no file"):
        ExportedNetwork(file=tmp_path / "net.pth").load(SHAPE, CLASSES)
    with pytest.raises(OutvotedError, match="something that is no file"):
        assert ExportedNetwork(file=tmp_path / "net.pth").content


def test_an_early_file_that_asks_for_all_memory_is_refused(tmp_path: Path) -> None:
    content = FILES["an early torch.save"]
    number = pickle.dumps(96, 2)[2:-1]  # the first weight's 6 x 16 numbers
    assert number in content
    large = pickle.dumps(2**50, 2)[2:-1]
    (tmp_path / "net.pth").write_bytes(content.replace(number, large, 1))
    refused(tmp_path / "net.pth")
