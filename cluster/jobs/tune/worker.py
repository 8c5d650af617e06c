"""One trial after another in a worker: its runs are made, measured, and told of as a row."""

import time
import traceback
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ray
from ray.exceptions import RayError

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.networks.computing import keep_freed_memory, use_one_thread
from outvoted.actors.runs import fence
from outvoted.actors.sweeps.tuned_store import FAILED, FINISHED, STOPPED, TrialRow, TrialScore
from outvoted.analysis.tuning.measures import measured
from outvoted.analysis.tuning.objectives import Measured, pooled
from outvoted.cluster.jobs.in_process import maker_of
from outvoted.cluster.jobs.in_process.base import Making, Milestone
from outvoted.cluster.jobs.kinds import KINDS
from outvoted.cluster.jobs.run_settings import RunSettings
from outvoted.cluster.jobs.tune.places import RunPlaces, SentPlaces, SharedPlaces, seen
from outvoted.cluster.jobs.tune.shelf import DeskShelf
from outvoted.cluster.jobs.tune.tasks import SweepWork, TrialRun, TrialTask
from outvoted.cluster.ray.calls import FETCH_SECONDS
from outvoted.search.errors import OutvotedError

_DATA_KEPT = 2
_MILESTONES = 10
_LONGEST = 300

Figures = Mapping[str, Measured]
"""What was measured of a run, by the names of measures."""
Listener = Callable[["TrialSoFar"], bool]
"""Is told how far a trial is at every milestone; False ends it there."""


@dataclass(frozen=True)
class TrialSoFar:
    """A trial at a milestone of one of its runs.

    Attributes:
        milestones, milestones_of: that its runs have gone through, and how many there are.
        runs: what was measured of the runs that have ended, and of the one under way.
    """

    task: TrialTask
    milestones: int
    milestones_of: int
    runs: tuple[Figures, ...]
    seconds: float

    def row(self, outcome: str, reason: str | None = None) -> TrialRow:
        """Return the trial as a row, if it ended like this."""
        return TrialRow(
            number=self.task.number,
            point=self.task.point,
            outcome=outcome,
            reason=reason,
            same_as=None,
            milestones=self.milestones,
            milestones_of=self.milestones_of,
            seconds=self.seconds,
            scores=tuple(self._scores()),
        )

    def _scores(self) -> list[TrialScore]:
        found = []
        for name in self.runs[0] if self.runs else ():
            each = [one[name] for one in self.runs]
            found.append(_score(name, None, pooled(each)))
            if len(each) > 1:
                names = [run.name for run in self.task.runs]
                found += [_score(name, run, one) for run, one in zip(names, each, strict=False)]
        return found


class TrialWorker:
    """Makes trials; what they share it keeps: images, panels, whatever runs of their kind share."""

    def __init__(self, work: SweepWork) -> None:
        """Take what all trials have in common."""
        use_one_thread()
        keep_freed_memory()
        self._work, self._shelf = work, DeskShelf(work.panels)
        self._places: RunPlaces = SentPlaces(work.runs)
        if seen(work.folder, work.question):
            fence.guard(work.guard)
            self._places = SharedPlaces(work.folder)
        self._images, self._maker = _Images(work), maker_of(work.kind)

    def make(self, task: TrialTask, listener: Listener | None = None) -> TrialRow:
        """Make a trial; what it fails of is in its row.

        Raises:
            RayError: the actors beside the driver can't be reached.
        """
        self._shelf.who = str(task)
        made = _MadeTrial(self._work, task, listener)
        try:
            for run in task.runs:
                if not self._make(run, made):
                    return made.so_far().row(STOPPED, made.reason)
        except RayError:
            raise
        except OutvotedError as error:
            return made.so_far().row(FAILED, str(error))
        except Exception as error:
            what = f"{type(error).__name__}: {' '.join(str(error).split())[:_LONGEST]}"
            return made.so_far().row(FAILED, f"{what}\n{traceback.format_exc()}")
        return made.so_far().row(FINISHED)

    def _make(self, run: TrialRun, made: "_MadeTrial") -> bool:
        data = self._images.of(run.config)
        config = run.config.settled(data.shape[0])
        with self._places.place(run.name) as store:

            def measure(milestone: Milestone | None) -> Figures:
                tables = milestone.tables if milestone is not None and milestone.tables else None
                return measured(self._work.kind, config, store.path, self._work.measures, tables=tables)

            made.begin(measure)
            milestones = _MILESTONES if made.may_end_early else 1
            making = Making(config, store, data, self._shelf, made.heard, milestones)
            finished = self._maker.make(making)
            made.end()
            return finished


class _MadeTrial:
    """How far a trial is."""

    def __init__(self, work: SweepWork, task: TrialTask, listener: Listener | None) -> None:
        self.reason = f"stopped early by {work.rule}"
        self._work, self._task, self._listener = work, task, listener
        self._began = time.monotonic()
        self._ended: list[Figures] = []
        self._passed: list[Milestone] = []
        self._milestone: Milestone | None = None
        self._measure: Callable[[Milestone | None], Figures] = lambda milestone: {}

    @property
    def may_end_early(self) -> bool:
        return self._listener is not None or self._task.race is not None

    def begin(self, measure: Callable[[Milestone | None], Figures]) -> None:
        self._measure, self._milestone = measure, None

    def heard(self, milestone: Milestone) -> bool:
        self._milestone = milestone
        if milestone.number == milestone.of:
            return True
        found = self._measure(milestone)
        if self._listener is not None:
            return self._listener(self.so_far(found))
        lost = self._lost(milestone, found)
        self.reason = lost or self.reason
        return lost is None

    def _lost(self, milestone: Milestone, found: Figures) -> str | None:
        if self._task.race is None:
            return None
        objectives = [found[one.measure] for one in self._work.objectives]
        constraints = [found[one.measure] for one in self._work.constraints]
        return self._task.race.lost(milestone.number, milestone.of, objectives, constraints)

    def end(self) -> None:
        self._ended.append(self._measure(self._milestone))
        self._passed.append(self._milestone or Milestone(1, 1))
        self._milestone = None

    def so_far(self, *running: Figures) -> TrialSoFar:
        passed = [*self._passed, *([self._milestone] if self._milestone is not None else [])]
        each = passed[-1].of if passed else 1
        return TrialSoFar(
            self._task,
            sum(one.number for one in passed),
            each * len(self._task.runs),
            (*self._ended, *running),
            time.monotonic() - self._began,
        )


class _Images:
    """Labelled images by their settings: those of most trials from the object store, others loaded here."""

    def __init__(self, work: SweepWork) -> None:
        self._work = work
        self._kept: OrderedDict[str, Dataset] = OrderedDict()

    def of(self, config: RunSettings) -> Dataset:
        name = data_settings(config)
        if name not in self._kept:
            known = name == self._work.base
            (placed,) = self._work.data
            if known:
                self._kept[name] = ray.get(placed, timeout=FETCH_SECONDS)
            else:
                self._kept[name] = KINDS[self._work.kind].load(config)
            while len(self._kept) > _DATA_KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(name)
        return self._kept[name]


def data_settings(config: Any) -> str:
    """Return what tells the images of a configuration from others."""
    text: str = config.data.model_dump_json()
    return text


def _score(measure: str, run: str | None, found: Measured) -> TrialScore:
    return TrialScore(measure, run, found.value, found.low, found.high, found.of)


def scores_of(names: Sequence[str], row: TrialRow) -> list[float | None]:
    """Return a trial's values of some measures, over all its runs."""
    found = {score.measure: score.value for score in row.scores if score.run is None}
    return [found.get(name) for name in names]
