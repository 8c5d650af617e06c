"""Training one network, epoch by epoch."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
import torch
from pydantic import Field
from torch import nn
from torch.nn import functional

from outvoted.actors.data.datasets import Dataset, Split
from outvoted.actors.networks import Architecture, Weights
from outvoted.actors.networks.computing import own_device
from outvoted.actors.networks.user_modules import Tolerant, is_machines
from outvoted.search.settings import Settings
from outvoted.search.transforms import Affine

TEST_BATCH = 1000
"""Test images in a batch."""
_TEST_NUMBERS = 2**22  # values in a batch of large test images


class Training(Settings):
    """How a network is trained; peers of a panel share these settings."""

    epochs: Annotated[int, Field(ge=1, le=10_000)] = 20
    batch_size: Annotated[int, Field(ge=1, le=65536)] = 64
    optimizer: Literal["adam", "adamw", "sgd"] = "adam"
    learning_rate: Annotated[float, Field(gt=0)] = 0.001
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    """Added to the gradient, with adamw apart from it."""
    augment: Affine | None = None
    """One random move of this transform for each image each time, or none."""
    seed: Annotated[int, Field(ge=0, lt=2**62)] = 0
    """Peer i starts from seed + i."""


@dataclass(frozen=True)
class Epoch:
    """What one epoch gave: mean training loss, share of test images right, after the last the weights.

    Loaded weights come as epoch 0, without a loss; accuracy is None without test images.
    """

    number: int
    loss: float | None
    test_accuracy: float | None
    weights: Weights | None


def loaded(architecture: Architecture, weights: Weights, data: Dataset) -> Iterator[Epoch]:
    """Measure a network that comes with its weights, in place of training it: one Epoch, number 0."""
    device = own_device()
    network = architecture.restore(data.shape, data.classes, weights).to(device)
    yield Epoch(0, None, _measured(network, data), weights)


@dataclass(frozen=True)
class Extra:
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

    def join(self, split: Split) -> tuple[Split, torch.Tensor]:
        """Return the split followed by the samples, and every row's loss weight."""
        more = self.samples.images, self.samples.labels
        images = np.concatenate([split.images, *[more[0]] * self.times])
        labels = np.concatenate([split.labels, *[more[1]] * self.times])
        weights = torch.ones(len(labels))
        weights[len(split) :] = self.weight
        return Split(images, labels), weights


def train(
    architecture: Architecture,
    training: Training,
    data: Dataset,
    seed: int,
    start: Weights | None = None,
    extra: Extra | None = None,
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
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = architecture.build(data.shape, data.classes).to(device)
    if start is not None:
        network.load_state_dict(start)
    steps = optimizer(training, network.parameters())
    shown, weighing = (data.train, None) if extra is None else extra.join(data.train)
    images, labels = torch.tensor(shown.images).to(device), torch.tensor(shown.labels).to(device)
    shuffle = torch.Generator().manual_seed(seed)
    moves = np.random.default_rng(seed)
    for number in range(1, training.epochs + 1):
        network.train()
        total = 0.0
        with torch.random.fork_rng():
            torch.manual_seed((seed * 100_003 + number) % 2**63)  # dropout
            order = torch.randperm(len(labels), generator=shuffle).to(device)
            for rows in torch.split(order, training.batch_size):
                inputs = moved(images[rows], training.augment, moves)
                loss = _loss(network(inputs), labels[rows], weighing, rows)
                steps.zero_grad(set_to_none=True)
                torch.autograd.backward(loss)
                steps.step()
                total += float(loss.detach()) * len(rows)
        weights = weights_of(network) if number == training.epochs else None
        yield Epoch(number, total / len(labels), _measured(network, data), weights)


def accuracy(network: nn.Module, split: Split, largest: int = TEST_BATCH) -> float:
    """Return the share of images, at least one, that a network gets right; it is left in evaluation mode.

    Images on which it fails are not right. ``largest`` is the largest number of images in a batch.
    """
    network = (network.network if isinstance(network, Tolerant) else network).eval()
    weights = next((one for one in network.parameters() if one.is_floating_point()), torch.empty(0))
    right = 0
    batch = max(1, min(largest, _TEST_NUMBERS // split.images[0].size))
    with torch.no_grad():  # not in inference mode: what a network keeps may be part of a gradient later
        for first in range(0, len(split), batch):
            rows = slice(first, first + batch)
            inputs = torch.tensor(split.images[rows]).to(weights.device, weights.dtype) / 255
            right += int((_classes(network, inputs).cpu() == torch.tensor(split.labels[rows])).sum())
    return right / len(split)


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


def _loss(
    logits: torch.Tensor, labels: torch.Tensor, weighing: torch.Tensor | None, rows: torch.Tensor
) -> torch.Tensor:
    if weighing is None:
        return functional.cross_entropy(logits, labels)
    each = functional.cross_entropy(logits, labels, reduction="none")
    return (each * weighing.to(each.device)[rows]).mean()


def weights_of(network: nn.Module) -> Weights:
    """Copy the weights of a network to the CPU."""
    return {name: value.detach().cpu().clone() for name, value in network.state_dict().items()}


def moved(images: torch.Tensor, augment: Affine | None, moves: np.random.Generator) -> torch.Tensor:
    """Turn grey levels into numbers in [0, 1], each image moved at random if it is to be augmented."""
    if augment is None:
        return images.float() / 255
    n = len(images)
    drawn = augment.sample(moves.random((n, augment.draws)))
    composed = torch.tensor(augment.compose(augment.identity(n), drawn), dtype=torch.float32)
    return augment.render(images, composed.to(images.device)) / 255


def optimizer(
    training: Training, parameters: Iterable[torch.Tensor], fused: bool = False
) -> torch.optim.Optimizer:
    """Return what moves ``parameters``; fused is faster, and differs in last bits."""
    rate, decay = training.learning_rate, training.weight_decay
    if training.optimizer == "sgd":
        return torch.optim.SGD(parameters, rate, momentum=0.9, weight_decay=decay, fused=fused or None)
    kind = torch.optim.Adam if training.optimizer == "adam" else torch.optim.AdamW
    return kind(parameters, rate, weight_decay=decay, fused=fused or None)
