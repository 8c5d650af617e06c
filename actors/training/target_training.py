"""Training a network to target test accuracies, and what is kept of it."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import torch
from pydantic import Field
from torch import nn

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.networks import Architecture, Weights
from outvoted.actors.networks.computing import own_device
from outvoted.actors.training.samples import samples_of
from outvoted.actors.training.steps import OneNetwork, Training, derived_seed, initial, optimizer, weights_of
from outvoted.actors.training.training import accuracy
from outvoted.search.settings import Settings

_SHARE = 0.25
"""Of the steps until a target is expected, those until the next check."""
_PASSED = 2
"""A network that makes this many times fewer errors than a target asks for is not expected to come back."""


class TargetChecks(Settings):
    """How near a target test accuracy counts, and how often it is looked for."""

    tolerance: Annotated[float, Field(ge=0, lt=0.5)] = 0.0005
    """On either side of a target, as a share of the test images; at least half an image."""
    often: Annotated[int, Field(ge=1, le=10**6)] = 10
    """Gradient steps between checks, at least."""
    seldom: Annotated[int, Field(ge=1, le=10**6)] = 200
    """Gradient steps between checks, at most."""


@dataclass(frozen=True)
class Check:
    """A measurement on all test images.

    Attributes:
        number: counted from 1.
        step: gradient steps so far.
        epoch: the one under way, counted from 1.
        loss: mean training loss since the check before.
        accuracy: share of test images classified correctly.
    """

    number: int
    step: int
    epoch: int
    loss: float
    accuracy: float


@dataclass(frozen=True)
class Stop:
    """What came of one target.

    Attributes:
        check: the first found within the window; where none was, the closest; None without any check.
        weights: those of the check; None where the target was not reached.
        reason: why it was not reached, else empty.
    """

    target: float
    check: Check | None
    weights: Weights | None
    reason: str

    @property
    def reached(self) -> bool:
        """Whether a check found the accuracy within the window."""
        return self.weights is not None


class TargetWatch:
    """Sees the checks of one training, keeps the weights at the first within each target's window."""

    def __init__(self, targets: Sequence[float], stopping: TargetChecks, images: int) -> None:
        """Take the targets, shares in (0, 1), and the number of test images."""
        self._targets, self._stopping, self._images = tuple(targets), stopping, images
        self._closest: dict[float, Check] = {}
        self._kept: dict[float, Weights] = {}
        self._best = 0.0

    @property
    def open(self) -> tuple[float, ...]:
        """Targets that no check has found yet, but for those that were passed over for good."""
        best = self._wrong(self._best)
        return tuple(target for target in self.missed if self._wrong(target) < _PASSED * best)

    @property
    def missed(self) -> tuple[float, ...]:
        """Targets that no check has found yet."""
        return tuple(target for target in self._targets if target not in self._kept)

    @property
    def first(self) -> int:
        """The step of the first check."""
        return self._stopping.often

    def see(self, check: Check, weights: Callable[[], Weights]) -> None:
        """Take a check; ``weights`` copies those of the moment."""
        self._best = max(self._best, check.accuracy)
        for target in self.missed:
            closest = self._closest.get(target)
            if closest is None or self._off(check, target) < self._off(closest, target):
                self._closest[target] = check
            if self._off(check, target) <= max(self._stopping.tolerance * self._images, 0.5) + 1e-6:
                self._kept[target] = weights()

    def between(self, one: Check, other: Check) -> tuple[float, ...]:
        """Return targets that no check has found yet, and that lie between the accuracies of two."""
        low, high = sorted((one.accuracy, other.accuracy))
        return tuple(target for target in self.missed if low < target < high)

    def pause(self, check: Check) -> int:
        """Return the number of steps until the next check.

        Errors fall roughly as a power of the steps, so a target is the nearer the less its error and the
        present one differ by their ratio, and the more steps there were. No unit enters this.
        """
        wrong = self._wrong(check.accuracy)
        apart = min((abs(math.log(wrong / self._wrong(target))) for target in self.open), default=0.0)
        wanted = int(_SHARE * check.step * apart)
        return max(self._stopping.often, min(wanted, self._stopping.seldom))

    def stops(self, otherwise: str) -> tuple[Stop, ...]:
        """Return what came of every target; ``otherwise`` says how far the training went."""
        return tuple(self._stop(target, otherwise) for target in self._targets)

    def _stop(self, target: float, otherwise: str) -> Stop:
        check, weights = self._closest.get(target), self._kept.get(target)
        if weights is not None:
            return Stop(target, check, weights, "")
        if check is None:
            return Stop(target, None, None, f"not reached {otherwise}")
        best = f"best {100 * self._best:.2f} %"
        if self._best > target:
            return Stop(target, check, None, f"passed over between two checks {otherwise}: {best}")
        return Stop(target, check, None, f"not reached {otherwise}: {best}")

    def _off(self, check: Check, target: float) -> float:
        """Return how many test images a check is away from a target."""
        return abs(check.accuracy - target) * self._images

    def _wrong(self, accuracy: float) -> float:
        """Return an error rate; of no error that of half an image."""
        return max(1 - accuracy, 0.5 / self._images)


_REMEMBERED = 32
"""Steps between checks up to which the weights of every step are kept, to go back to."""


