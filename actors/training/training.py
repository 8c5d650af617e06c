"""Training one network, epoch by epoch."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import prod

import numpy as np
import torch
from torch import nn

from outvoted.actors.data.datasets import Dataset, Split
from outvoted.actors.networks import Architecture, UserNetwork, Weights
from outvoted.actors.networks.computing import own_device
from outvoted.actors.networks.members import Member, Role
from outvoted.actors.networks.user_modules import Tolerant, is_machines
from outvoted.actors.runs.beats import beat
from outvoted.actors.runs.epochs import EpochRecord
from outvoted.actors.training.samples import JoinedSamples, Samples, samples_of
from outvoted.actors.training.steps import (
    FlatAdam,
    OneNetwork,
    Optimizer,
    Training,
    initial,
    optimizer,
    weights_of,
)

_TEST_BATCH = 250
"""Test images in a batch: convolutions of more fall out of a CPU's caches."""
_TEST_NUMBERS = 2**22  # values in a batch of large test images


@dataclass(frozen=True)
class Epoch:
    """What one epoch gave; the last one has the weights."""

    record: EpochRecord
    weights: Weights | None


def measured(architecture: Architecture, weights: Weights, data: Dataset) -> Iterator[Epoch]:
    """Measure a network that comes with its weights, in place of training it: one Epoch, number 0."""
    device = own_device()
    network = architecture.restore(data.shape, data.classes, weights).to(device)
    yield Epoch(EpochRecord(0, None, _measured(network, data)), weights)


@dataclass(frozen=True)
class ExtraSamples:
    """Samples that are shown besides the training split.

    Attributes:
        samples: images of the training split's shape, with labels.
        weight: the loss weight of each, >= 0; a training image weighs 1. A batch's loss is the sum of its
            weighted losses over its number of rows.
        times: how often each is shown in an epoch, >= 1.
    """

    samples: Split
    weight: float
    times: int

    def join(self, split: Split, device: torch.device) -> tuple[Samples, torch.Tensor]:
        """Return the split followed by the samples, and every row's loss weight."""
        more = self.samples.images, self.samples.labels
        weights = torch.ones(len(split) + self.times * len(self.samples))
        weights[len(split) :] = self.weight
        if not split.held:
            every = [samples_of(split, device), *[samples_of(self.samples, device)] * self.times]
            return JoinedSamples(every), weights
        images = np.concatenate([split.images, *[more[0]] * self.times])
        labels = np.concatenate([split.labels, *[more[1]] * self.times])
        return samples_of(Split(images, labels), device), weights


def train(
    architecture: Architecture,
    training: Training,
    data: Dataset,
    seed: int,
    start: Weights | None = None,
    extra: ExtraSamples | None = None,
) -> Iterator[Epoch]:
    """Train a network; a pure function of its arguments on machines of one kind.

    Args:
        architecture: the network.
        training: how it is trained.
        data: what it is trained on and tested on.
        seed: fixes the first weights, the order of the samples, and every move and dropout.
        start: weights to train on from; from scratch without them.
        extra: samples besides the training split.

    Yields:
        One Epoch after each epoch; the last one has the weights, in float32 on the CPU.
    """
    device = own_device()
    network = initial(architecture, data.shape, data.classes, seed).to(device)
    plain = device.type == "cpu" and not isinstance(architecture, UserNetwork)
    if plain:
        # A third faster; users' code may not expect it. (PyTorch's annotations leave it out.)
        network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if start is not None:
        network.load_state_dict(start)
    shown, weighing = (
        (samples_of(data.train, device), None) if extra is None else extra.join(data.train, device)
    )
    learner = OneNetwork(
        network, _optimizer(training, network, plain), training, shown, seed, weighing=weighing
    )
    for number in range(1, training.epochs + 1):
        network.train()
        with torch.random.fork_rng():
            torch.manual_seed((seed * 100_003 + number) % 2**63)  # dropout
            total = sum(float(loss) * rows for loss, rows in learner.epoch())
        weights = weights_of(network) if number == training.epochs else None
        yield Epoch(EpochRecord(number, total / len(shown.labels), _measured(network, data)), weights)


def _optimizer(training: Training, network: nn.Module, plain: bool) -> Optimizer:
    """Return what moves the weights; a network of the user's may use some of them in some steps only."""
    if plain and training.optimizer != "sgd":
        return FlatAdam(training, network.parameters())
    return optimizer(training, network.parameters(), fused=False)


def trained_or_measured(
    architecture: Architecture, training: Training, data: Dataset, seed: int, loaded: Weights | None
) -> Iterator[Epoch]:
    """Train one network; one that comes with its weights is only measured."""
    if loaded is None:
        yield from train(architecture, training, data, seed)
    else:
        yield from measured(architecture, loaded, data)


def trained_member(
    name: str, role: Role, architecture: Architecture, seed: int, epochs: Iterable[Epoch]
) -> Member:
    """Take what :func:`train` or :func:`measured` yields to its end, and return the network."""
    found = list(epochs)
    weights = found[-1].weights
    if weights is None:
        raise RuntimeError(f"training of {name} ended without weights")
    return Member(name, role, architecture, seed, weights, tuple(epoch.record for epoch in found))


def accuracy(network: nn.Module, split: Split) -> float:
    """Return the accuracy on at least one image, 0 to 1; the network is left in evaluation mode.

    Images on which it fails count as wrong.
    """
    network = (network.network if isinstance(network, Tolerant) else network).eval()
    weights = next((one for one in network.parameters() if one.is_floating_point()), torch.empty(0))
    correct = 0
    batch = max(1, min(_TEST_BATCH, _TEST_NUMBERS // prod(split.shape)))
    with torch.no_grad():  # not in inference mode: what a network keeps may be part of a gradient later
        for first in range(0, len(split), batch):
            rows = slice(first, first + batch)
            beat()
            inputs = torch.tensor(split.read(rows)).to(weights.device, weights.dtype) / 255
            correct += int((_classes(network, inputs).cpu() == torch.tensor(split.labels[rows])).sum())
    return correct / len(split)


def _classes(network: nn.Module, inputs: torch.Tensor) -> torch.Tensor:
    """Return the class of each image, -1 where the network fails; if it fails on a batch, one by one."""
    try:
        logits: torch.Tensor = network(inputs)
        return logits.argmax(1).masked_fill(logits.isnan().any(1), -1)
    except (Exception, SystemExit) as error:  # the network is the user's: it may raise anything
        if is_machines(error):
            raise
        if len(inputs) > 1:
            return torch.cat([_classes(network, one) for one in torch.split(inputs, 1)])
        return torch.full((1,), -1)


def _measured(network: nn.Module, data: Dataset) -> float | None:
    return accuracy(network, data.test) if len(data.test) else None
