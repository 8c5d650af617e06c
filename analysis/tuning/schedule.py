"""Which trial comes next: what happens goes in, what is to be done comes out. Pure.

Trial n is suggested knowing exactly what came of trials 0 … n - parallel, told in the order of their numbers.
So the sequence of points is a function of the settings, the seed and the results, whichever trials end first
and however many run at a time. Where nothing is learnt from results (a grid, random points, no racing), a
trial is suggested as soon as fewer than ``parallel`` run.

A sweep is taken up again by going through its recorded trials in the same way: nothing but the table of
trials is needed. Recorded trials keep their points, also where something else would be suggested now, since
ranges were widened or another version of a package is installed.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from outvoted.actors.sweeps.tuned_store import FAILED, FINISHED, STOPPED
from outvoted.analysis.tuning.algorithms.base import Algorithm, Goals, Learnt
from outvoted.analysis.tuning.fronts import front
from outvoted.analysis.tuning.points import Point
from outvoted.analysis.tuning.racing import Race, Racing, Rival
from outvoted.analysis.tuning.space import Space


@dataclass(frozen=True)
class TrialEnded:
    """What came of a trial.

    Attributes:
        outcome: finished, stopped or failed.
        values: of the objectives, over all the trial's runs; None where one can't be told.
        violations: for each constraint by how much it is violated; 0 or less where it is kept, None where
            that can't be told, which is as good as violated.
    """

    number: int
    outcome: str
    values: tuple[float | None, ...] = ()
    violations: tuple[float | None, ...] = ()


@dataclass(frozen=True)
class RecordedTrial:
    """A trial of an earlier session; one that has not ended keeps its point and is started again."""

    number: int
    point: Point
    ended: TrialEnded | None


@dataclass(frozen=True)
class Order:
    """What is asked for.

    Attributes:
        trials: how many, at most.
        parallel: how many at a time, at most; fixes what a suggestion knows.
        racing: how trials race against the best of those they know; None if they don't.
    """

    trials: int
    parallel: int
    seed: int
    racing: Racing | None = None


@dataclass(frozen=True)
class StartTrial:
    """Run this point, in a race if there is one."""

    number: int
    point: Point
    race: Race | None = None


@dataclass(frozen=True)
class KnownTrial:
    """This point was tried by an earlier trial, which has ended: take over what came of it."""

    number: int
    point: Point
    same_as: int


@dataclass(frozen=True)
class Wait:
    """Nothing can be started until a trial has ended."""


@dataclass(frozen=True)
class Finished:
    """All trials have ended."""

    trials: int


Instruction = StartTrial | KnownTrial | Wait | Finished


class Schedule:
    """Says which trial comes next."""

    def __init__(
        self,
        algorithm: Algorithm,
        space: Space[Any],
        goals: Goals,
        order: Order,
        recorded: Sequence[RecordedTrial] = (),
    ) -> None:
        """Begin, or go on from recorded trials."""
        self._goals, self._order = goals, order
        self._recorded = {one.number: one for one in recorded}
        kept = {one.number: one.point for one in recorded}
        self._suggester = algorithm.begun(space, goals, order.seed, kept)
        self._patient = algorithm.adaptive or order.racing is not None
        self._points: list[Point] = []
        self._first: dict[Point, int] = {}
        self._same: dict[int, list[int]] = {}
        self._ended: dict[int, TrialEnded] = {}
        self._ready: deque[StartTrial | KnownTrial] = deque()
        self._rivals: list[Rival] = []
        self._through = self._told = self._raced = 0
        self._departed: int | None = None
        self.count = self._suggester.total(order.trials)

    @property
    def remark(self) -> str | None:
        """A sentence, if recorded trials have other points than would be suggested now."""
        if self._departed is None:
            return None
        return (
            f"from trial {self._departed} on, recorded points are not those that would be suggested now "
            "(keys, ranges or a package have changed, or a failed trial was repeated): they are kept"
        )

    def next(self) -> Instruction:
        """Return what to do now; ask again until it is to wait, or all is done."""
        while not self._ready:
            if len(self._points) >= self.count:
                return Finished(self.count) if self._running == 0 else Wait()
            if not self._may_suggest():
                return Wait()
            self._suggest(len(self._points))
        return self._ready.popleft()

    def hear(self, ended: TrialEnded) -> None:
        """Take in what came of a trial that was started."""
        self._ended[ended.number] = ended
        for number in self._same.pop(ended.number, ()):
            self._take_over(number, ended.number)
        while self._through in self._ended:
            self._through += 1

    @property
    def _running(self) -> int:
        """How many trials were suggested and have not ended."""
        return len(self._points) - len(self._ended)

    def _known(self, number: int) -> int:
        """How many trials a trial knows, counted from the first."""
        return max(0, number + 1 - self._order.parallel)

    def _may_suggest(self) -> bool:
        number = len(self._points)
        if self._patient:
            return self._through >= self._known(number)
        waiting = sum(map(len, self._same.values()))  # for a trial with the same point, taking no room
        return self._running - waiting < self._order.parallel

    def _suggest(self, number: int) -> None:
        """Suggest a trial, unless there is nothing left; what is recorded of it has happened already."""
        known = self._known(number) if self._patient else 0
        for earlier in range(self._told, known):
            self._suggester.tell(earlier, self._told_of(earlier))
        self._told = max(self._told, known)
        suggested, recorded = self._suggester.suggest(number), self._recorded.get(number)
        point = recorded.point if recorded else suggested
        if point is None:
            self.count = number
            return
        if self._departed is None and point != suggested:
            self._departed = number
        self._points.append(point)
        first = self._first.setdefault(point, number)
        if recorded and recorded.ended:
            self.hear(recorded.ended)
        elif first == number:
            self._ready.append(StartTrial(number, point, self._race(known)))
        elif first in self._ended:
            self._take_over(number, first)
        else:
            self._same.setdefault(first, []).append(number)

    def _take_over(self, number: int, first: int) -> None:
        self._ready.append(KnownTrial(number, self._points[number], first))
        self.hear(replace(self._ended[first], number=number))

    def _race(self, known: int) -> Race | None:
        """Return the race of a trial that knows so many others."""
        if self._order.racing is None:
            return None
        for number in range(self._raced, known):
            if (values := self._final(number)) is not None:
                rivals = [*self._rivals, Rival(number, values)]
                best = front([rival.values for rival in rivals], self._goals.ways)
                self._rivals = [rivals[index] for index in best]
        self._raced = max(self._raced, known)
        return Race(self._order.racing, tuple(self._rivals))

    def _final(self, number: int) -> tuple[float, ...] | None:
        """Return the values that others have to beat: of trials that ended as planned, keeping all bounds."""
        told = self._told_of(number)
        kept = all(violation <= 0 for violation in told.violations)
        return told.values if kept and self._ended[number].outcome == FINISHED else None

    def _told_of(self, number: int) -> Learnt:
        ended = self._ended[number]
        violations = self._violations(ended)
        values = tuple(one for one in ended.values if one is not None)
        whole = ended.outcome != FAILED and len(values) == len(self._goals.ways)
        return Learnt(self._points[number], values if whole else None, violations if whole else ())

    def _violations(self, ended: TrialEnded) -> tuple[float, ...]:
        """Return by how much constraints are violated; what a stopped trial cannot tell counts as kept."""
        found = tuple(float("inf") if one is None else one for one in ended.violations)
        if ended.outcome != STOPPED or self._order.racing is None:
            return found
        forms = (form for _, form in self._order.racing.constraints)
        return tuple(one if form else min(one, 0.0) for one, form in zip(found, forms, strict=True))
