"""Strangers' exported programs: whatever a file holds, loading it runs nothing and reads nothing else."""

import importlib
import io
import json
import pickle
import sys
import traceback
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from outvoted.actors.networks import ExportedNetwork, archive, exported, members, operators
from outvoted.actors.networks.members import EpochRecord, Member
from outvoted.search.errors import OutvotedError
from tests.actors.networks.hostile_archives import READ_DIFFERENTLY, plain

SHAPE, CLASSES = (1, 3, 4), 5
IMAGES = torch.rand(3, *SHAPE, generator=torch.Generator().manual_seed(2))
MODEL, SAMPLES = "models/model.json", "data/sample_inputs/model.pt"
WEIGHTS, CONSTANTS = "data/weights/model_weights_config.json", "data/constants/model_constants_config.json"
Entries = dict[str, bytes]
Change = Callable[[Entries, "Payload"], Any]


@dataclass(frozen=True)
class Payload:
    """What would leave a mark, in the forms in which files can hold it."""

    mark: Path

    @property
    def pickled(self) -> bytes:
        return pickle.dumps(self)

    @property
    def saved(self) -> bytes:
        buffer = io.BytesIO()
        torch.save(({"x": self}, {}), buffer)
        return buffer.getvalue()

    @property
    def source(self) -> str:
        return f"__import__('pathlib').Path('{self.mark}').touch()"

    @property
    def module(self) -> str:
        """A module on the path that leaves the mark when it is imported."""
        (self.mark.parent / "hostile_module.py").write_text(self.source)
        return "hostile_module"

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.mark,))


@pytest.fixture
def payload(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Payload]:
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    yield Payload(tmp_path / "mark")
    sys.modules.pop("hostile_module", None)


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


def told(error: OutvotedError) -> None:
    """A message is short, whatever the file holds, and has no control characters."""
    assert len(str(error)) < 1000
    assert str(error).replace("\n", "").isprintable()


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


def described(change: Callable[[dict[str, Any], Payload], object]) -> Change:
    """Change a program's description."""

    def changed(entries: Entries, payload: Payload) -> None:
        description = json.loads(entries[MODEL])
        change(description, payload)
        entries[MODEL] = json.dumps(description).encode()

    return changed


def replaced(old: str, new: str) -> Change:
    """Put another text in every place of a description where ``old`` stands; CODE leaves the mark."""

    def changed(entries: Entries, payload: Payload) -> None:
        text = entries[MODEL].decode()
        assert old in text
        code = new.replace("CODE", payload.source).replace("MODULE", payload.module)
        entries[MODEL] = text.replace(old, code).encode()

    return changed


def called(key: str, value: Callable[[Any, Payload], Any]) -> Change:
    """Change how a program says that it is called."""

    def change(description: dict[str, Any], payload: Payload) -> None:
        signature = description["graph_module"]["module_call_graph"][0]["signature"]
        signature[key] = value(signature[key], payload)

    return described(change)


def operator(target: str, *arguments: Any) -> Change:
    """Have the activation be another operator."""

    def change(description: dict[str, Any], payload: Payload) -> None:
        node = next(n for n in description["graph_module"]["graph"]["nodes"] if "relu" in n["target"])
        node["target"] = target
        given = [{"as_string": str(payload.mark)} if one == "MARK" else one for one in arguments]
        node["inputs"] = [
            {"name": name, "arg": arg, "kind": 1} for name, arg in zip("abc", given, strict=False)
        ]

    return described(change)


def renamed_weight(new: str) -> Change:
    """Give a weight a name that is no plain one."""

    def change(entries: Entries, payload: Payload) -> None:
        name = new.replace("CODE", payload.source)
        for file in (MODEL, WEIGHTS):
            text = entries[file].decode().replace('"1.weight"', json.dumps(name))
            entries[file] = text.encode()

    return change


def listed(file: str, **meta: Any) -> Change:
    """Change the list of weights or constants: its first entry, or one that is put there."""

    def change(entries: Entries, payload: Payload) -> None:
        weight = next(iter(json.loads(entries[WEIGHTS])["config"].values()))
        config = json.loads(entries[file])
        name = next(iter(config["config"]), "0.constant")
        config["config"][name] = {**weight, **config["config"].get(name, {}), **meta}
        entries[file] = json.dumps(config).encode()
        folder = file.partition("/model_")[0]
        entries[f"{folder}/{meta.get('path_name', 'weight_0')}"] = payload.pickled

    return change


def added(**entries: Callable[[Payload], bytes]) -> Change:
    return lambda known, payload: known.update(
        {name.replace("__", "/"): made(payload) for name, made in entries.items()}
    )


def older(entries: Entries, payload: Payload) -> None:
    """The format before PyTorch 2.9, which is unpickled."""
    model = entries.pop(MODEL)
    entries.clear()
    names = ("serialized_state_dict.pt", "serialized_constants.pt", "serialized_example_inputs.pt")
    entries.update({"version": b"8.20", "serialized_exported_program.json": model})
    entries.update(dict.fromkeys(names, payload.saved))


def imported_enum(spec: str, payload: Payload) -> str:
    enum = json.dumps({"__enum__": True, "fqn": f"{payload.module}:x", "name": "y"})
    return spec.replace('"context": "null"', f'"context": {json.dumps(enum)}', 1)


