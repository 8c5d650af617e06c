"""Strangers' exported programs: whatever a file holds, loading it runs nothing and reads nothing else."""

import io
import json
import traceback
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from outvoted.actors.networks import ExportedNetwork, archive, exported, members, operators
from outvoted.actors.networks.members import Member
from outvoted.actors.runs.epochs import EpochRecord
from outvoted.search.errors import OutvotedError
from tests.actors.networks.hostile_archives import READ_DIFFERENTLY, plain
from tests.actors.networks.hostile_programs import (
    CLASSES,
    CONSTANTS,
    HARMLESS,
    MODEL,
    RUN,
    SAMPLES,
    SHAPE,
    WEIGHTS,
    Entries,
    Payload,
    told,
)

IMAGES = torch.rand(3, *SHAPE, generator=torch.Generator().manual_seed(2))


@pytest.fixture(scope="module")
def program() -> bytes:
    """A small honest program."""
    torch.manual_seed(3)
    network = nn.Sequential(nn.Flatten(), nn.Linear(12, 6), nn.ReLU(), nn.Linear(6, CLASSES)).eval()
    many = ({0: torch.export.Dim("batch")},)
    exported = torch.export.export(network, (torch.zeros(2, *SHAPE),), dynamic_shapes=many)
    buffer = io.BytesIO()
    torch.export.save(exported, buffer)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def honest(program: bytes) -> Entries:
    with zipfile.ZipFile(io.BytesIO(program)) as known:
        return {name.partition("/")[2]: known.read(name) for name in known.namelist()}


@pytest.fixture(scope="module")
def answers(program: bytes) -> torch.Tensor:
    return answered(program)


def answered(data: bytes) -> torch.Tensor:
    """Load a program as a run does from the bytes among its weights, and ask it."""
    weights = {"program": torch.from_numpy(np.frombuffer(data, np.uint8).copy())}
    answer: torch.Tensor = ExportedNetwork(file=Path("net.pt2")).restore(SHAPE, CLASSES, weights)(IMAGES)
    return answer


def rooted(entries: Entries) -> list[tuple[str, bytes]]:
    return [(f"program/{name}", data) for name, data in entries.items()]


@pytest.mark.parametrize("build", READ_DIFFERENTLY.values(), ids=READ_DIFFERENTLY.keys())
def test_no_archive_that_two_parsers_read_differently_is_loaded(
    build: Any, honest: Entries, payload: Payload, answers: torch.Tensor
) -> None:
    evil = {**honest, SAMPLES: payload.saved}
    with pytest.raises(OutvotedError) as caught:
        answered(build(rooted(honest), rooted(evil)))
    assert not payload.mark.exists()
    assert "export it again" in caught.value.remedy
    assert torch.equal(answered(plain(rooted(honest))), answers)


@pytest.mark.parametrize("attack", RUN)
def test_loading_a_program_unpickles_imports_and_runs_nothing(
    attack: str, honest: Entries, payload: Payload, answers: torch.Tensor
) -> None:
    entries = dict(honest)
    RUN[attack](entries, payload)
    data = plain(rooted(entries))
    if attack in HARMLESS:
        assert torch.equal(answered(data), answers)
    else:
        with pytest.raises(OutvotedError) as caught:
            answered(data)
        told(caught.value)
    assert not payload.mark.exists()


@pytest.mark.parametrize(
    ("arguments", "change", "remedy"),
    [
        (2, lambda images, *more: images.flatten(1) + more[0].flatten(1), "takes the images alone"),
        (1, lambda images: {"logits": images.flatten(1)}, "returns the logits alone"),
        (1, lambda images: (images.flatten(1), images), "returns the logits alone"),
        (1, lambda images: without_gradients(images), "without torch.no_grad()"),
    ],
)
def test_what_a_classifier_does_not_do_is_said_with_what_to_export(
    arguments: int, change: Callable[..., Any], remedy: str
) -> None:
    class Network(nn.Module):
        def forward(self, *images: torch.Tensor) -> Any:
            return change(*images)

    buffer = io.BytesIO()
    torch.export.save(torch.export.export(Network(), (torch.zeros(2, *SHAPE),) * arguments), buffer)
    with pytest.raises(OutvotedError) as caught:
        answered(buffer.getvalue())
    assert remedy in caught.value.remedy


