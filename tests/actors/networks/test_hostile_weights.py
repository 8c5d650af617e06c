"""Files of weights from strangers: nothing but tensors is read from them, whatever they hold."""

import io
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from outvoted.actors.networks import ExportedNetwork
from outvoted.search.errors import OutvotedError
from tests.actors.networks.hostile_archives import READ_DIFFERENTLY, plain
from tests.actors.networks.hostile_programs import Payload, told
from tests.actors.networks.saved_weights import (
    CLASSES,
    SHAPE,
    Tied,
    keeps_its_answers,
    loaded,
    refused,
)


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
    build: Any, tied: nn.Module, payload: Payload, tmp_path: Path
) -> None:
    entries: dict[str, bytes] = {}
    for values in ({"last.bias": payload}, dict(tied.state_dict())):
        buffer = io.BytesIO()
        torch.save(values, buffer)
        with zipfile.ZipFile(buffer) as saved:
            entries = {**entries, **{name: saved.read(name) for name in saved.namelist()}}
    evil = {**entries, "archive/data.pkl": payload.pickled}
    (tmp_path / "net.pth").write_bytes(build(list(entries.items()), list(evil.items())))
    refused(tmp_path / "net.pth")
    assert not payload.mark.exists()
    (tmp_path / "plain.pth").write_bytes(plain(list(entries.items())))
    keeps_its_answers(loaded(tmp_path / "plain.pth"), tied, tmp_path)


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