def keyword_argument(spec: str, payload: Payload) -> str:
    name = json.dumps([f"x={payload.source}"])
    return spec.replace('"context": "[]"', f'"context": {json.dumps(name)}')


SHAPES = "Symbol('s"
RUN: dict[str, Change] = {
    "sample inputs": lambda entries, payload: entries.update({SAMPLES: payload.saved}),
    "sample inputs, pickled": lambda entries, payload: entries.update({SAMPLES: payload.pickled}),
    "weights as they were": lambda entries, payload: entries.update({"data/weights/model.pt": payload.saved}),
    "constants as they were": added(**{"data__constants__model.pt": lambda payload: payload.saved}),
    "the older format": older,
    "a weight": listed(WEIGHTS, use_pickle=True),
    "a weight, said with a number": listed(WEIGHTS, use_pickle=1),
    "a constant": listed(CONSTANTS, use_pickle=True, path_name="tensor_0"),
    "a custom object": listed(CONSTANTS, path_name="custom_obj_0"),
    "an opaque object": listed(CONSTANTS, path_name="opaque_obj_0"),
    "a weight in another folder": listed(WEIGHTS, path_name="../sample_inputs/model.pt"),
    "compiled code": added(**{"data__aotinductor__model__model.so": lambda payload: payload.pickled}),
    "another program": lambda entries, payload: entries.update(
        {"models/other.json": entries[MODEL], "data/sample_inputs/other.pt": payload.saved}
    ),
    "an extra file": added(**{"extra__more.json": lambda payload: payload.saved}),
    "an enumeration": called("in_spec", imported_enum),
    "an enumeration in the result": called(
        "out_spec",
        lambda spec, payload: imported_enum(
            spec.replace('{"type": null, "context": null', '{"type": "builtins.tuple", "context": "null"'),
            payload,
        ),
    ),
    "a named argument": called("in_spec", keyword_argument),
    "the arguments' names": called("forward_arg_names", lambda _, payload: [f"x, y={payload.source}"]),
    "guards": described(lambda program, payload: program.update(guards_code=[payload.source])),
    "a verifier": described(lambda program, payload: program.update(verifiers=[payload.source])),
    "a node's name": replaced('"relu"', '"relu=CODE"'),
    "a node's name, on two lines": replaced('"relu"', '"relu\\n    CODE"'),
    "an input's name": replaced('"input"', '"input, y=CODE"'),
    "a weight's name": renamed_weight('1"), CODE, getattr(self, "1.weight'),
    "a weight's name, a class": renamed_weight("__class__.forward"),
    "a weight's name, a method": renamed_weight("forward"),
    "a shape": replaced(SHAPES, "CODE*Symbol('s"),
    "a shape's symbol": replaced(SHAPES, "Symbol('CODE"),
    "a shape that imports": replaced(SHAPES, "__import__('MODULE')*Symbol('s"),
    "a shape that takes for ever": replaced(SHAPES, "9**9**9**9*Symbol('s"),
    "a shape that takes for ever, in functions": replaced(SHAPES, "Pow(9,Pow(9,Pow(9,99)))*Symbol('s"),
    "a file that is written": operator(
        "torch.ops.aten.from_file.default", "MARK", {"as_bool": True}, {"as_int": 64}
    ),
    "a file that is saved": operator(
        "torch.ops.aten.save.default", {"as_tensor": {"name": "linear"}}, "MARK"
    ),
    "plain numbers, which end the process": operator(
        "torch.ops.aten.remainder.int", {"as_int": 1}, {"as_int": 0}
    ),
    "a packed sequence": operator("torch.ops.aten.lstm.data"),
    "a type that is a number": operator("torch.ops.aten.to.prim_dtype"),
    "a method of an operator": operator("torch.ops.aten.relu.__reduce__"),
    "memory that is trusted": operator("torch.ops.aten._sparse_coo_tensor_unsafe.default"),
    "a function of torch": operator("torch.hub.load", "MARK"),
    "a function of Python": operator("_operator.attrgetter", "MARK"),
    "an operator as an argument": operator("torch.ops.aten.relu.default", {"as_operator": "torch.hub.load"}),
    "a custom object as an argument": operator(
        "torch.ops.aten.relu.default", {"as_custom_obj": {"name": "x", "class_fqn": "y"}}
    ),
    "a graph in the graph": operator("torch.ops.aten.relu.default", {"as_graph": {"name": "x", "graph": {}}}),
    "a range that is counted to": described(
        lambda program, payload: program.update(
            range_constraints={"u999999999999": {"min_val": 0, "max_val": 1}}
        )
    ),
    "a weight larger than its file": listed(
        WEIGHTS,
        tensor_meta={
            "dtype": 7,
            "sizes": [{"as_int": 10**9}, {"as_int": 10**9}],
            "strides": [{"as_int": 0}, {"as_int": 0}],
            "storage_offset": {"as_int": 0},
            "requires_grad": False,
            "device": {"type": "cpu", "index": None},
            "layout": 7,
        },
    ),
    "a nest of lists": lambda entries, payload: entries.update({MODEL: b"[" * 10**5}),
    "a long number": lambda entries, payload: entries.update({MODEL: b"9" * 10**5}),
    "no description": lambda entries, payload: entries.pop(MODEL),
}
HARMLESS = {"sample inputs", "sample inputs, pickled", "an extra file", "the arguments' names", "guards"}
"""These are passed over: the program answers as it did."""


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
