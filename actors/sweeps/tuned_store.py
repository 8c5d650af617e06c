"""The trials of a sweep of any keys, on disk: the points, and what measures gave of them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa

from outvoted.actors.runs import schema
from outvoted.actors.runs.units import UnitTables

FINISHED, STOPPED, FAILED = "finished", "stopped", "failed"
"""How a trial ended: all its runs went to their ends, some were stopped early, or it failed."""


@dataclass(frozen=True)
class TrialScore:
    """What a measure gave of a run of a trial, or (``run`` None) of the trial: over all its runs."""

    measure: str
    run: str | None
    value: float | None
    low: float | None
    high: float | None
    of: int


@dataclass(frozen=True)
class TrialRow:
    """A trial that has ended.

    Attributes:
        number: from 0, in the order in which trials were suggested.
        point: its values, as JSON by the paths of their keys.
        outcome: finished, stopped or failed.
        reason: why it failed, or was stopped.
        same_as: the number of an earlier trial with the same point, whose scores it has; it has no runs.
        milestones: how many its runs went through, of how many.
        seconds: that it took, over all its runs.
        scores: what was measured.
    """

    number: int
    point: str
    outcome: str
    reason: str | None
    same_as: int | None
    milestones: int
    milestones_of: int
    seconds: float
    scores: tuple[TrialScore, ...]


class TunedStore:
    """Reads and writes trials; a trial is there once its point is."""

    def __init__(self, folder: Path) -> None:
        """Take the sweep's folder."""
        self.units = UnitTables(folder, schema.SCORES, schema.POINTS, named="trial-")

    def write(self, trial: TrialRow) -> None:
        """Write a trial; in place of what was written of it before."""
        row = asdict(trial)
        scores = [{"number": trial.number, **score} for score in row.pop("scores")]
        tables = {"scores": schema.SCORES.of_rows(scores), "points": schema.POINTS.of_rows([row])}
        self.units.write(trial_name(trial.number), tables)

    def read(self) -> Sequence[TrialRow]:
        """Read all trials, by number.

        Raises:
            OutvotedError: a table is damaged.
        """
        scores: dict[int, list[TrialScore]] = {}
        for row in self.units.read_all("scores").to_pylist():
            scores.setdefault(row.pop("number"), []).append(TrialScore(**row))
        points = sorted(self.units.read_all("points").to_pylist(), key=lambda row: row["number"])
        return [TrialRow(**row, scores=tuple(scores.get(row["number"], ()))) for row in points]

    def points(self) -> pa.Table:
        """Read the table `points`."""
        return self.units.read_all("points")


def trial_name(number: int) -> str:
    """Name a trial, and its run if it has one."""
    return f"trial-{number:04d}"
