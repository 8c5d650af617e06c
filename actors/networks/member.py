"""A trained network: a peer of the panel, or the referee."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from safetensors.torch import save as save_tensors
from torch import nn

from outvoted.actors.networks import Architecture, Weights
from outvoted.actors.networks.tolerant import Tolerant
from outvoted.actors.runs.files import write_atomically
from outvoted.search.errors import OutvotedError

Role = Literal["peer", "referee"]


@dataclass(frozen=True)
class EpochRecord:
    """Mean training loss, and the share of test images right, after an epoch (counted from 1).

    A network that was loaded, not trained, has one record: epoch 0, without a loss. Without test images
    there is no accuracy.
    """

    epoch: int
    loss: float | None
    test_accuracy: float | None


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
        """Share of test images right after the last epoch, 0 to 1; None without test images."""
        return self.epochs[-1].test_accuracy

    @property
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
                remedy="mine with the data set and network that the weights were trained for, or train anew",
            ) from error
        values = {**self.weights, **network.state_dict()}
        bad = [name for name, value in values.items() if not torch.isfinite(value).all()]
        if bad:
            raise OutvotedError(
                expected=f"finite weights of {self.name}",
                found=f"NaN or infinite values in {', '.join(bad[:3])}" + ", ..." * (len(bad) > 3),
                remedy="train with a smaller panel.training.learning_rate, or bring weights without any",
            )
        return network

    def save(self, folder: Path) -> None:
        """Write ``<name>.safetensors``."""
        data = self._serialised()
        write_atomically(folder / f"{self.name}.safetensors", lambda path: path.write_bytes(data))

    def _serialised(self) -> bytes:
        return save_tensors({name: value.contiguous() for name, value in self.weights.items()})


def fingerprint(members: Sequence[Member]) -> str:
    """Return a SHA-256 over the peers in the panel's order: their names, architectures and weights.

    The architecture counts with its input recipe: it says what the weights answer.
    """
    return _digest(
        f"{peer.name} {peer.sha256} {peer.architecture.model_dump_json()}" for peer in _peers(members)
    )


def has_fingerprint(members: Sequence[Member], recorded: str) -> bool:
    """Tell whether a panel is the one of which a fingerprint was recorded.

    Earlier runs recorded names and weights alone, and stay readable. Who can write a fingerprint into a
    run's folder can write any: it tells what was changed by mistake, not who made the folder.
    """
    before = _digest(f"{peer.name} {peer.sha256}" for peer in _peers(members))
    return recorded in (fingerprint(members), before)


def _peers(members: Sequence[Member]) -> list[Member]:
    return [member for member in members if member.role == "peer"]


def _digest(lines: Iterable[str]) -> str:
    return hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()
