"""Files without the weights of a network: what is said of them, and what to do."""

import io
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
from torch import nn

from tests.actors.networks.saved_weights import (
    State,
    Tied,
    other,
    refused,
    without,
)

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
        "a whole pickled network, or other pickled objects beside the tensors (the class "
        f"{Tied.__module__}.Tied)",
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
    change: Callable[[State], Any], said: str, remedy: str, early: bool, tied: nn.Module, tmp_path: Path
) -> None:
    torch.save(change(tied.state_dict()), tmp_path / "net.pth", _use_new_zipfile_serialization=not early)
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
