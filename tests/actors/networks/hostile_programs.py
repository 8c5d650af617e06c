"""Exported programs with something hostile in them, and what would show that it ran."""

import io
import json
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from outvoted.search.errors import OutvotedError

SHAPE, CLASSES = (1, 3, 4), 5
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


def told(error: OutvotedError) -> None:
    """A message is short, whatever the file holds, and has no control characters."""
    assert len(str(error)) < 1000
    assert str(error).replace("\n", "").isprintable()


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