@dataclass(frozen=True)
class TrainedToTargets:
    """What came of a training.

    Attributes:
        stops: one for each target, in their order.
        failure: why it failed, else empty. Targets that were reached before are kept.
    """

    stops: tuple[Stop, ...]
    failure: str


def train_to_targets(
    architecture: Architecture,
    training: Training,
    targets: Sequence[float],
    stopping: TargetChecks,
    data: Dataset,
    seed: int,
) -> Iterator[Check | TrainedToTargets]:
    """Train until every target is reached or all epochs are over (Vlaar, section 2).

    A pure function of its arguments on machines of one kind. Checks draw no random numbers, but targets
    decide when checks are made, and so which moment is kept.

    Args:
        architecture: the network.
        training: how it is trained; its own seed is not used.
        targets: shares of the test images, in (0, 1).
        stopping: how near a target counts, and how often it is looked for.
        data: what it is trained on and tested on; at least one test image.
        seed: fixes the first weights, the order of the samples, and every move and dropout.

    A target that lies between the accuracies of two checks, not far apart, is looked for by halving among the
    steps between them, so it is missed only if neighbouring steps lie on either side of its window.

    Yields:
        Every check, then what came of the training. It fails where a loss is not finite, or it raises.
    """
    watch = TargetWatch(targets, stopping, len(data.test))
    run = _Run(architecture, training, data, seed)
    failure = ""
    try:
        yield from run.checks(watch)
    except Exception as error:  # the network is the user's: it may raise anything
        failure = f"{type(error).__name__}: {' '.join(str(error).split())}"[:300]
    otherwise = f"in {run.epochs:g} epochs" if not failure else f"before it failed ({failure})"
    yield TrainedToTargets(watch.stops(otherwise), failure)


@dataclass(frozen=True)
class _Moment:
    """What a step left; its weights are empty where they are not remembered."""

    step: int
    loss: float
    weights: Weights


class _Run:
    """One training under way."""

    def __init__(self, architecture: Architecture, training: Training, data: Dataset, seed: int) -> None:
        self._architecture, self._training, self._data, self._seed = architecture, training, data, seed
        self._step, self._each = 0, math.ceil(len(data.train) / training.batch_size)
        self._measured = 0

    @property
    def epochs(self) -> float:
        """Epochs so far, to a tenth."""
        return round(self._step / self._each, 1)

    def checks(self, watch: TargetWatch) -> Iterator[Check]:
        """Train, and show the watch a check whenever it wants one and at the end."""
        network, before = self._network(), None
        pause, last = watch.first, self._each * self._training.epochs
        moments: list[_Moment] = []
        for loss in self._steps(network):
            moments.append(_Moment(self._step, loss, weights_of(network) if pause <= _REMEMBERED else {}))
            if len(moments) < pause and self._step < last:
                continue
            check = self._check(watch, network, moments)
            yield check
            if before is not None and pause <= _REMEMBERED:
                yield from self._between(watch, network, before, check, moments)
            if not watch.open:
                return
            before, pause, moments = check, watch.pause(check), []

    def _between(
        self, watch: TargetWatch, network: nn.Module, before: Check, after: Check, moments: Sequence[_Moment]
    ) -> Iterator[Check]:
        """Look for targets between two checks' accuracies; ``moments`` are the steps after the first."""
        for target in watch.between(before, after):
            low, high = -1, len(moments) - 1
            while high - low > 1 and target in watch.missed:
                middle = (low + high) // 2
                network.load_state_dict(moments[middle].weights)
                check = self._check(watch, network, moments[: middle + 1])
                yield check
                beyond = (check.accuracy < target) != (before.accuracy < target)
                low, high = (low, middle) if beyond else (middle, high)
            network.load_state_dict(moments[-1].weights)

    def _check(self, watch: TargetWatch, network: nn.Module, moments: Sequence[_Moment]) -> Check:
        """Measure a network as the last of ``moments`` left it, and show the watch."""
        share = accuracy(network, self._data.test)
        network.train()
        self._measured += 1
        step, loss = moments[-1].step, float(np.mean([moment.loss for moment in moments]))
        check = Check(self._measured, step, (step - 1) // self._each + 1, loss, share)
        watch.see(check, lambda: weights_of(network))
        return check

    def _network(self) -> nn.Module:
        network = initial(self._architecture, self._data.shape, self._data.classes, self._seed)
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # convolves faster
        return network.to(own_device()).train()

    def _steps(self, network: nn.Module) -> Iterator[float]:
        """Take all gradient steps and yield the loss of each.

        Raises:
            FloatingPointError: it is not finite.
        """

        def answer(inputs: torch.Tensor) -> torch.Tensor:
            """Answer with the dropout of this step; the process keeps its random numbers."""
            with torch.random.fork_rng():
                torch.manual_seed(derived_seed(self._seed, self._step))
                logits: torch.Tensor = network(inputs)
            return logits

        moving = optimizer(self._training, network.parameters(), fused=True)
        samples = samples_of(self._data.train, own_device())
        learner = OneNetwork(network, moving, self._training, samples, self._seed, answer)
        for _ in range(self._training.epochs):
            for loss, _ in learner.epoch():
                self._step += 1
                value = float(loss)
                if not math.isfinite(value):
                    raise FloatingPointError(f"the loss of step {self._step} is {value}")
                yield value
