"""A sweep of any keys once all is checked: the desk beside its driver, and its trials one after another."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import ray
from rich.progress import Progress as Bars

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.runs import same_place
from outvoted.actors.runs.fence import guard_of
from outvoted.actors.runs.run_folder import Figures, RunRecord
from outvoted.actors.sweeps.tuned_store import TunedStore
from outvoted.analysis.tuning.racing import Racing, racing_of
from outvoted.analysis.tuning.schedule import Order, Schedule
from outvoted.analysis.tuning.space import Space
from outvoted.cluster.jobs.job import Job
from outvoted.cluster.jobs.pulse import telling
from outvoted.cluster.jobs.tune import TuneConfig
from outvoted.cluster.jobs.tune.desk import SweepDeskActor
from outvoted.cluster.jobs.tune.desk_part import DeskPart
from outvoted.cluster.jobs.tune.tasks import SweepWork
from outvoted.cluster.jobs.tune.trials import JudgedBy, Trials, recorded
from outvoted.cluster.jobs.tune.watched import WatchedSweep
from outvoted.cluster.jobs.tune.worker import data_settings
from outvoted.cluster.ray.calls import answered
from outvoted.cluster.ray.cells import end_recorder, here
from outvoted.cluster.ray.placement import Share

_COUNTING_SECONDS = 2.0


class TuneFigures(Figures):
    """What a sweep counts of itself."""

    trained: int = 0
    """Networks, over all its sessions."""
    remarks: tuple[str, ...] = ()
    """Sentences for its report: what a reader of the trials must know."""


@dataclass(frozen=True)
class Sweeping:
    """A sweep of which all is checked.

    Attributes:
        share: what each trial takes.
        at_once: how many trials run at a time, at most.
    """

    job: Job[TuneConfig]
    record: RunRecord
    data: Dataset
    space: Space[Any]
    judged: JudgedBy
    share: Share
    at_once: int

    def run(self, progress: Bars) -> None:
        """Make the trials that there are none of yet."""
        from outvoted.cluster.jobs.tune.tuning import Placing, run_trials  # which imports ray.tune

        config, path = self.job.config, self.job.store.path
        store = TunedStore(path)
        rows = store.read()
        before = recorded(config, self.space, rows, path, self.data.shape[0])
        order = Order(config.trials, config.parallel, config.seed, _racing(config, self.judged))
        schedule = Schedule(config.chosen, self.space, self.judged.goals, order, before)
        watched = WatchedSweep(path, self.judged, schedule, progress)
        with ExitStack() as until_the_end:
            work = until_the_end.enter_context(self._work())
            until_the_end.enter_context(watched.table)
            again = {one.number for one in before if one.ended is None}
            for row in rows:
                if row.number not in again:
                    watched.known(row)
            trials = Trials(config, self.space, schedule, store, rows, watched.ended)
            how = Placing(self.share, self.at_once, config.stopping)
            run_trials(trials, work, how, watched.far, telling(progress.console))
            trials.join()
        watched.close()
        self._remark(schedule)

    def _remark(self, schedule: Schedule) -> None:
        """Leave in the run's record what its report shall say of the order of trials."""
        figures = TuneFigures.of(self.record)
        figures.remarks = tuple(filter(None, [schedule.remark]))
        figures.put(self.record)

    @contextmanager
    def _work(self) -> Iterator[SweepWork]:
        """Have a desk beside the driver within the block, and what workers are told of the sweep."""
        store, config = self.job.store, self.job.config
        guard, figures = guard_of(store.path), TuneFigures.of(self.record)
        known = guard and guard.resolved()
        desk = SweepDeskActor.options(**here()).remote(store.path.resolve(), store.panels.resolve(), known)
        panels = DeskPart(desk, "panels")
        try:
            yield SweepWork(
                kind=config.base_kind,
                folder=store.path.resolve(),
                question=same_place.ask(store.path),
                guard=known,
                base=data_settings(config.base),
                data=(ray.put(self.data),),
                trials=DeskPart(desk, "trials"),
                panels=panels,
                runs=DeskPart(desk, "runs"),
                signs=DeskPart(desk, "signs"),
                objectives=self.judged.objectives,
                constraints=self.judged.constraints,
                rule=config.stopping.rule,
            )
        finally:
            figures.trained += answered(panels.remote("count"), _COUNTING_SECONDS, 0)
            figures.put(self.record)
            same_place.forget(store.path)
            end_recorder(desk)


def _racing(config: TuneConfig, judged: JudgedBy) -> Racing | None:
    if config.stopping.rule != "race":
        return None
    stopping, runs = config.stopping, 1 if config.replicates is None else len(config.replicates.seeds)
    return racing_of(
        config.base_kind, judged.objectives, judged.constraints, stopping.error, stopping.grace, runs
    )
