"""The loop of gradient steps, and what takes them: one network here, a stack or an adversarial pair above."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from typing import Annotated, Any, Literal, Protocol

import numpy as np
import torch
from pydantic import Field
from torch import nn
from torch.nn import functional

from outvoted.actors.networks import Architecture, Shape, Weights
from outvoted.actors.runs.beats import beat
from outvoted.actors.training.samples import Samples
from outvoted.search.settings import Settings
from outvoted.search.transforms import Affine

_BETA_1, _BETA_2, _EPSILON = 0.9, 0.999, 1e-8
"""Of Adam, as PyTorch has them."""


class Training(Settings):
    """How a network is trained; peers of a panel share these settings."""

    epochs: Annotated[int, Field(ge=1, le=10_000)] = 20
    """How often every training image is seen."""
    batch_size: Annotated[int, Field(ge=1, le=65536)] = 64
    """Images of a step."""
    optimizer: Literal["adam", "adamw", "sgd"] = "adam"
    """What takes the steps."""
    learning_rate: Annotated[float, Field(gt=0)] = 0.001
    """The size of the optimizer's steps."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    """Added to the gradient; with adamw decoupled from it."""
    augment: Affine | None = None
    """One random move of this transform for each image each time, or none."""
    seed: Annotated[int, Field(ge=0, lt=2**62)] = 0
    """Peer i starts from seed + i."""


class Learner(ABC):
    """Whatever takes gradient steps on batches."""

    @abstractmethod
    def step(self, rows: torch.Tensor) -> torch.Tensor:
        """Take one step on samples ``rows``, (..., batch) indices; return the losses before it, (...)."""


def steps(
    learner: Learner, order: torch.Tensor, batch_size: int, samples: Samples | None = None
) -> Iterator[tuple[torch.Tensor, int]]:
    """Take the steps of an epoch, or of what is left of it.

    Args:
        learner: takes them.
        order: shape (..., samples), the order in which samples are shown.
        batch_size: samples of a step; the last one has what is left.
        samples: which the learner shows, where they may have to be read ahead.

    Yields:
        The losses of each step, without gradient, and its number of samples.
    """
    batches = torch.split(order, batch_size, dim=-1)
    for rows in batches if samples is None else samples.coming(batches):
        losses = learner.step(rows).detach()
        beat()
        yield losses, rows.shape[-1]


class Optimizer(Protocol):
    """What moves a network's weights against their gradients: PyTorch's optimizers, and :class:`FlatAdam`."""

    def zero_grad(self) -> None:
        """Forget the gradients of the last step."""

    def step(self) -> Any:
        """Move the weights."""


