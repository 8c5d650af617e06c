"""Target accuracies: when a training is measured, and what is kept of it."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from outvoted.actors.networks import Weights
from outvoted.search.settings import Settings

_SHARE = 0.25
"""Of the steps until a target is expected, those until the next check."""
_PASSED = 2
"""A network that makes so many times fewer errors than a target asks for is not expected to come back."""


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
        accuracy: share of test images right.
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


class Watch:
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
