"""Trained networks on disk: safetensors for the weights, one Parquet table for where they come from."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq
import torch
from pydantic import TypeAdapter, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import nn

from outvoted.actors import schema
from outvoted.actors.files import write_atomically
from outvoted.actors.networks import Architecture, Network
from outvoted.actors.training import Weights
from outvoted.search.errors import OutvotedError

Role = Literal["peer", "referee"]
TABLE = "peers.parquet"
_NETWORK: TypeAdapter[Network] = TypeAdapter(Network)


@dataclass(frozen=True)
class EpochRecord:
    """Mean training loss, and the share of test images right, after an epoch (counted from 1)."""

    epoch: int
    loss: float
    test_accuracy: float


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
    def test_accuracy(self) -> float:
        """Share of test images right after the last epoch, 0 to 1."""
        return self.epochs[-1].test_accuracy

    @property
    def sha256(self) -> str:
        """Hash of the weights as they lie on disk."""
        return hashlib.sha256(self._serialised()).hexdigest()

    def build(self, shape: tuple[int, int, int], classes: int) -> nn.Module:
        """Return the network for images of ``shape`` (channels, height, width) with its weights.

        Raises:
            OutvotedError: the weights don't fit the architecture, or are not finite.
        """
        network = self.architecture.build(shape, classes)
        try:
            network.load_state_dict(self.weights)
        except RuntimeError as error:
            raise OutvotedError(
                expected=f"weights of {self.name} that fit {self.architecture!r} on {shape} images",
                found=" ".join(str(error).split()),
                remedy="mine with the data set and panel that the weights were trained for, or train anew",
            ) from error
        bad = [name for name, value in self.weights.items() if not torch.isfinite(value).all()]
        if bad:
            raise OutvotedError(
                expected=f"finite weights of {self.name}",
                found=f"NaN or infinite values in {', '.join(bad)}",
                remedy="train with a smaller panel.training.learning_rate",
            )
        return network

    def save(self, folder: Path) -> None:
        """Write ``<name>.safetensors``."""
        data = self._serialised()
        write_atomically(folder / f"{self.name}.safetensors", lambda path: path.write_bytes(data))

    def _serialised(self) -> bytes:
        return save_tensors({name: value.contiguous() for name, value in self.weights.items()})


def fingerprint(members: Sequence[Member]) -> str:
    """Return a SHA-256 over the names and weights of the peers, in the panel's order."""
    digest = hashlib.sha256()
    for member in members:
        if member.role == "peer":
            digest.update(f"{member.name} {member.sha256}\n".encode())
    return digest.hexdigest()


def save(folder: Path, members: Sequence[Member]) -> None:
    """Write all members; the table comes last, so a folder with a table is whole."""
    for member in members:
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
    table = pa.Table.from_pylist(rows, schema=schema.peers())
    write_atomically(folder / TABLE, lambda path: pq.write_table(table, path))


def load(folder: Path) -> list[Member]:
    """Read all members in the order they were saved.

    Raises:
        OutvotedError: the folder holds none, or a file is missing, unreadable or altered.
    """
    try:
        rows = pq.read_table(folder / TABLE, partitioning=None).to_pylist()
        return [_member(folder, row) for row in rows]
    except (OSError, pa.ArrowInvalid, KeyError, ValidationError, SafetensorError) as error:
        raise OutvotedError(
            expected=f"a trained panel ({TABLE} and its safetensors files) in {folder}",
            found=str(error).splitlines()[0],
            remedy=f"delete {folder}: the panel is then trained again under the same settings",
        ) from error


def _member(folder: Path, row: dict[str, object]) -> Member:
    path = folder / str(row["file"])
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != row["sha256"]:
        raise OSError(f"{path} is not the file that {TABLE} describes (its SHA-256 differs)")
    return Member(
        name=str(row["name"]),
        role="referee" if row["role"] == "referee" else "peer",
        architecture=_NETWORK.validate_json(str(row["architecture"])),
        training_seed=int(str(row["training_seed"])),
        weights=load_tensors(data),
        epochs=tuple(EpochRecord(**epoch) for epoch in row["epochs"]),  # type: ignore[attr-defined]
    )
