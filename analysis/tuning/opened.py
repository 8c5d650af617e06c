"""A sweep of any keys on disk, opened to be read."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Annotated, Any

import numpy as np
import pandas as pd
from pydantic import Field

from outvoted.actors.sweeps.tuned_store import FAILED, FINISHED, STOPPED, TrialRow, TunedStore
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.tuning.aims import Aim
from outvoted.analysis.tuning.constraints import Constraint
from outvoted.analysis.tuning.fronts import ranked, undominated
from outvoted.analysis.tuning.judging import constraints_of, objectives_of
from outvoted.analysis.tuning.key_axes import LARGEST, KeyAxis, key_axes
from outvoted.analysis.tuning.objectives import AnyObjective
from outvoted.analysis.tuning.points import Value
from outvoted.analysis.tuning.variation import AnyVariation, Variation
from outvoted.search.arrays import Bools, Floats
from outvoted.search.errors import OutvotedError
from outvoted.search.shown import visible

_BASES = ("mine", "heal", "compare", "study")
_ENDS = ("low", "high")
_SOME = Field(min_length=1)
_DEEPEST = 64  # lists and mappings within one another, of a value in a point


class OpenedTuning:
    """Reads a sweep's configuration and its trials; nothing that its folder names is imported."""

    def __init__(self, run: OpenedRun) -> None:
        """Open the run.

        Raises:
            OutvotedError: it is a run of another kind, or its configuration is not this version's.
        """
        self.run = run
        run.expect("tune")
        config = run.record.config
        self.base_kind = next((name for name in _BASES if config.get(name) is not None), _BASES[0])
        self.base: Mapping[str, Any] = run.configured(self.base_kind, dict[str, Any])
        self.vary: Mapping[str, Variation] = run.configured("vary", Annotated[dict[str, AnyVariation], _SOME])
        objectives = run.configured("objectives", Annotated[tuple[AnyObjective, ...], _SOME])
        self.objectives = tuple(
            Aim.of(self.base_kind, one.measure, one.goal) for one in objectives_of(self.base_kind, objectives)
        )
        self.constraints = constraints_of(self.base_kind, run.configured("constraints", tuple[str, ...]))

    @property
    def algorithm(self) -> str:
        """What chose the points, in a few words."""
        given = self.run.record.config.get("algorithm")
        kind = given.get("kind") if isinstance(given, Mapping) else None
        listed = all(one.grid is not None or one.choice is not None for one in self.vary.values())
        named = visible(str(kind))[:60] if kind is not None else "grid" if listed else "random"
        return named if named == "grid" else f"{named}, seed {self.run.configured('seed', int)}"

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds of each trial's runs; none where it has one run, as configured."""
        if self.run.record.config.get("replicates") is None:
            return ()
        found: tuple[int, ...] = self.run.configured("replicates.seeds", tuple[int, ...])
        return found

    @property
    def remarks(self) -> list[str]:
        """Sentences that the sweep left about itself."""
        given = self.run.record.figures.get("remarks")
        said = given if isinstance(given, list) else []
        return [visible(one)[:500] for one in said if isinstance(one, str)]

    @property
    def judged(self) -> tuple[Aim, ...]:
        """The objectives, then what else constraints are about."""
        known = {one.name for one in self.objectives}
        others = (one.measure for one in self.constraints if one.measure not in known)
        return (*self.objectives, *(Aim.of(self.base_kind, name) for name in dict.fromkeys(others)))

    @cached_property
    def trials(self) -> tuple[TrialRow, ...]:
        """The trials that have ended, by number; one with an earlier trial's point has that one's scores.

        Raises:
            OutvotedError: a table is damaged, or holds what no sweep writes.
        """
        found = TunedStore(self.run.store.path).read()
        for row in found:
            if row.number < 0 or row.outcome not in (FINISHED, STOPPED, FAILED):
                raise self._wrong(f"trial {row.number}: {row.outcome[:60]}")
        return tuple(found)

    @cached_property
    def points(self) -> Mapping[int, Mapping[str, Value]]:
        """The point of each trial by its number: the values of the keys that hold, by their paths.

        Raises:
            OutvotedError: one is not JSON, or holds numbers that are none.
        """
        return {row.number: self._values(row) for row in self.trials}

    def point(self, number: int) -> Mapping[str, Value]:
        """Return the values of the varied keys in a trial.

        Raises:
            OutvotedError: no trial of this number has ended.
        """
        if number not in self.points:
            raise OutvotedError(
                expected=f"the number of a trial of {self.run.record.name} that has ended",
                found=str(number),
                remedy=f"choose one of {len(self.trials)}: `outvoted report` lists them",
            )
        return self.points[number]

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The paths of the varied keys, in the order of the configuration."""
        others = {key: None for point in self.points.values() for key in point if key not in self.vary}
        return (*self.vary, *others)

    @cached_property
    def axes(self) -> tuple[KeyAxis, ...]:
        """An axis for each varied key, for pictures and tables."""
        return key_axes(self.keys, self.vary, self.points.values())

    @cached_property
    def measures(self) -> tuple[str, ...]:
        """What was measured: objectives first, then what constraints are about, then the rest."""
        wanted = [*(one.name for one in self.objectives), *(one.measure for one in self.constraints)]
        others = (score.measure for row in self.trials for score in row.scores)
        return tuple(dict.fromkeys([*wanted, *others]))

    @cached_property
    def scores(self) -> Mapping[str, Floats]:
        """For each measure each trial's value and 95 % interval, shape (trials, 3), NaN where not known."""
        place = {row.number: k for k, row in enumerate(self.trials)}
        found = {name: np.full((len(self.trials), 3), np.nan) for name in self.measures}
        for k, row in enumerate(self.trials):
            scored = row if row.scores or row.same_as not in place else self.trials[place[row.same_as]]
            for score in scored.scores:
                if score.run is None:
                    found[score.measure][k] = [
                        np.nan if each is None else each for each in (score.value, score.low, score.high)
                    ]
        return {name: np.where(np.abs(values) <= LARGEST, values, np.nan) for name, values in found.items()}

    @cached_property
    def feasible(self) -> Bools:
        """Which trials fulfil every constraint, as far as it was measured; shape (trials,)."""
        held = np.ones(len(self.trials), bool)
        for one in self.constraints:
            held &= np.array([self.keeps(one, place) for place in range(len(self.trials))], bool)
        return held

    def keeps(self, constraint: Constraint, place: int) -> bool:
        """Say whether a trial, by its place, fulfils a constraint."""
        value = float(self.scores[constraint.measure][place, 0])
        return constraint.holds(None if math.isnan(value) else value)

    @cached_property
    def gains(self) -> Floats:
        """The objectives of each trial, shape (trials, objectives), larger being better; NaN: not known."""
        each = [self.scores[one.name][:, 0] * one.sign for one in self.objectives]
        return np.stack(each, axis=1)

    @cached_property
    def eligible(self) -> Bools:
        """Which trials can win: went to their ends, fulfil every constraint, repeat no other's point."""
        own = [row.outcome == FINISHED and row.same_as is None for row in self.trials]
        return np.array(own, bool) & self.feasible & np.isfinite(self.gains).all(axis=1)

    @cached_property
    def front(self) -> tuple[int, ...]:
        """The numbers of the trials that no other one beats, best first in the first objective."""
        return self._numbers(undominated)

    @cached_property
    def ranked(self) -> tuple[int, ...]:
        """The numbers of all trials that can win: the front's, then the others by the first objective."""
        first = dict.fromkeys(self.front)
        return (*first, *(one for one in self._numbers(ranked) if one not in first))

    @property
    def best(self) -> int | None:
        """The number of the best trial: of the front that with the best first objective; or None."""
        return self.front[0] if self.front else None

    @cached_property
    def frame(self) -> pd.DataFrame:
        """A row for each trial, by number.

        Columns: number, each varied key (empty where it does not hold), outcome, feasible, on_front, each
        measure with the ends of its interval (``success``, ``success_low``, ``success_high``), same_as,
        milestones, milestones_of, seconds, reason.
        """
        rows = self.trials
        columns: dict[str, Any] = {"number": pd.Series([row.number for row in rows], dtype="int64")}
        for key in self.keys:
            columns[key] = typed([self.points[row.number].get(key) for row in rows])
        columns["outcome"] = [row.outcome for row in rows]
        columns["feasible"] = self.feasible
        columns["on_front"] = np.isin([row.number for row in rows], self.front)
        for name, values in self.scores.items():
            columns[name] = values[:, 0]
            columns |= {f"{name}_{end}": values[:, 1 + k] for k, end in enumerate(_ENDS)}
        columns["same_as"] = pd.Series([row.same_as for row in rows], dtype="Int64")
        columns["milestones"] = [row.milestones for row in rows]
        columns["milestones_of"] = [row.milestones_of for row in rows]
        columns["seconds"] = pd.Series([row.seconds for row in rows], dtype="float64")
        columns["reason"] = pd.Series([row.reason for row in rows], dtype="object")
        return pd.DataFrame(columns)

    def _numbers(self, ordered: Callable[[Floats], list[int]]) -> tuple[int, ...]:
        """Return the numbers of trials that can win, in an order that their gains give."""
        places = np.flatnonzero(self.eligible)
        return tuple(self.trials[places[k]].number for k in ordered(self.gains[places]))

    def _values(self, row: TrialRow) -> Mapping[str, Value]:
        try:
            values = json.loads(row.point, parse_constant=_no_number)
        except (ValueError, RecursionError) as error:
            raise self._wrong(f"no JSON as the point of trial {row.number}") from error
        if not isinstance(values, dict) or not all(map(_fits, values.values())):
            raise self._wrong(f"no values of keys as the point of trial {row.number}")
        return values

    def _wrong(self, found: str) -> OutvotedError:
        return OutvotedError(
            expected=f"trials of a sweep in {self.run.store.path / 'points'}",
            found=found,
            remedy="restore the table, or delete its files and continue with --resume",
        )


def typed(values: Sequence[Value]) -> pd.Series:
    """Make a column of a key's values in their own type: truths, whole numbers, numbers, else as they are."""
    there = [value for value in values if value is not None]
    gaps, kinds = len(there) < len(values), set(map(type, there))
    if not there:
        return pd.Series(values, dtype="object")
    if kinds == {bool}:
        return pd.Series(values, dtype="boolean" if gaps else "bool")
    if kinds == {int} and all(-(2**63) <= value < 2**63 for value in there):
        return pd.Series(values, dtype="Int64" if gaps else "int64")
    if kinds <= {int, float}:
        return pd.Series(values, dtype="float64")
    return pd.Series(list(values), dtype="object")


def _no_number(text: str) -> Value:
    raise ValueError(text)


def _fits(value: Value, deep: int = 0) -> bool:
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return deep < _DEEPEST and all(_fits(one, deep + 1) for one in inner)
    return not isinstance(value, int | float) or abs(value) <= LARGEST
