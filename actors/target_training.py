"""Training one network and keeping it at each of several target test accuracies."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from outvoted.actors.datasets import Dataset
from outvoted.actors.device import own_device
from outvoted.actors.networks import Architecture
from outvoted.actors.targets import Check, Stop, Stopping, Watch
from outvoted.actors.training import TEST_BATCH, Training, accuracy, moved, optimizer, weights_of

_CHECK_BATCH = {"cpu": 250}
"""Images in a batch of a check, else the usual number: convolutions of more fall out of a CPU's caches."""


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
    stopping: Stopping,
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


class _Run:
    """One training under way."""

    def __init__(self, architecture: Architecture, training: Training, data: Dataset, seed: int) -> None:
        self._architecture, self._training, self._data, self._seed = architecture, training, data, seed
        self._step, self._each = 0, math.ceil(len(data.train) / training.batch_size)

    @property
    def epochs(self) -> float:
        """Epochs so far, to a tenth."""
        return round(self._step / self._each, 1)

    def checks(self, watch: Watch) -> Iterator[Check]:
        """Train, and show the watch a check whenever it wants one and at the end."""
        network = self._network()
        due, last, losses = watch.first, self._each * self._training.epochs, list[float]()
        number = 0
        for loss in self._steps(network):
            losses.append(loss)
            if self._step not in (due, last):
                continue
            number += 1
            share = self._accuracy(network)
            epoch = (self._step - 1) // self._each + 1
            check = Check(number, self._step, epoch, float(np.mean(losses)), share)
            watch.see(check, lambda: weights_of(network))
            yield check
            if not watch.open:
                return
            due, losses = self._step + watch.pause(check), []

    def _accuracy(self, network: nn.Module) -> float:
        device = next(network.parameters()).device.type
        share = accuracy(network, self._data.test, _CHECK_BATCH.get(device, TEST_BATCH))
        network.train()
        return share

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
