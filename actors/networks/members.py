"""Trained networks, the peers of a panel and its referee, in memory and on disk."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import pyarrow as pa
import torch
from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import nn

from outvoted.actors.networks import Architecture, Network, Weights
from outvoted.actors.networks.user_modules import Tolerant
from outvoted.actors.runs import schema, tables
from outvoted.actors.runs.epochs import EpochRecord
from outvoted.actors.runs.files import link, plain_name, reason, refuse_link, write_atomically
from outvoted.search.errors import OutvotedError
from outvoted.search.trust import NOTHING, Trust

Role = Literal["peer", "referee"]


@dataclass(frozen=True)
class Member:
    """A trained network: a peer of the panel, or the referee."""

    name: str
    role: Role
    architecture: Architecture
    training_seed: int
    weights: Weights
    epochs: tuple[EpochRecord, ...]

    @property
    def test_accuracy(self) -> float | None:
        """Accuracy on the test images after the last epoch, 0 to 1; None without test images."""
        return self.epochs[-1].test_accuracy

    @cached_property
    def sha256(self) -> str:
        """Hash of the weights as they lie on disk."""
        return hashlib.sha256(self._serialised()).hexdigest()

    def build(self, shape: tuple[int, int, int], classes: int) -> nn.Module:
        """Return the network for images of ``shape`` (channels, height, width) with its weights.

        It answers NaN for images on which it fails.

        Raises:
            OutvotedError: the weights don't fit the architecture, or are not finite.
        """
        return Tolerant(self.bare(shape, classes), classes, self.name)

    def bare(self, shape: tuple[int, int, int], classes: int) -> nn.Module:
        """Return the network as :meth:`build` does, but let it raise what it raises."""
        try:
            network = self.architecture.restore(shape, classes, self.weights)
        except RuntimeError as error:
            raise OutvotedError(
                expected=f"weights of {self.name} that fit its network for images of "
                f"{' x '.join(map(str, shape))} and {classes} classes",
                found=" ".join(str(error).split()),
                remedy="mine with the data set and network that the weights were trained for, or train again",
            ) from error
        values = {**self.weights, **network.state_dict()}
        bad = [name for name, value in values.items() if not torch.isfinite(value).all()]
        if bad:
            raise OutvotedError(
                expected=f"finite weights of {self.name}",
                found=f"NaN or infinite values in {', '.join(bad[:3])}" + ", ..." * (len(bad) > 3),
                remedy="train with a smaller panel.training.learning_rate, or use weights without any",
            )
        return network

    def save(self, folder: Path) -> None:
        """Write ``<name>.safetensors``."""
        data = self._serialised()
        write_atomically(folder / f"{self.name}.safetensors", lambda path: path.write_bytes(data))

    def link(self, folder: Path, other: Path) -> bool:
        """Have the file in another folder, if it is this network's, be the one here too; False: it can't be.

        Raises:
            OutvotedError: the disk refuses to write here.
        """
        name = f"{self.name}.safetensors"
        try:
            data = refuse_link(other / name).read_bytes()
        except (OSError, OutvotedError):
            return False
        return hashlib.sha256(data).hexdigest() == self.sha256 and link(folder / name, other / name)

    def _serialised(self) -> bytes:
        return save_tensors({name: value.contiguous() for name, value in self.weights.items()})


def fingerprint(members: Sequence[Member]) -> str:
    """Return a SHA-256 over the peers in the panel's order: their names, architectures and weights.

    The architecture counts with its input recipe: it says what the weights answer. Who can write a
    fingerprint into a run's folder can write any: it shows what was changed by mistake, not who made it.
    """
    lines = (
        f"{peer.name} {peer.sha256} {peer.architecture.model_dump_json()}\n"
        for peer in members
        if peer.role == "peer"
    )
    return hashlib.sha256("".join(lines).encode()).hexdigest()


TABLE = "peers.parquet"
MOST = 10_000
"""Networks of a table."""
MOST_BYTES = 1 << 28
"""Of a table in memory: 256 MiB."""
_NETWORK: TypeAdapter[Network] = TypeAdapter(Network)


def save(folder: Path, members: Sequence[Member], shelf: Path | None = None) -> None:
    """Write all members; the table comes last, so a folder with a table is whole.

    Args:
        shelf: a folder whose files become files of this one too, where they are the same and the file system
            can: a hundred runs of a panel then take the room of one.
    """
    for member in members:
        if shelf is None or not member.link(folder, shelf):
            member.save(folder)
    rows = [
        {
            "name": member.name,
            "role": member.role,
            "file": f"{member.name}.safetensors",
            "architecture": member.architecture.model_dump_json(),
            "training_seed": member.training_seed,
            "test_accuracy": member.test_accuracy,
            "sha256": member.sha256,
            "epochs": [vars(epoch) for epoch in member.epochs],
        }
        for member in members
    ]
    table = schema.PEERS.of_rows(rows)
    tables.write(folder / TABLE, table)


def load(folder: Path, trust: Trust = NOTHING) -> list[Member]:
    """Read all members in the order they were saved. Nothing is imported: that is for who builds them.

    Args:
        folder: anybody's.
        trust: the import paths that their architectures may name.

    Raises:
        OutvotedError: the folder holds none; a file is missing, unreadable, altered, a link or elsewhere; or
            an architecture names code that is not trusted.
    """
    try:
        rows = _rows(folder / TABLE)
        architectures = [_architecture(row, trust.at(folder / TABLE)) for row in rows]  # before any weights
        return [_member(folder, *each) for each in zip(rows, architectures, strict=True)]
    except (OSError, pa.ArrowException, KeyError, TypeError, ValueError, SafetensorError) as error:
        raise OutvotedError(
            expected=f"a trained panel ({TABLE} and its safetensors files) in {folder}",
            found=_found(error),
            remedy=f"restore {folder} from a copy, or start a new run under another --name; "
            "one in .panels/ may be deleted, and is then trained again",
        ) from error


def _found(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return f"no {Path(error.filename).name if error.filename else TABLE} there"
    return reason(error)


def _rows(path: Path) -> list[dict[str, object]]:
    found = tables.bounded(refuse_link(path), None, MOST_BYTES)
    if len(found) > MOST:
        raise ValueError(f"{len(found):,} networks in {path.name}, of at most {MOST:,}")
    rows: list[dict[str, object]] = found.to_pylist()
    return rows


def _architecture(row: dict[str, object], trust: Trust) -> Architecture:
    name = plain_name(str(row["name"]))
    unknown = ValueError(f"an architecture of {name} that this version of Outvoted does not know")
    try:
        described = from_json(str(row["architecture"]))
    except ValueError as error:
        raise unknown from error
    trust.check_all(described, f"network '{name}'")
    try:
        return _NETWORK.validate_json(str(row["architecture"]), context=trust.context)
    except ValidationError as error:
        raise unknown from error


def _member(folder: Path, row: dict[str, object], architecture: Architecture) -> Member:
    name = plain_name(str(row["name"]))
    if row["file"] != f"{name}.safetensors":
        raise ValueError(f"the file {row['file']!r} of {name}, which is {name}.safetensors")
    path = refuse_link(folder / f"{name}.safetensors")
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != row["sha256"]:
        raise OSError(f"{path} is not the file that {TABLE} describes (its SHA-256 differs)")
    if not row["epochs"]:
        raise ValueError(f"no training record of {name}")
    return Member(
        name=name,
        role="referee" if row["role"] == "referee" else "peer",
        architecture=architecture,
        training_seed=int(str(row["training_seed"])),
        weights=load_tensors(data),
        epochs=tuple(EpochRecord(**epoch) for epoch in row["epochs"]),  # type: ignore[attr-defined]
    )
