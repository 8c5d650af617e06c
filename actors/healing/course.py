"""The order of a healing run's steps: the same wherever they run, and whether they are run or read again."""

from collections.abc import Mapping, Sequence
from statistics import fmean

import pyarrow as pa

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.healing.arms import ARMS, HELD_OUT, Arm, HealSettings, Step
from outvoted.actors.healing.believed import BELIEVED, corrected
from outvoted.actors.healing.healing import Found, Round, Task, found_of
from outvoted.actors.networks.members import Member

_LEAST_STEADY = 3
_DIGITS = 9
"""Rates are sums of fractions, whose last bits hang on the order of the terms: no decision may."""

Panels = Mapping[int, tuple[Member, ...]]
"""For each repeat its peers before healing."""


def steady_since(success: Sequence[float], within: float) -> int | None:
    """Return the first round from which all, at least three, lie within ``within``; else None."""
    for first in range(len(success) - _LEAST_STEADY + 1):
        if round(max(success[first:]) - min(success[first:]), _DIGITS) < within:
            return first
    return None


class Course:
    """Which steps come next, given what all steps before them gave; runs, reads and writes nothing itself.

    A round is a step of each arm in each repeat, none of which depends on another; round 0, the start, is a
    step in each repeat. Go on until ``ended``: run the ``tasks()``, and hand what they gave to ``take``.
    """

    def __init__(self, settings: HealSettings, data: Dataset, panels: Panels) -> None:
        self._settings, self._data = settings, data
        self._panel = {(repeat, arm): panel for repeat, panel in panels.items() for arm in (Arm.START, *ARMS)}
        self._mined: dict[int, list[pa.Table]] = {repeat: [] for repeat in panels}
        self._held_out: dict[int, tuple[Found, ...]] = dict.fromkeys(panels, ())
        self._people = BELIEVED.of_rows(())
        self._found: dict[tuple[int, int], tuple[Found, ...]] = {}
        self._success: list[float] = []

    @property
    def round(self) -> int:
        """The number of the round that comes next."""
        return len(self._success)

    @property
    def most(self) -> int:
        """How many steps there are if the success rate is never steady."""
        return len(self._mined) * (1 + len(ARMS) * self._settings.rounds)

    @property
    def ended(self) -> bool:
        """Whether no round is left, or the success rate of the arm that is mined for training is steady."""
        healed = self.round - 1
        if healed >= self._settings.rounds:
            return True
        steady = steady_since(self._success, self._settings.steady) is not None
        return healed >= self._settings.least and steady

    def panel(self, repeat: int, arm: Arm) -> tuple[Member, ...]:
        """Return the peers as the last step of an arm left them."""
        return self._panel[repeat, arm]

    def mined(self) -> pa.Table:
        """Return all mistakes so far that are to be trained on, as they were mined."""
        return pa.concat_tables([rows for found in self._mined.values() for rows in found])

    def heed(self, people: pa.Table) -> None:
        """Train, from the next round on, on the mistakes as people see them (BELIEVED)."""
        self._people = people
        self._found.clear()

    def tasks(self) -> tuple[Task, ...]:
        """Return the steps of the next round, in any order of which they may be run."""
        repeats = tuple(self._mined)
        if not self.round:
            return tuple(
                Task(Step(repeat, Arm.START, 0), self._panel[repeat, Arm.START]) for repeat in repeats
            )
        return tuple(self._task(repeat, arm) for repeat in repeats for arm in ARMS)

    def take(self, rounds: Sequence[Round]) -> None:
        """Take what all steps of the next round gave; the round after that comes next."""
        for one in rounds:
            repeat, arm = one.step.repeat, one.step.arm
            healed = ARMS if arm == Arm.START else (arm,)
            self._panel.update({(repeat, each): one.panel for each in healed})
            if arm in (Arm.START, Arm.MISTAKES):
                self._mined[repeat].append(_mined_by(one, arm))
            if arm == Arm.START:
                self._held_out[repeat] = found_of(_mined_by(one, HELD_OUT), len(one.panel), self._data)
        self._success.append(_success(rounds))

    def _task(self, repeat: int, arm: Arm) -> Task:
        found = tuple(self._trained_on(repeat, before) for before in range(self.round))
        return Task(Step(repeat, arm, self.round), self._panel[repeat, arm], found, self._held_out[repeat])

    def _trained_on(self, repeat: int, before: int) -> tuple[Found, ...]:
        """Return the mistakes of each peer in a round before, as people see them."""
        key = repeat, before
        if key not in self._found:
            mistakes = corrected(self._mined[repeat][before], self._people)
            self._found[key] = found_of(mistakes, len(self._panel[repeat, Arm.MISTAKES]), self._data)
        return self._found[key]


def _mined_by(found: Round, arm: str) -> pa.Table:
    mask = [name == arm for name in found.mistakes.column("arm").to_pylist()]
    return found.mistakes.filter(pa.array(mask, pa.bool_()))


def _success(rounds: Sequence[Round]) -> float:
    """Return the success rate of the mined arm: over peers, then repeats; 0 if nothing could be searched."""
    mined = [one.rows.column("success") for one in rounds if one.step.arm in (Arm.START, Arm.MISTAKES)]
    there = [[rate for rate in rates.to_pylist() if rate is not None] for rates in mined]
    return fmean(map(fmean, filter(None, there))) if any(there) else 0.0
