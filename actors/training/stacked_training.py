"""Training a stack of networks, an epoch at a time, from a state that can be written down."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch.nn import functional

from outvoted.actors.data.datasets import Split
from outvoted.actors.networks import Architecture, Shape, Weights
from outvoted.actors.networks.computing import own_device
from outvoted.actors.networks.stack import Stack
from outvoted.actors.training.samples import samples_of
from outvoted.actors.training.steps import Learner, Training, derived, initial, optimizer, steps

_OF_ADAM = ("exp_avg", "exp_avg_sq", "step")
_MOMENTS = {"adam": _OF_ADAM, "adamw": _OF_ADAM, "sgd": ("momentum_buffer",)}


@dataclass(frozen=True)
class TrainingState:
    """How far one network is: its weights, and what the optimiser remembers of each of them.

    Attributes:
        epoch: epochs that are done.
        moments: for each weight, in the stack's order, the optimiser's tensors by name; empty at the start.
    """

    epoch: int
    weights: Weights
    moments: tuple[dict[str, torch.Tensor], ...] = ()


@dataclass(frozen=True)
class Trainee:
    """One network to be trained: its architecture, and the seed of its first weights and of its order."""

    architecture: Architecture
    seed: int


class StackedTraining(Learner):
    """Trains networks of one form on the same images, each in an order of its own."""

    def __init__(
        self,
        trainees: Sequence[Trainee],
        training: Training,
        split: Split,
        shape: Shape,
        classes: int,
        progress: Sequence[TrainingState] | None = None,
    ) -> None:
        """Begin, or go on from ``progress``: one for each trainee, all equally far.

        Raises:
            OutvotedError: networks of their kind cannot be stacked.
        """
        self._trainees, self._training = tuple(trainees), training
        device = own_device()
        self._samples = samples_of(split, device)
        networks = [_built(trainee, shape, classes) for trainee in trainees]
        begun = list(zip(networks, progress, strict=True)) if progress else []
        for network, done in begun:
            network.load_state_dict(done.weights)
        self.stack = Stack(networks, device)
        self.epoch = progress[0].epoch if progress else 0
        self._views = list(self.stack.views())
        # of each network's own tensors: stacked, their ends would be computed unlike
        self._optimizer = optimizer(training, [one for views in self._views for one in views], fused=True)
        for views, (_, done) in zip(self._views, begun, strict=False):
            for view, moments in zip(views, done.moments, strict=self.epoch > 0):
                self._optimizer.state[view] = {name: one.to(device) for name, one in moments.items()}

    def advance(self) -> list[float]:
        """Train for one epoch and return each network's mean training loss."""
        orders = torch.stack([self._order(trainee.seed) for trainee in self._trainees])
        total = torch.zeros(self.stack.size, device=self.stack.device)
        for losses, rows in steps(self, orders, self._training.batch_size, self._samples):
            total += losses * rows
        self.epoch += 1
        return [float(loss) for loss in total / orders.shape[1]]

    def step(self, rows: torch.Tensor) -> torch.Tensor:
        """Move every network against the gradient of its own mean cross-entropy; rows are (n, batch)."""
        logits = self.stack(self._samples.pixels(rows).float() / 255)
        labels = self._samples.labels[rows].flatten()
        each = functional.cross_entropy(logits.flatten(0, 1), labels, reduction="none")
        losses = each.view(rows.shape).mean(1)
        gradients = torch.autograd.grad(losses.sum(), self.stack.parameters)
        for index, views in enumerate(self._views):
            for view, gradient in zip(views, gradients, strict=True):
                view.grad = gradient[index].contiguous()  # fused steps ask no strides
        self._optimizer.step()
        return losses

    def progress(self) -> list[TrainingState]:
        """Return how far each network is, on the CPU."""
        names = _MOMENTS[self._training.optimizer]
        states = [
            tuple({name: self._optimizer.state[view][name].cpu().clone() for name in names} for view in views)
            for views in (self._views if self.epoch else [()] * self.stack.size)
        ]
        each = zip(self.stack.weights(), states, strict=True)
        return [TrainingState(self.epoch, weights, moments) for weights, moments in each]

    def _order(self, seed: int) -> torch.Tensor:
        """Return the order of the samples in this epoch, which depends on the seed and the epoch alone."""
        order = torch.randperm(len(self._samples.labels), generator=derived(seed, self.epoch))
        return order.to(self.stack.device)


def _built(trainee: Trainee, shape: Shape, classes: int) -> torch.nn.Sequential:
    network = initial(trainee.architecture, shape, classes, trainee.seed)
    return network if isinstance(network, torch.nn.Sequential) else torch.nn.Sequential(network)
