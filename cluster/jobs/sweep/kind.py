"""`outvoted sweep`: networks of many settings, trained and measured epoch by epoch on Ray Tune."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import ray
import torch
from rich.console import Console
from rich.progress import Progress as Bars

from outvoted.actors.data import datasets
from outvoted.actors.data.datasets import Dataset
from outvoted.actors.sweeps.ray_sweep_recorder import SweepRecorderActor
from outvoted.actors.sweeps.sweep_store import FAILED, FINISHED, SweepStore
from outvoted.analysis.sweeps import Unit
from outvoted.cluster.console.bars import bars
from outvoted.cluster.jobs.loading import loaded
from outvoted.cluster.jobs.mine.kind import versions
from outvoted.cluster.jobs.runs import data_record, open_record, recorded
from outvoted.cluster.jobs.sweep import SweepConfig
from outvoted.cluster.jobs.sweep.memory import check_memory
from outvoted.cluster.jobs.sweep.mining import check_mining, mine_settings
from outvoted.cluster.jobs.sweep.tuning import Spec, Work, ended, grouped, run_trials
from outvoted.cluster.ray.cells import here
from outvoted.cluster.ray.connect import connected
from outvoted.search.errors import OutvotedError

_MAY_CHANGE = (
    "seeds",
    "trial.",
    "stopping.",
    "mining",
    "data.path",
    "experiment.temperatures",
    "experiment.fractions",
    "experiment.selections",
    "experiment.noises",
)
_RECORDER: Any = SweepRecorderActor


@dataclass(frozen=True)
class SweepJob:
    """A sweep that is about to begin or to go on."""

    config: SweepConfig
    store: SweepStore
    address: str
    resume: bool
    debug: bool = False


def sweep(job: SweepJob, console: Console) -> None:
    """Train what is not trained yet, stage by stage, and mine what is trained.

    Raises:
        OutvotedError: something in the configuration, the data, the folder or the cluster must be mended.
        KeyboardInterrupt: the sweep was cut off; it can be resumed.
    """
    config = job.config
    data = loaded(lambda: datasets.load(config.data), console)
    _check_fits(config, data)
    config.experiment.check(data)
    check_mining(config, data)
    record = open_record(job.store, config, job.resume, data_record(data), versions(), "sweep", _MAY_CHANGE)
    with connected(job.address, job.debug):
        check_memory(config, data, ray.cluster_resources())
        with recorded(job.store, record), bars(console) as progress:
            with _recorder(job) as recorder:
                _Stages(job, data, recorder, progress).run()
            mine_settings(config, job.store, data, progress)
    _say_failed(job, console)


class _Stages:
    """Runs the stages in turn; a later one reads the votes of those before."""

    def __init__(self, job: SweepJob, data: Dataset, recorder: Any, progress: Bars) -> None:
        self._job, self._data, self._recorder, self._progress = job, data, recorder, progress
        units = job.config.units()
        self._done = ended(job.store)
        self._epochs = {unit.name: job.store.epochs_kept(unit.name) for unit in units}
        epochs = job.config.training.epochs
        before = sum(epochs if unit.name in self._done else self._epochs[unit.name] for unit in units)
        self._bar = progress.add_task("epochs", total=len(units) * epochs, completed=before, details="")

    def run(self) -> None:
        """Run what has not ended."""
        config = self._job.config
        for stage in config.experiment.stages():
            units = [Unit(setting, seed) for setting in stage for seed in config.seeds]
            waiting = [unit for unit in units if unit.name not in self._done]
            specs = tuple(
                Spec(group, config.experiment.needs(group[0].setting))
                for group in grouped(waiting, self._epochs, config.trial.settings)
            )
            if specs:
                self._run(specs)

    def _run(self, specs: tuple[Spec, ...]) -> None:
        config, store = self._job.config, self._job.store
        votes = {name: _needed(store, name) for name in {name for spec in specs for name in spec.needs}}
        work = Work(specs, config.experiment, config.training, config.trial, config.stopping)
        run_trials(work, self._data, votes, self._recorder, store.path, self._epoch)

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
            remedy="fewer experiment.network.channels, each of which halves height and width, or kind: mlp",
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
        remedy="mend that and go on with --resume, which trains it again"
        if failed
        else "start a new sweep under another --name with stopping.rule: none",
    )


def _say_failed(job: SweepJob, console: Console) -> None:
    outcomes, units = job.store.outcomes(), job.config.units()
    failed = [unit.name for unit in units if outcomes.get(unit.name) == FAILED]
    if failed:
        console.print(
            f"{len(failed)} of {len(units)} networks failed, {failed[0]} among them: {job.store.path}/trials "
            "says why, --resume tries them again.",
            soft_wrap=True,
        )


@contextmanager
def _recorder(job: SweepJob) -> Iterator[Any]:
    """Have a recorder on this machine, where the sweep's folder is, within the block.

    Cut off, it is left to end with the trials that still call it: killed before them, Ray would say so.
    """
    recorder = _RECORDER.options(**here()).remote(job.store.path.resolve(), job.config.experiment.fields())
    yield recorder
    ray.get(recorder.close.remote())
    ray.kill(recorder)
