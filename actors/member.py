"""A trained network: a peer of the panel, or the referee."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from safetensors.torch import save as save_tensors
from torch import nn

from outvoted.actors.files import write_atomically
from outvoted.actors.networks import Architecture
from outvoted.actors.training import Weights
from outvoted.search.errors import OutvotedError

Role = Literal["peer", "referee"]


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
