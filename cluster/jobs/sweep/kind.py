"""`outvoted sweep`: networks of many settings, trained and measured epoch by epoch on Ray Tune."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import torch
from rich.console import Console
from rich.progress import Progress as Bars

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.runs.fence import guard_of
from outvoted.actors.runs.run_folder import RunFolder, RunRecord
from outvoted.actors.sweeps.mined_settings import MinedSettings
from outvoted.actors.sweeps.sweep_recorder import SweepRecorderActor
from outvoted.actors.sweeps.sweep_store import FAILED, FINISHED, SweepStore
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.sweeps.base import Unit
from outvoted.cluster.console.terminal import command
from outvoted.cluster.jobs.job import Job, Kind, Place, Recorded, Work
from outvoted.cluster.jobs.pulse import telling
from outvoted.cluster.jobs.sweep import SweepConfig
from outvoted.cluster.jobs.sweep.memory import check_memory, needed
from outvoted.cluster.jobs.sweep.mining import check_mining, mine_settings
from outvoted.cluster.jobs.sweep.trials import Spec, Stage, ended, grouped
from outvoted.cluster.jobs.workload import Timed, Workload
from outvoted.cluster.ray.cells import check_same_place, end_recorder, here, say_unwatched
from outvoted.search.errors import OutvotedError

if TYPE_CHECKING:
    from torch import nn

    from outvoted.analysis.report.report import Report


class Sweep(Kind[SweepConfig]):
    """Trains and measures the networks of an experiment's settings."""

    name, form = "sweep", SweepConfig
    written = "trials/, votes/, networks/, figures/*.png, summary.json"
    offers = frozenset({"label"})

    def prepare(self, job: Job[SweepConfig], record: RunRecord, data: Dataset, console: Console) -> Place:
        """Check that the networks fit the images, and can be mined if they are to be."""
        config = job.config
        _check_fits(config, data)
        config.experiment.check(data)
        for sentence in check_mining(config, data):
            console.print(sentence, markup=False, highlight=False, soft_wrap=True)

        def place(there: Mapping[str, float]) -> Work:
            check_memory(config, data, there)
            return partial(_sweep, config, _store(job), data)

        return place

    def workload(self, config: SweepConfig) -> Workload:
        """Count nothing: a sweep has no panel, and its networks are timed with what is measured of them."""
        return Workload()

    def timed(
        self, config: SweepConfig, data: Dataset, peers: "Mapping[str, nn.Module]", seconds: float
    ) -> Iterator[Timed]:
        """Time training and measuring, and mining."""
        from outvoted.cluster.jobs.sweep.timing import sweeping

        return sweeping(config, data, seconds)

    def memory(self, config: SweepConfig, data: Dataset, there: Mapping[str, float]) -> int:
        """Return the bytes of the trials that run at a time, images among them."""
        return needed(config, data, there)

    def report(self, run: OpenedRun) -> "Report":
        """Report what was measured, against the paper's claims."""
        from outvoted.analysis.sweeps.report import sweep_report

        return sweep_report(run)

    def recorded(self, store: RunFolder, record: RunRecord) -> Sequence[Recorded]:
        """Return the tables of every setting that was mined."""
        return (Recorded(MinedSettings(store.path).units),)

    def next(self, job: Job[SweepConfig], again: str) -> Sequence[str]:
        """Return commands that watch the sweep and extend it."""
        watch = command("tensorboard", "--logdir", job.store.path / "tb")
        return watch, f"{again} {command('--set', 'seeds=[...]')}   # more seeds"


SWEEP = Sweep()


def _store(job: Job[SweepConfig]) -> SweepStore:
    return SweepStore(job.store.path, job.config.experiment.fields())


def _sweep(config: SweepConfig, store: SweepStore, data: Dataset, progress: Bars) -> None:
    """Train what is not trained yet, stage by stage, and mine what is trained."""
    with _recorder(config, store, progress.console) as recorder:
        _SweepStages(config, store, data, recorder, progress).run()
    for name, parts in config.experiment.extras().items():
        if not store.folder.has_extra(name):
            bar = progress.add_task(name, total=1, details="")
            store.folder.write_extra(name, pa.concat_tables(parts))
            progress.update(bar, advance=1)
    mine_settings(config, store, data, progress)
    _say_failed(config, store, progress.console)


