"""What a worker is told of a trial, and what all trials of a sweep have in common."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from outvoted.actors.runs.fence import Guard
from outvoted.analysis.tuning.constraints import Constraint
from outvoted.analysis.tuning.judging import names_of
from outvoted.analysis.tuning.objectives import Objective
from outvoted.analysis.tuning.racing import Race
from outvoted.cluster.jobs.run_settings import RunSettings
from outvoted.cluster.jobs.tune.desk_part import DeskPart


@dataclass(frozen=True)
class TrialRun:
    """A run of a trial: its name, which is that of its folder, and what it does."""

    name: str
    config: RunSettings


@dataclass(frozen=True)
class TrialTask:
    """A trial that is to be made; ``race`` says at its runs' milestones whether it can still win."""

    number: int
    point: str
    runs: tuple[TrialRun, ...]
    race: Race | None = None

    def __str__(self) -> str:
        return f"{self.number:04d}"


@dataclass(frozen=True)
class SweepWork:
    """What all trials have in common.

    Attributes:
        kind: of their runs.
        folder: of the sweep, absolute, as the driver sees it.
        question: what stands there for workers that see the same folder.
        guard: what is asked before anything is written there.
        base: the data settings of ``data``, as JSON.
        data: a reference to the images that most trials have.
        trials, panels, runs, signs: parts of the desk beside the driver: where trials are handed out, panels
            are trained, runs of other machines are left, and signs of life are shown.
        rule: by which trials end early.
    """

    kind: str
    folder: Path
    question: str
    guard: Guard | None
    base: str
    data: Any
    trials: DeskPart
    panels: DeskPart
    runs: DeskPart
    signs: DeskPart
    objectives: tuple[Objective, ...]
    constraints: tuple[Constraint, ...]
    rule: str

    @property
    def told(self) -> bool:
        """Whether Tune is told of trials at every milestone, and may stop them."""
        return self.rule in ("asha", "median")

    @property
    def measures(self) -> tuple[str, ...]:
        """What is measured of every trial."""
        return names_of(self.objectives, self.constraints)