class OneNetwork(Learner):
    """A network and its optimizer; the order of the samples and every move follow from the seed."""

    def __init__(
        self,
        network: nn.Module,
        optimizer: Optimizer,
        training: Training,
        samples: Samples,
        seed: int,
        answer: Callable[[torch.Tensor], torch.Tensor] | None = None,
        weighing: torch.Tensor | None = None,
    ) -> None:
        """Begin.

        Args:
            network: is trained where it is.
            optimizer: moves its weights.
            samples: what is shown, on the device of the network.
            answer: what computes the logits; the network where it is left out.
            weighing: each sample's loss weight, (n,); a batch's loss is then the sum of its weighted losses
                over its number of rows.
        """
        self._training, self._samples = training, samples
        self._answer, self._weighing, self._optimizer = answer or network, weighing, optimizer
        self._shuffle, self._moves = torch.Generator().manual_seed(seed), np.random.default_rng(seed)

    def epoch(self) -> Iterator[tuple[torch.Tensor, int]]:
        """Take the steps of the next epoch, as :func:`steps` yields them."""
        labels = self._samples.labels
        order = torch.randperm(len(labels), generator=self._shuffle).to(labels.device)
        return steps(self, order, self._training.batch_size, self._samples)

    def step(self, rows: torch.Tensor) -> torch.Tensor:
        """Step against the gradient of the mean cross-entropy."""
        images = self._samples.pixels(rows)
        inputs = _moved(images, self._training.augment, self._moves)
        loss = self._loss(self._answer(inputs), self._samples.labels[rows], rows)
        self._optimizer.zero_grad()
        torch.autograd.backward(loss)
        self._optimizer.step()
        return loss

    def _loss(self, logits: torch.Tensor, labels: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        if self._weighing is None:
            return functional.cross_entropy(logits, labels)
        each = functional.cross_entropy(logits, labels, reduction="none")
        return (each * self._weighing.to(each.device)[rows]).mean()


def initial(architecture: Architecture, shape: Shape, classes: int, seed: int) -> nn.Module:
    """Build a network whose first weights follow from the seed alone."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return architecture.build(shape, classes)


def weights_of(network: nn.Module) -> Weights:
    """Copy the weights of a network to the CPU."""
    return {
        name: value.detach().cpu().clone(memory_format=torch.contiguous_format)
        for name, value in network.state_dict().items()
    }


def optimizer(training: Training, parameters: Iterable[torch.Tensor], fused: bool) -> torch.optim.Optimizer:
    """Return what moves ``parameters``; fused is faster, and differs in last bits."""
    rate, decay = training.learning_rate, training.weight_decay
    if training.optimizer == "sgd":
        return torch.optim.SGD(parameters, rate, momentum=0.9, weight_decay=decay, fused=fused or None)
    kind = torch.optim.Adam if training.optimizer == "adam" else torch.optim.AdamW
    return kind(parameters, rate, weight_decay=decay, fused=fused or None)


class FlatAdam:
    """Adam on a CPU, all weights in one tensor: ten operations a step, where PyTorch's takes ten for each.

    Moves weights by the very operations of `torch.optim.Adam` and `AdamW`, in their order, so to the same
    bits. Every weight must get a gradient at every step.
    """

    def __init__(self, training: Training, parameters: Iterable[nn.Parameter]) -> None:
        """Take the weights over: from now on they, and their gradients, are views of one tensor each."""
        weights = list(parameters)
        self._rate, self._decay = training.learning_rate, training.weight_decay
        self._decoupled, self._steps = training.optimizer == "adamw", 0
        size = sum(weight.numel() for weight in weights)
        self._weights, self._root = torch.empty(size), torch.empty(size)
        self._gradients, self._mean, self._square = (torch.zeros(size) for _ in range(3))
        first = 0
        for weight in weights:
            view = self._weights.as_strided(weight.size(), weight.stride(), first)
            weight.data = view.copy_(weight.detach())
            weight.grad = self._gradients.as_strided(weight.size(), weight.stride(), first)
            first += weight.numel()

    def zero_grad(self) -> None:
        """Forget the gradients of the last step."""
        self._gradients.zero_()

    @torch.no_grad()
    def step(self) -> None:
        """Move the weights."""
        self._steps += 1
        if self._decay and self._decoupled:
            self._weights.mul_(1 - self._rate * self._decay)
        elif self._decay:
            self._gradients.add_(self._weights, alpha=self._decay)
        self._mean.lerp_(self._gradients, 1 - _BETA_1)
        self._square.mul_(_BETA_2).addcmul_(self._gradients, self._gradients, value=1 - _BETA_2)
        torch.sqrt(self._square, out=self._root).div_((1 - _BETA_2**self._steps) ** 0.5).add_(_EPSILON)
        rate = self._rate / (1 - _BETA_1**self._steps)
        self._weights.addcdiv_(self._mean, self._root, value=-rate)


def derived(*key: int) -> torch.Generator:
    """Return a generator of random numbers that a key alone determines."""
    return torch.Generator().manual_seed(derived_seed(*key))


def derived_seed(*key: int) -> int:
    """Mix a key into a seed below 2**63."""
    return int(np.random.SeedSequence(key).generate_state(1, np.uint64)[0] >> np.uint64(1))


def _moved(images: torch.Tensor, augment: Affine | None, moves: np.random.Generator) -> torch.Tensor:
    """Turn grey levels into numbers in [0, 1], each image moved at random if it is to be augmented."""
    if augment is None:
        return images.float() / 255
    n = len(images)
    drawn = augment.sample(moves.random((n, augment.draws)))
    composed = torch.tensor(augment.compose(augment.identity(n), drawn), dtype=torch.float32)
    return augment.render(images, composed.to(images.device)) / 255
