"""Faults by the dozen: what can be wrong with a configuration, data, weights, or the folder of a run."""

import math
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from safetensors.torch import save_file

from outvoted.actors.data.datasets import Split
from tests.actors.data.formats import FORMATS

FACTORY = """
from torch import nn

def make():
    return nn.Sequential(nn.Flatten(), nn.Linear({pixels}, 3))
"""
_SIDE = 8


def some_images(channels: int = 1, side: int = _SIDE, n: int = 30) -> Split:
    """Return random images of three classes."""
    images = np.random.default_rng(0).integers(256, size=(n, channels, side, side), dtype=np.uint8)
    return Split(images, np.arange(n) % 3)


def sound(kind: str, folder: Path) -> dict[str, Any]:
    """Return a small configuration in which nothing is wrong, and write the data that it names."""
    data = folder / "data.npz"
    if not data.exists():
        split = some_images()
        np.savez(data, x_train=split.images, y_train=split.labels)
        (folder / "own_nets.py").write_text(FACTORY.format(pixels=_SIDE * _SIDE))
    source = {"name": "npz", "path": str(data), "test_share": 0.5}
    networks = [{"kind": "mlp", "hidden": hidden} for hidden in (3, 4, 5)]
    panel = {"networks": networks, "training": {"epochs": 1}}
    values: dict[str, Any] = {"data": source, "panel": panel, "referee": None}
    match kind:
        case "mine" | "compare" | "heal":
            values["search"] = {"per_target": 2, "patience": 5}
        case "scan":
            values["scan"] = {"source": {"kind": "array", "path": str(data), "key": "x_train"}}
        case "study":
            values["study"] = {"kind": "morphs", "groups": 1, "sets": 1, "frames": 3}
            del values["referee"]
        case "sweep":
            network = {"kind": "mlp", "hidden": 3, "activation": "sigmoid"}
            experiment = {"kind": "temperature", "network": network, "temperatures": [1], "pixels": 1}
            values = {"data": values["data"], "experiment": experiment, "training": {"epochs": 1}}
        case "tune":
            values = {
                "mine": sound("mine", folder),
                "vary": {"search.patience": {"grid": [4, 5]}, "search.seed": {"randint": [0, 3]}},
                "objectives": ["success", {"measure": "moves", "goal": "minimise"}],
                "algorithm": "random",
                "trials": 2,
            }
    return values


def on_data(kind: str, folder: Path, source: Any) -> dict[str, Any]:
    """Return the configuration of :func:`sound` with other images."""
    values = sound(kind, folder)
    (values["mine"] if kind == "tune" else values)["data"] = source
    return values


# Of configurations: a wrong value in the place of every value, and a wrong key beside every key.

WRONG: dict[str, Any] = {
    "nothing": None,
    "a word": "wörd",
    "an empty word": "",
    "a list": [],
    "a list of lists": [[], [None]],
    "keys": {"a": {"b": 1}},
    "true": True,
    "a negative number": -1,
    "zero": 0,
    "a fraction": 0.37,
    "a huge number": 10**30,
    "not a number": math.nan,
    "infinity": math.inf,
    "markup": "[/red]{0}%s",
    "control characters": "a\x07b\x1b[31mc\n",
    "an import path": "os:system",
    "a path upwards": "../../../etc/passwd",
    "a long word": "x" * 5000,
}