class _SweepStages:
    """Runs the stages in turn; a later one reads the votes of those before."""

    def __init__(
        self, config: SweepConfig, store: SweepStore, data: Dataset, recorder: Any, progress: Bars
    ) -> None:
        self._config, self._store, self._data = config, store, data
        self._recorder, self._progress = recorder, progress
        units = config.units()
        self._done = ended(store)
        self._epochs = {unit.name: store.epochs_kept(unit.name) for unit in units}
        epochs = config.training.epochs
        before = sum(epochs if unit.name in self._done else self._epochs[unit.name] for unit in units)
        self._bar = progress.add_task("epochs", total=len(units) * epochs, completed=before, details="")

    def run(self) -> None:
        """Run what has not ended."""
        config = self._config
        for stage in config.experiment.stages():
            units = [Unit(setting, seed) for setting in stage for seed in config.seeds]
            waiting = [unit for unit in units if unit.name not in self._done]
            specs = tuple(
                Spec(group, group[0].setting.needs)
                for group in grouped(waiting, self._epochs, config.trial.settings)
            )
            if specs:
                self._run(specs)

    def _run(self, specs: tuple[Spec, ...]) -> None:
        from outvoted.cluster.jobs.sweep.tuning import run_trials  # which imports ray.tune

        config, store = self._config, self._store
        votes = {name: _needed(store, name) for name in {name for spec in specs for name in spec.needs}}
        work = Stage(specs, config.experiment, config.training, config.trial, config.stopping)
        say = telling(self._progress.console)
        run_trials(work, self._data, votes, self._recorder, store.path, self._epoch, say)

    def _epoch(self, label: str, networks: int, accuracy: float) -> None:
        details = f"{label}: {accuracy:.1%} of test images right"
        self._progress.update(self._bar, advance=networks, details=details)


def _check_fits(config: SweepConfig, data: Dataset) -> None:
    try:
        with torch.device("meta"):
            config.experiment.network.build(data.shape, data.classes)
    except RuntimeError as error:
        raise OutvotedError(
            expected=f"experiment.network to fit images of shape {data.shape}",
            found=" ".join(str(error).split()),
            remedy="use fewer experiment.network.channels (each halves height and width), or kind: mlp",
        ) from error


def _needed(store: SweepStore, unit: str) -> pa.Table:
    """Return the votes of a unit that a later stage needs."""
    rows = store.trials([unit])
    if (rows["outcome"] == FINISHED).any():
        return store.votes(unit)
    failed = (rows["outcome"] == FAILED).any()
    reason = str(rows["reason"].iloc[0]).strip().splitlines()[-1] if failed else ""
    raise OutvotedError(
        expected=f"the votes of {unit}, which the settings of the next stage need",
        found=f"it failed: {reason}" if failed else "it was stopped before its last epoch",
        remedy="fix that and continue with --resume, which trains it again"
        if failed
        else "start a new sweep under another --name with stopping.rule: none",
    )


def _say_failed(config: SweepConfig, store: SweepStore, console: Console) -> None:
    outcomes, units = store.outcomes(), config.units()
    failed = [unit.name for unit in units if outcomes.get(unit.name) == FAILED]
    if failed:
        console.print(
            f"{len(failed)} of {len(units)} networks failed, {failed[0]} among them: {store.path}/trials "
            "says why, --resume tries them again.",
            soft_wrap=True,
        )


@contextmanager
def _recorder(config: SweepConfig, store: SweepStore, console: Console) -> Iterator[Any]:
    """Have a recorder on this machine, where the sweep's folder is, within the block.

    Cut off, it is left to end with the trials that still call it: killed before them, Ray would say so.
    """
    guard, fields = guard_of(store.path), config.experiment.fields()
    recorder = SweepRecorderActor.options(**here()).remote(
        store.path.resolve(), fields, guard and guard.resolved()
    )
    check_same_place(store.path, recorder)
    yield recorder
    say_unwatched(recorder, console)
    end_recorder(recorder)
