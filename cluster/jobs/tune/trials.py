"""The trials of a sweep as its driver sees them: which comes next, and what is recorded of one that ended."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from outvoted.actors.runs.compaction import LEAST, Compactor
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.actors.sweeps.tuned_store import FAILED, STOPPED, TrialRow, TunedStore, trial_name
from outvoted.analysis.tuning.algorithms.base import Goals
from outvoted.analysis.tuning.judging import constraints_of, objectives_of
from outvoted.analysis.tuning.points import Point
from outvoted.analysis.tuning.schedule import (
    Finished,
    KnownTrial,
    RecordedTrial,
    Schedule,
    StartTrial,
    TrialEnded,
    Wait,
)
from outvoted.analysis.tuning.space import Space
from outvoted.cluster.jobs.run_settings import RunSettings
from outvoted.cluster.jobs.tune import TuneConfig
from outvoted.cluster.jobs.tune.places import RUNS, run_folder
from outvoted.cluster.jobs.tune.tasks import TrialRun, TrialTask
from outvoted.cluster.jobs.tune.worker import scores_of
from outvoted.search.errors import OutvotedError
from outvoted.search.explaining import explained

OnEnded = Callable[[TrialRow], object]
"""Is told of every trial that has ended, also once of each that had before."""


class JudgedBy:
    """What trials are judged by."""

    def __init__(self, config: TuneConfig) -> None:
        """Take the sweep's objectives and constraints.

        Raises:
            OutvotedError: a measure, or a constraint, is none.
        """
        self.objectives = objectives_of(config.base_kind, config.objectives)
        self.constraints = constraints_of(config.base_kind, config.constraints)

    @property
    def goals(self) -> Goals:
        """What algorithms need to know of it."""
        return Goals(tuple(one.goal for one in self.objectives), len(self.constraints))

    def ended(self, row: TrialRow) -> TrialEnded:
        """Return a trial as what suggests trials sees it."""
        values = scores_of([one.measure for one in self.objectives], row)
        bounded = scores_of([one.measure for one in self.constraints], row)
        each = zip(self.constraints, bounded, strict=True)
        violations = tuple(constraint.violation(value) for constraint, value in each)
        return TrialEnded(row.number, row.outcome, tuple(values), violations)


class Trials:
    """Suggests trials until all have ended, and records them."""

    def __init__(
        self,
        config: TuneConfig,
        space: Space[Any],
        schedule: Schedule,
        store: TunedStore,
        rows: Sequence[TrialRow],
        on_ended: OnEnded,
    ) -> None:
        """Take what suggests trials, where those that have ended are recorded, and which are by now."""
        self._config, self._space, self._schedule, self._store = config, space, schedule, store
        self._judged, self._on_ended = JudgedBy(config), on_ended
        self._rows = {row.number: row for row in rows}
        self.finished = False
        self._compactor, self._written = Compactor(store.units), 0

    def next(self) -> TrialTask | None:
        """Return a trial that is to begin; None where it has to wait, or none is left."""
        while True:
            told = self._schedule.next()
            if isinstance(told, Wait):
                return None
            if isinstance(told, Finished):
                self.finished = True
                return None
            if isinstance(told, KnownTrial):
                known = self._rows[told.same_as]
                self._write(replace(known, number=told.number, point=told.point.text, same_as=told.same_as))
                continue
            task = self._begun(told)
            if task is not None:
                return task

    def end(self, row: TrialRow) -> None:
        """Take a trial that has ended: it is recorded, and known to what suggests others."""
        self._write(row)
        self._schedule.hear(self._judged.ended(row))

    def join(self) -> None:
        """Join the files of many trials into few; nothing is written meanwhile, since trials may be again."""
        self._compactor.finish()

    def _begun(self, told: StartTrial) -> TrialTask | None:
        try:
            runs = tuple(runs_of(self._config, self._space, told.number, told.point))
        except OutvotedError as error:  # a point that the configuration refuses: only ranges can have such
            self.end(failed(told.number, told.point.text, str(error)))
            return None
        return TrialTask(told.number, told.point.text, runs, told.race)

    def _write(self, row: TrialRow) -> None:
        self._store.write(row)
        self._written += 1
        if self._written % LEAST == 0:
            self.join()
        self._rows[row.number] = row
        self._on_ended(row)


def runs_of(config: TuneConfig, space: Space[Any], number: int, point: Point) -> Iterator[TrialRun]:
    """Return the runs of a trial, one for each seed of its replicates.

    Raises:
        OutvotedError: the configuration refuses the point.
    """
    name = trial_name(number)
    if config.replicates is None:
        yield TrialRun(name, configured(space, point))
        return
    for seed in config.replicates.seeds:
        changes = dict.fromkeys(config.replicates.keys, seed)
        yield TrialRun(f"{name}-seed-{seed}", configured(space, point, changes))


def configured(space: Space[Any], point: Point, changes: Mapping[str, Any] | None = None) -> RunSettings:
    """Return the configuration of a run of a point.

    Raises:
        OutvotedError: the values don't go together, or name code that is not there.
    """
    try:
        found: RunSettings = space.configured(point, changes or {})
    except ValidationError as error:
        raise explained(space.form, error, f"the point {point.text}") from None
    return found


def check_recorded(space: Space[Any], rows: Sequence[TrialRow]) -> None:
    """Refuse to go on with a sweep of which trials have values for keys that are not varied any more.

    Raises:
        OutvotedError: it names the key.
    """
    gone = next((key for row in rows for key in Point(row.point) if key not in space.paths), None)
    if gone is not None:
        raise OutvotedError(
            expected=f"{gone} among the keys of vary: trials of this sweep have values of it",
            found=f"vary with {', '.join(space.paths)}",
            remedy="put the key back, or start a new sweep under another --name",
        )


def recorded(
    config: TuneConfig, space: Space[Any], rows: Sequence[TrialRow], folder: Path, channels: int
) -> list[RecordedTrial]:
    """Return the trials of a sweep that is resumed, as what suggests trials sees them.

    One that failed, or lacks runs that are wanted now, is made again: what there is of it is kept.

    Args:
        rows: the trials that are recorded.
        folder: the sweep's.
        channels: of the images.
    """
    judged = JudgedBy(config)
    own = [row for row in rows if row.same_as is None]
    complete = {row.number: _complete(config, space, folder, channels, row) for row in own}
    return [
        RecordedTrial(
            row.number,
            Point(row.point),
            judged.ended(row) if complete.get(row.number if row.same_as is None else row.same_as) else None,
        )
        for row in rows
    ]


def _complete(config: TuneConfig, space: Space[Any], folder: Path, channels: int, row: TrialRow) -> bool:
    """Return whether a trial has ended with the runs that are wanted; one that was stopped lacks some."""
    if row.outcome == FAILED:
        return False
    try:
        runs = list(runs_of(config, space, row.number, Point(row.point)))
        places = [run_folder(folder, run.name) for run in runs]
        if row.outcome == STOPPED:
            places = [place for place in places if place.changed_at() is not None]
        records = [place.glance() for place in places]
    except OutvotedError:
        return False
    wanted = [run.config.settled(channels).model_dump(mode="json") for run in runs]
    return all(record.config == one for record, one in zip(records, wanted, strict=False))


def failed(number: int, point: str, reason: str) -> TrialRow:
    """Return the row of a trial that came to nothing."""
    return TrialRow(number, point, FAILED, reason, None, 0, 0, 0.0, ())


def run_folders(sweep: RunFolder) -> Sequence[RunFolder]:
    """Return the folders of all runs that a sweep has begun, by name."""
    return [
        run_folder(sweep.path, file.parent.name) for file in sorted((sweep.path / RUNS).glob("*/run.json"))
    ]