def places(values: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Walk through the paths of all values within values."""
    inner: Any = ()
    if isinstance(values, dict):
        inner = values.items()
    elif isinstance(values, list):
        inner = enumerate(values)
    for key, value in inner:
        yield (*at, key)
        yield from places(value, (*at, key))


def replaced(values: Any, place: tuple[str | int, ...], value: Any) -> Any:
    """Return a copy of values with another value at a place."""
    if not place:
        return value
    copy = values.copy()
    copy[place[0]] = replaced(values[place[0]], place[1:], value)
    return copy


# Of files: whatever they hold.


def _emptied(path: Path) -> None:
    path.write_bytes(b"")


def _halved(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def _flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for place in range(0, len(data), max(1, len(data) // 7)):
        data[place] ^= 0x55
    path.write_bytes(bytes(data))


def _foldered(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _looped(path: Path) -> None:
    path.unlink()
    path.symlink_to(path)


def _dangling(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.with_name("nowhere"))


DAMAGES: dict[str, Callable[[Path], object]] = {
    "missing": Path.unlink,
    "empty": _emptied,
    "cut off": _halved,
    "altered": _flipped,
    "noise": lambda path: path.write_bytes(np.random.default_rng(1).bytes(999)),
    "text": lambda path: path.write_text("not what you think\n"),
    "a list in JSON": lambda path: path.write_text("[1, 2]"),
    "a folder": _foldered,
    "a link to itself": _looped,
    "a link to nothing": _dangling,
}


# Of data: every format, whole but odd, or damaged.

_ODD_LABELS: dict[str, Callable[[Split], Any]] = {
    "negative": lambda split: split.labels - 1,
    "beyond 16 bits": lambda split: split.labels + 40_000,
    "of one class": lambda split: split.labels * 0,
    "each its own": lambda split: np.arange(len(split)),
    "fractions": lambda split: split.labels + 0.5,
    "not numbers": lambda split: np.where(split.labels > 0, np.nan, 1.0),
    "infinite": lambda split: np.where(split.labels > 0, np.inf, 1.0),
    "words": lambda split: np.array(["cat", "dog", "owl"])[split.labels],
    "huge": lambda split: split.labels.astype(np.uint64) + np.uint64(2**63),
    "too few": lambda split: split.labels[:-3],
    "pairs": lambda split: np.stack([split.labels, split.labels], axis=1),
}
_ODD_IMAGES: dict[str, Callable[[Split], Any]] = {
    "none": lambda split: split.images[:0],
    "floats": lambda split: (split.images / 255).astype(np.float32),
    "zeros and ones": lambda split: split.images // 128,
    "not numbers": lambda split: np.full(split.images.shape, np.nan),
    "two channels": lambda split: np.repeat(split.images, 2, axis=1),
    "five axes": lambda split: split.images[..., None, None],
    "a line": lambda split: split.images.reshape(-1),
    "of no size": lambda split: split.images[:, :, :0],
    "objects": lambda split: np.array([[None]], dtype=object),
    "words": lambda split: np.array(["a"] * len(split)),
}


@dataclass(frozen=True)
class Data:
    """A way to spoil a data set: ``make`` writes it into an empty folder and returns its settings."""

    name: str
    make: Callable[[Path], dict[str, Any]]


def spoilt_data() -> Iterator[Data]:
    """List every format with every damage, and arrays with every odd value."""
    for form in FORMATS.values():
        for name, damage in DAMAGES.items():

            def damaged(
                folder: Path, form: Any = form, damage: Callable[[Path], object] = damage
            ) -> dict[str, Any]:
                split = form.fit(some_images(3, 32 if form.name == "svhn" else _SIDE, 12))
                found: dict[str, Any] = form.written(folder, train=split, test=split)
                damage(folder / form.damaged)
                return found

            yield Data(f"{form.name}: {form.damaged} {name}", damaged)
    for kind, odd in (("labels", _ODD_LABELS), ("images", _ODD_IMAGES)):
        for name, change in odd.items():

            def changed(
                folder: Path, kind: str = kind, change: Callable[[Split], Any] = change
            ) -> dict[str, Any]:
                split = some_images()
                arrays: dict[str, Any] = {"x_train": split.images, "y_train": split.labels}
                arrays["x_train" if kind == "images" else "y_train"] = change(split)
                np.savez(folder / "odd.npz", **arrays)
                return {"name": "npz", "path": str(folder / "odd.npz")}

            yield Data(f"npz: {kind} {name}", changed)


# Of weights: files that are none, or belong to something else.


def _state() -> dict[str, torch.Tensor]:
    return {"1.weight": torch.zeros(3, _SIDE * _SIDE), "1.bias": torch.zeros(3)}


_STATES: dict[str, Callable[[], Any]] = {
    "of another width": lambda: {"1.weight": torch.zeros(3, 7), "1.bias": torch.zeros(3)},
    "of other names": lambda: {f"layer.{name}": value for name, value in _state().items()},
    "lacking one": lambda: {"1.weight": _state()["1.weight"]},
    "not numbers": lambda: {name: value * math.nan for name, value in _state().items()},
    "of integers": lambda: {name: value.to(torch.int32) for name, value in _state().items()},
    "a list": lambda: [torch.zeros(3)],
    "a number": lambda: 3,
    "no tensors": lambda: {"epoch": 3, "loss": 0.1},
    "nothing": dict,
    "a module": lambda: torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(_SIDE * _SIDE, 3)),
}


def spoilt_weights() -> Iterator[tuple[str, Callable[[Path], dict[str, Any]]]]:
    """List files of weights with every damage and every odd content; each returns its network's settings."""

    def network(path: Path) -> dict[str, Any]:
        return {"kind": "python", "factory": "own_nets:make", "weights": str(path), "alias": "own"}

    for suffix in ("pt", "safetensors"):
        for name, damage in DAMAGES.items():

            def damaged(
                folder: Path, suffix: str = suffix, damage: Callable[[Path], object] = damage
            ) -> dict[str, Any]:
                path = folder / f"weights.{suffix}"
                torch.save(_state(), path) if suffix == "pt" else save_file(_state(), path)
                damage(path)
                return network(path)

            yield f"{suffix} {name}", damaged
    for name, make in _STATES.items():

        def saved(folder: Path, make: Callable[[], Any] = make) -> dict[str, Any]:
            torch.save(make(), folder / "weights.pt")
            return network(folder / "weights.pt")

        yield f"pt {name}", saved
    for name in ("empty", "noise", "text", "a folder", "missing"):

        def exported(folder: Path, damage: Callable[[Path], object] = DAMAGES[name]) -> dict[str, Any]:
            path = folder / "net.pt2"
            path.write_bytes(b"PK\x03\x04")
            damage(path)
            return {"kind": "exported", "file": str(path)}

        yield f"pt2 {name}", exported


# Of runs: every kind of file of a folder, damaged.


def spoilt_runs(run: Path) -> Iterator[tuple[str, Callable[[Path], object]]]:
    """List a finished run's files, one of each kind, with every damage; each is done to a copy of the run."""
    for file in _one_of_each_kind(run):
        for name, damage in DAMAGES.items():

            def damaged(copy: Path, file: Path = file, damage: Callable[[Path], object] = damage) -> None:
                damage(copy / file)

            yield f"{file} {name}", damaged


def _one_of_each_kind(run: Path) -> list[Path]:
    files = sorted(path.relative_to(run) for path in run.rglob("*") if path.is_file())
    return list({(file.parent, file.suffix): file for file in reversed(files)}.values())


def _dropped(table: pa.Table, place: int) -> pa.Table:
    return table.remove_column(place)


def _set(table: pa.Table, place: int, values: pa.Array) -> pa.Table:
    return table.set_column(place, table.column_names[place], values)


def _negative(table: pa.Table, place: int) -> pa.Table:
    kind = table.schema.types[place]
    return _set(table, place, pa.array([-7] * len(table), kind if pa.types.is_integer(kind) else None))


def _reversed(table: pa.Table, place: int) -> pa.Table:
    """Give every row another row's value: each is fine by itself."""
    column = table.column(place)
    return _set(table, place, column.take(pa.array(range(len(column) - 1, -1, -1))))


SPOILT_COLUMNS: dict[str, Callable[[pa.Table, int], pa.Table]] = {
    "missing": _dropped,
    "all null": lambda table, place: _set(table, place, pa.nulls(len(table), table.schema.types[place])),
    "words": lambda table, place: _set(table, place, pa.array(["../x[/b]"] * len(table))),
    "negative": _negative,
    "reversed": _reversed,
}


def copied(run: Path, to: Path) -> Path:
    """Return a fresh copy of a run."""
    shutil.rmtree(to, ignore_errors=True)
    return Path(shutil.copytree(run, to))
