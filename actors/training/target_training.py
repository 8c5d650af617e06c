"""Training one network and keeping it at each of several target test accuracies."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.networks import Architecture, Weights
from outvoted.actors.networks.computing import own_device
from outvoted.actors.training.targets import Check, Stop, TargetChecks, Watch
from outvoted.actors.training.training import TEST_BATCH, Training, accuracy, moved, optimizer, weights_of

_CPU_BATCH = 250
"""Images in a batch of a check on a CPU: convolutions of more fall out of its caches."""
_REMEMBERED = 32
"""Steps between checks up to which the weights of every step are kept, to go back to."""


@dataclass(frozen=True)
class Ended:
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
) -> Iterator[Check | Ended]:
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
    watch = Watch(targets, stopping, len(data.test))
    run = _Run(architecture, training, data, seed)
    failure = ""
    try:
        yield from run.checks(watch)
    except Exception as error:  # the network is the user's: it may raise anything
        failure = f"{type(error).__name__}: {' '.join(str(error).split())}"[:300]
    otherwise = f"in {run.epochs:g} epochs" if not failure else f"before it failed ({failure})"
    yield Ended(watch.stops(otherwise), failure)


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

    def checks(self, watch: Watch) -> Iterator[Check]:
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
        self, watch: Watch, network: nn.Module, before: Check, after: Check, moments: Sequence[_Moment]
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

    def _check(self, watch: Watch, network: nn.Module, moments: Sequence[_Moment]) -> Check:
        """Measure a network as the last of ``moments`` left it, and show the watch."""
        on_cpu = next(network.parameters()).device.type == "cpu"
        share = accuracy(network, self._data.test, _CPU_BATCH if on_cpu else TEST_BATCH)
        network.train()
        self._measured += 1
        step, loss = moments[-1].step, float(np.mean([moment.loss for moment in moments]))
        check = Check(self._measured, step, (step - 1) // self._each + 1, loss, share)
        watch.see(check, lambda: weights_of(network))
        return check

    def _network(self) -> nn.Module:
        device = own_device()
        with torch.random.fork_rng():
            torch.manual_seed(self._seed)
            network = self._architecture.build(self._data.shape, self._data.classes)
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # convolves faster
        return network.to(device).train()

    def _steps(self, network: nn.Module) -> Iterator[float]:
        """Make all gradient steps and yield the loss of each.

        Raises:
            FloatingPointError: it is not finite.
        """
        device = next(network.parameters()).device
        train = self._data.train
        images, labels = torch.tensor(train.images).to(device), torch.tensor(train.labels).to(device)
        steps = optimizer(self._training, network.parameters(), fused=True)
        shuffle, moves = torch.Generator().manual_seed(self._seed), np.random.default_rng(self._seed)
        for _ in range(self._training.epochs):
            order = torch.randperm(len(labels), generator=shuffle).to(device)
            for rows in torch.split(order, self._training.batch_size):
                inputs = moved(images[rows], self._training.augment, moves)
                loss = functional.cross_entropy(self._logits(network, inputs), labels[rows])
                steps.zero_grad(set_to_none=True)
                torch.autograd.backward(loss)
                steps.step()
                self._step += 1
                value = float(loss.detach())
                if not math.isfinite(value):
                    raise FloatingPointError(f"the loss of step {self._step} is {value}")
                yield value

    def _logits(self, network: nn.Module, inputs: torch.Tensor) -> torch.Tensor:
        """Answer with the dropout of this step; between steps the process's random numbers are its own."""
        key = np.random.SeedSequence([self._seed, self._step]).generate_state(1, np.uint64)[0]
        with torch.random.fork_rng():
            torch.manual_seed(int(key >> np.uint64(1)))
            logits: torch.Tensor = network(inputs)
        return logits
