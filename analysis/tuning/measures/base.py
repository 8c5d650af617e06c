"""What a measure is: a named figure of a run, with what it takes to have it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from outvoted.analysis.report.numbers import Form, Interval, Proportion
from outvoted.analysis.tuning.objectives import Goal, Measured

Read = TypeVar("Read")
"""What is read of a run, once for all its measures."""
Config = TypeVar("Config")
"""How the run was configured."""


@dataclass(frozen=True)
class Lack:
    """Why a run has no such figure, and what to do, in words."""

    found: str
    remedy: str


@dataclass(frozen=True)
class Measure(Generic[Read, Config]):
    """A named figure of a run.

    Attributes:
        name: as it stands in a configuration.
        title: for axes and tables.
        meaning: what it is.
        goal: the usual one.
        form: how it is written.
        of: takes it from what was read of a run; of a run with nothing to take it from its value is None.
        interval: ``binomial`` (Wilson's) where the value is a share of as many independent ones as ``of``
            says; ``other`` where it is that of a mean (Student's t) or of a rate (on the logarithm); None
            where there is none.
        over: what is taken to be independent of each other in the latter.
        early: whether, before the run's end, it is an estimate of what it will be at the end.
        reproducible: whether it follows from the configuration alone, on any machine.
        lack: says why a run that is configured so would not have it; None where it has.
    """

    name: str
    title: str
    meaning: str
    goal: Goal
    form: Form
    of: Callable[[Read], Measured]
    interval: Literal["binomial", "other"] | None = "other"
    over: str = ""
    early: bool = True
    reproducible: bool = True
    lack: Callable[[Config], Lack | None] = lambda config: None


def of_share(found: Proportion) -> Measured:
    """Take a share, with Wilson's interval."""
    return Measured(found.value, found.low, found.high, found.of)


def of_interval(found: Interval, of: int) -> Measured:
    """Take a mean or a rate with its interval."""
    return Measured(*found, of)
