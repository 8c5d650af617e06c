"""The interface of what suggests trials: settings, and the state of a search that has begun."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from outvoted.analysis.tuning.objectives import Goal
from outvoted.analysis.tuning.points import Point
from outvoted.analysis.tuning.space import Space
from outvoted.search.errors import OutvotedError
from outvoted.search.settings import Settings


@dataclass(frozen=True)
class Goals:
    """What a sweep is after: which way each objective is to go, and how many constraints trials must keep."""

    ways: tuple[Goal, ...]
    constraints: int = 0


@dataclass(frozen=True)
class Learnt:
    """What came of a trial.

    Attributes:
        point: that was tried.
        values: of the objectives, in their order; None if the trial failed or one of them can't be told.
        violations: for each constraint by how much it is violated; 0 or less where it is kept.
    """

    point: Point
    values: tuple[float, ...] | None
    violations: tuple[float, ...] = ()


class Suggester(ABC):
    """Suggests the points of one sweep, one after another.

    ``suggest`` is called with 0, 1, 2, … in this order, and ``tell`` in the order of the numbers too, each
    after its trial was suggested. What is suggested depends on nothing but the order of these calls and what
    was told in them, so a sweep is taken up again by making the same calls again.
    """

    @abstractmethod
    def suggest(self, number: int) -> Point | None:
        """Return the point of a trial; None if there is nothing left to try."""

    def tell(self, number: int, told: Learnt) -> None:  # noqa: B027  what learns nothing need not listen
        """Take in what came of a trial, whose point may be another than the one suggested."""

    def total(self, wanted: int) -> int:
        """Return how many trials there will be where ``wanted`` are asked for."""
        return wanted


class Algorithm(ABC, Settings):
    """Chooses the points that are tried."""

    @property
    @abstractmethod
    def adaptive(self) -> bool:
        """Whether a suggestion depends on what came of earlier trials."""

    @abstractmethod
    def check(self, space: Space[Any], goals: Goals) -> None:
        """Refuse what the algorithm can't search, or what it needs and isn't installed.

        Raises:
            OutvotedError: with what to do.
        """

    @abstractmethod
    def begun(self, space: Space[Any], goals: Goals, seed: int, kept: Mapping[int, Point]) -> Suggester:
        """Begin a sweep.

        Args:
            seed: 0 to 2**31 - 1.
            kept: points of earlier trials by their numbers, which they keep whatever is suggested.
        """


def refuse_without(package: str, kind: str) -> None:
    """Refuse an algorithm whose package is not installed.

    Raises:
        OutvotedError: with the command that installs it.
    """
    if find_spec(package) is None:
        raise OutvotedError(
            expected=f"the package {package}, which algorithm {kind} needs",
            found="it is not installed",
            remedy=f"pip install {package} (on every machine of a cluster), or choose another algorithm",
        )


def refuse_several(goals: Goals, kind: str) -> None:
    """Refuse several objectives, or constraints, for an algorithm that knows neither.

    Raises:
        OutvotedError: with the algorithms that do.
    """
    if len(goals.ways) > 1:
        found, able = f"{len(goals.ways)} objectives", "nsga2, tpe, gp, random or grid"
    elif goals.constraints:
        found, able = "constraints", "tpe, gp, nsga2, random or grid"
    else:
        return
    raise OutvotedError(
        expected=f"one objective and no constraints for algorithm {kind}",
        found=found,
        remedy=f"choose {able} as algorithm",
    )
