"""Racing: a trial is stopped once it can no longer win.

The rule. When a trial is suggested, its *rivals* are fixed: the best of the trials that it may know (those
before the last ``parallel - 1``) which went to their ends and keep all constraints; with several objectives
the Pareto front of these. At every milestone but the last, from ``grace`` on, the trial's interval for each
objective is taken over what it has measured so far. It is stopped if a rival's final values are better than
the better end of each of these intervals (with one objective: the interval lies beyond the best value so
far), or if an interval lies wholly on the wrong side of a constraint. So which trials end early, and where,
is a function of the settings, the seed and the results, whatever runs beside them.

How sure that is. Looking often would make errors likely, so the error rate is shared equally (Bonferroni)
among all looks and all intervals of a look: an interval's error is ``error / (looks × intervals)``. It holds
at all looks together: a trial whose final values would not have lost to its rivals, and which would have kept
the constraints, is stopped with a probability of at most ``error``, if the searches of a run come in an order
that has nothing to do with how they end. What a trial has measured so far is then a sample of what it would
measure in the end, and for shares the interval is that of Clopper and Pearson (1934), which is exact; for
other measures the 95 % interval is widened as Student's t has it (a rate's on the logarithm), which is
approximate, and nothing is said by fewer than 30 seeds. The rivals' values need no interval: the winner is
chosen by values, and theirs are final. Shares are of as many as are independent: searches from one seed image
are alike to some degree. What counts against the stated rate are replicates whose seeds change the values, as
each run is judged by itself.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import scipy

from outvoted.analysis.tuning.constraints import Constraint
from outvoted.analysis.tuning.objectives import Goal, Measured, Objective

_USUAL = 0.025
"""The error at each end of a measure's own interval."""
_FEW = 30
"""Seeds of which a mean or a rate tells too little to end a trial by."""
Ends = tuple[float, float]
Form = Literal["binomial", "other"]
"""How an interval is made: exactly, of a share, or as the measure itself makes it."""


@dataclass(frozen=True)
class Racing:
    """How trials race.

    Attributes:
        names: the measures of the objectives.
        ways: which way each is to go.
        intervals: how the interval of each is made; by one without any no trial loses.
        constraints: each with how its measure's interval is made; None where it can't be told at a milestone.
        error: the probability, at most, with which a trial that would not have lost is stopped.
        grace: no trial is stopped before so many milestones.
        runs: how many runs a trial has.
    """

    names: tuple[str, ...]
    ways: tuple[Goal, ...]
    intervals: tuple[Form | None, ...]
    constraints: tuple[tuple[Constraint, Form | None], ...] = ()
    error: float = 0.05
    grace: int = 1
    runs: int = 1

    def tail(self, of: int) -> float:
        """Return the error at one end of one interval, where a run has ``of`` milestones."""
        looks = self.runs * max(1, of - self.grace)
        told = sum(form is not None for _, form in self.constraints)
        return self.error / (looks * (len(self.names) + told))


def racing_of(
    kind: str,
    objectives: Sequence[Objective],
    constraints: Sequence[Constraint],
    error: float,
    grace: int,
    runs: int,
) -> Racing:
    """Return how trials of a kind of run race, by measures that are told early and have an interval."""
    from outvoted.analysis.tuning.measures import measure_called  # which imports what measures are made with

    def form(name: str) -> Form | None:
        measure = measure_called(kind, name)
        return measure.interval if measure.early else None

    return Racing(
        names=tuple(one.measure for one in objectives),
        ways=tuple(one.goal for one in objectives),
        intervals=tuple(form(one.measure) for one in objectives),
        constraints=tuple((one, form(one.measure)) for one in constraints),
        error=error,
        grace=grace,
        runs=runs,
    )


@dataclass(frozen=True)
class Rival:
    """A finished trial and its values of the objectives."""

    number: int
    values: tuple[float, ...]


@dataclass(frozen=True)
class Race:
    """A trial's race against the rivals that were fixed when it was suggested."""

    racing: Racing
    rivals: tuple[Rival, ...]

    def lost(
        self, milestone: int, of: int, objectives: Sequence[Measured], constraints: Sequence[Measured]
    ) -> str | None:
        """Say why the trial can no longer win; None while it can.

        Args:
            milestone, of: how far the run is: from 1, and how many milestones it has.
            objectives: what is measured so far, in the order of the racing's objectives.
            constraints: the same of its constraints.
        """
        if milestone < self.racing.grace or milestone >= of:
            return None
        tail = self.racing.tail(of)
        why = next(self._broken(constraints, tail), None) or self._beaten(objectives, tail)
        return why and f"stopped at milestone {milestone} of {of}: {why}"

    def _broken(self, constraints: Sequence[Measured], tail: float) -> Iterator[str]:
        for (constraint, form), measured in zip(self.racing.constraints, constraints, strict=True):
            ends = form and interval(measured, form, tail)
            if ends and not any(constraint.holds(end) for end in ends):
                yield f"{constraint.measure} between {ends[0]:.4g} and {ends[1]:.4g} breaks {constraint}"

    def _beaten(self, objectives: Sequence[Measured], tail: float) -> str | None:
        """Return whether a rival is better in every objective than the trial can still be."""
        best: list[float] = []
        for way, form, measured in zip(self.racing.ways, self.racing.intervals, objectives, strict=True):
            ends = form and interval(measured, form, tail)
            if not ends:
                return None
            best.append(ends[1] if way == "maximise" else ends[0])
        for rival in self.rivals:
            pairs = zip(self.racing.ways, rival.values, best, strict=True)
            if all(value > end if way == "maximise" else value < end for way, value, end in pairs):
                have = self._written(rival.values)
                return f"{self._written(best)} at best, and trial {rival.number} has {have}"
        return None

    def _written(self, values: Sequence[float]) -> str:
        return ", ".join(f"{name} {value:.4g}" for name, value in zip(self.racing.names, values, strict=True))


def interval(measured: Measured, form: Form, tail: float) -> Ends | None:
    """Return the interval of a measure that errs at each end with a probability of ``tail`` at most."""
    if measured.value is None:
        return None
    if form == "binomial":
        return clopper_pearson(measured.value * measured.of, measured.of, tail)
    value, low, high = measured.value, measured.low, measured.high
    if low is None or high is None or low == high or measured.of < _FEW:
        return None
    wider = float(
        scipy.special.stdtrit(measured.of - 1, tail) / scipy.special.stdtrit(measured.of - 1, _USUAL)
    )
    if low > 0 and math.isclose(value * value, low * high, rel_tol=1e-9):  # a rate's, made on the logarithm
        return value * (low / value) ** wider, value * (high / value) ** wider
    return value - (value - low) * wider, value + (high - value) * wider


def clopper_pearson(hits: float, of: float, tail: float) -> Ends:
    """Return the exact interval of a share (Clopper & Pearson, Biometrika 26, 1934).

    Hits need not be whole, where they stand for fewer independent ones than were counted.
    """
    low = scipy.special.betaincinv(hits, of - hits + 1, tail) if hits else 0.0
    high = scipy.special.betaincinv(hits + 1, of - hits, 1 - tail) if hits < of else 1.0
    return float(low), float(high)