def without_gradients(images: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        images = images * 2
    return images.flatten(1)


def test_a_device_that_is_not_there_is_named(honest: Entries) -> None:
    entries = {**honest, MODEL: honest[MODEL].replace(b'"type": "cpu"', b'"type": "xla"')}
    with pytest.raises(OutvotedError, match="xla, which this machine does not have"):
        answered(plain(rooted(entries)))


def test_pytorch_is_quiet_while_it_refuses(honest: Entries, capfd: pytest.CaptureFixture[str]) -> None:
    text = honest[MODEL].replace(b'"aten": ', b'"aten": 9').replace(b'"major": 8', b'"major": 99')
    with pytest.raises(OutvotedError, match="schema version"):
        answered(plain(rooted({**honest, MODEL: text})))
    assert capfd.readouterr().err == ""


RANDOM = settings(max_examples=50)
TEXTS = st.sampled_from(
    ["", "x", "__class__", "torch.load", "a\n1/0", '"', "s0", "9" * 50, "relu", "0.weight"]
)
VALUES = st.one_of(st.none(), st.booleans(), st.integers(-2, 2**70), st.floats(), TEXTS)


@RANDOM
@given(st.data())
def test_any_bytes_are_refused_or_answer(program: bytes, answers: torch.Tensor, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(program)))
    stop = data.draw(st.integers(start, min(len(program), start + 200)))
    changed = program[:start] + data.draw(st.binary(max_size=50)) + program[stop:]
    try:
        assert torch.equal(answered(changed), answers)
    except OutvotedError as error:
        told(error)


@RANDOM
@given(st.data())
def test_any_description_is_refused_or_answers(honest: Entries, data: st.DataObject) -> None:
    file = data.draw(st.sampled_from([MODEL, WEIGHTS, CONSTANTS]))
    description: Any = json.loads(honest[file])
    inner = description
    while isinstance(inner, dict | list) and inner:
        keys = list(inner) if isinstance(inner, dict) else range(len(inner))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(inner[key], dict | list) or data.draw(st.integers(0, 9)) == 0:
            inner[key] = data.draw(VALUES)
            break
        inner = inner[key]
    changed = {**honest, file: json.dumps(description).encode()}
    try:
        answered(plain(rooted(changed)))
    except OutvotedError as error:
        told(error)
    except Exception as error:  # a program may fail on images: Tolerant and the probe take care of that
        if "forward" not in {frame.name for frame in traceback.extract_tb(error.__traceback__)}:
            raise


def test_plain_archives_of_other_writers_are_read(honest: Entries, answers: torch.Tensor) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as writer:
        for name, data in rooted(honest):
            with writer.open(name, "w", force_zip64=True) as entry:
                entry.write(data)
    assert torch.equal(answered(buffer.getvalue()), answers)


def test_limits_are_told(honest: Entries, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exported, "DESCRIPTION", 2**20)
    with pytest.raises(OutvotedError, match="of more than 1 MiB"):
        answered(plain(rooted({**honest, MODEL: b" " * (2**20 + 1)})))
    monkeypatch.setattr(archive, "ENTRIES", 10)
    with pytest.raises(OutvotedError, match="entries, more than 10"):
        answered(plain(rooted(honest)))


def test_a_saved_panel_with_a_hostile_program_runs_nothing(
    honest: Entries, payload: Payload, tmp_path: Path, program: bytes
) -> None:
    data = READ_DIFFERENTLY["two directories"](rooted(honest), rooted({**honest, SAMPLES: payload.saved}))
    for content, refused in ((data, True), (program, False)):
        (tmp_path / "net.pt2").write_bytes(content)
        network = ExportedNetwork(file=tmp_path / "net.pt2")
        weights = network.load(SHAPE, CLASSES).weights
        saved = Member("net", "peer", network, 0, weights, (EpochRecord(0, None, None),))
        members.save(tmp_path / "peers", [saved])
        (again,) = members.load(tmp_path / "peers")
        if refused:
            with pytest.raises(OutvotedError, match="plain network"):
                again.bare(SHAPE, CLASSES)
        else:
            again.bare(SHAPE, CLASSES)
    assert not payload.mark.exists()


def test_operators_that_are_let_through_are_pytorchs_and_know_no_files() -> None:
    for name in operators.NAMES:
        schemas = torch._C._jit_get_schemas_for_operator(f"aten::{name}")
        arguments = [argument for schema in schemas for argument in schema.arguments]
        assert arguments, name
        assert not {argument.name for argument in arguments} & {"filename", "message", "file"}, name
        kinds = {str(argument.type) for argument in arguments}
        assert not kinds & {"Storage", "Future[t]", "RRef[t]", "Stream", "Any"}, name
