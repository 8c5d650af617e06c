"""`outvoted sweep` of any keys: a run for each point of a space, made trial by trial on Ray Tune."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rich.console import Console

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.runs.run_folder import RunFolder, RunRecord
from outvoted.actors.sweeps.tuned_store import TunedStore
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.tuning.algorithms import GridSearch
from outvoted.analysis.tuning.judging import check_measures
from outvoted.analysis.tuning.space import Space
from outvoted.cluster.console.terminal import command, warn, warn_if
from outvoted.cluster.jobs.job import Job, Kind, Place, Recorded, Work
from outvoted.cluster.jobs.kinds import KINDS
from outvoted.cluster.jobs.trial_share import at_once
from outvoted.cluster.jobs.tune import TuneConfig
from outvoted.cluster.jobs.tune.checks import EXAMPLES, check_points, check_runs
from outvoted.cluster.jobs.tune.stopping import check_stopping
from outvoted.cluster.jobs.tune.sweeping import Sweeping
from outvoted.cluster.jobs.tune.trials import JudgedBy, check_recorded, configured, run_folders
from outvoted.cluster.jobs.workload import Workload
from outvoted.cluster.storage.urls import given_as

if TYPE_CHECKING:
    from outvoted.analysis.report.report import Report


class Tune(Kind[TuneConfig]):
    """Varies keys of an ordinary configuration, and makes a run of each point."""

    name, form = "tune", TuneConfig
    written = "points/, scores/, runs/, summary.json, figures/*.png"

    def load(self, config: Any) -> Dataset:
        """Load the labelled images of the configuration whose keys are varied, where these are sound."""
        config.space()
        return KINDS[config.base_kind].load(config.base)

    def prepare(self, job: Job[TuneConfig], record: RunRecord, data: Dataset, console: Console) -> Place:
        """Refuse whatever can be refused before anything starts."""
        config = job.config
        check_stopping(config)
        space, judged = config.space(), JudgedBy(config)
        _check_measures(config, judged, space)
        if job.resume:
            check_recorded(space, TunedStore(job.store.path).read())
        config.chosen.check(space, judged.goals)
        warn_if(console, check_points(space, data))
        check_runs(KINDS[config.base_kind], job, space, record, data, console)

        def place(there: Mapping[str, float]) -> Work:
            share, many = at_once(config.trial.num_cpus, config.trial.num_gpus, config.parallel, there)
            console.print(f"{many} trials at a time", soft_wrap=True)
            if there.get("GPU") and not share.num_gpus:
                warn(console, "trials compute on CPUs, since trial.num_gpus is 0: the GPUs are not used")
            return Sweeping(job, record, data, space, judged, share, many).run

        return place

    def workload(self, config: TuneConfig) -> Workload:
        """Count what all runs do, and the panels that differ."""
        one, space = KINDS[config.base_kind].workload(config.base), config.space()
        count = space.count() if isinstance(config.chosen, GridSearch) else None
        trials = config.trials if count is None else count
        runs = trials * (1 if config.replicates is None else len(config.replicates.seeds))
        panels = sum(1 for _ in _panels(space, min(trials, EXAMPLES)))
        return replace(
            one,
            panels=one.panels * panels,
            mined={name: replace(part, times=part.times * runs) for name, part in one.mined.items()},
            epochs=one.epochs * runs,
        )

    def report(self, run: OpenedRun) -> "Report":
        """Report the trials."""
        from outvoted.analysis.tuning.report import tuning_report

        return tuning_report(run)

    def recorded(self, store: RunFolder, record: RunRecord) -> Sequence[Recorded]:
        """Return the tables of every trial's runs."""
        found = []
        for folder in run_folders(store):
            made = folder.glance()
            for one in KINDS[made.kind].recorded(folder, made):
                part = folder.path.name if one.run is None else f"{folder.path.name}/{one.run}"
                found.append(replace(one, run=part))
        return found

    def next(self, job: Job[TuneConfig], again: str) -> Sequence[str]:
        """Return commands that give the best trial, extend the sweep, and watch it."""
        best = command("outvoted", "sweep", given_as(job.store.path), "--best")
        lists = isinstance(job.config.chosen, GridSearch)
        first = next(iter(job.config.vary))
        way = "grid" if job.config.vary[first].grid is not None else "choice"
        more = f"vary.{first}.{way}=[...]" if lists else f"trials={2 * job.config.trials}"
        return (
            f"{best} > best.yaml   # the configuration of the best trial",
            f"{again} {command('--set', more)}   # more {'values' if lists else 'trials'}",
            command("tensorboard", "--logdir", job.store.path / "tb"),
        )


TUNE = Tune()


def _check_measures(config: TuneConfig, judged: JudgedBy, space: Space[Any]) -> None:
    """Refuse measures that a run does not have: of the base, and of points that change what is measured."""
    early, racing = config.stopping.rule != "none", config.stopping.rule == "race"
    for base in (config.base, *(configured(space, point) for point in space.examples(EXAMPLES))):
        check_measures(config.base_kind, base, judged.objectives, judged.constraints, early, racing)


def _panels(space: Space[Any], most: int) -> Iterator[str]:
    """Yield what tells panels apart that are trained."""
    seen = set()
    for point in space.examples(most):
        values = space.values_of(point)
        panel = str([values.get(key) for key in ("data", "panel", "referee")])
        if panel not in seen:
            seen.add(panel)
            yield panel
