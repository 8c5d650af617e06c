"""Trials on Ray Tune: the thin shell that schedules and watches them."""

import time
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
from ray import tune
from ray.exceptions import RayError
from ray.tune.schedulers import ASHAScheduler, FIFOScheduler, MedianStoppingRule, TrialScheduler

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.networks.computing import keep_freed_memory, use_one_thread
from outvoted.actors.runs.ray_metrics import run_meter
from outvoted.actors.sweeps.sweep_store import FAILED, FINISHED, STOPPED, Row
from outvoted.analysis.sweeps.base import Unit
from outvoted.analysis.sweeps.trial import Trial
from outvoted.cluster.jobs.sweep.trials import Spec, Stage, equally_far
from outvoted.cluster.ray.calls import result
from outvoted.cluster.ray.trial_watch import TrialWatch, signing
from outvoted.cluster.ray.tuner import run_tuner
from outvoted.cluster.ray.work import Say

Votes = dict[str, pa.Table]
OnEpoch = Callable[[str, int, float], object]
"""Called after a trial's epoch with its label, its number of networks, and their mean test accuracy."""


def run_trials(
    work: Stage, data: Dataset, votes: Votes, recorder: Any, folder: Path, on_epoch: OnEpoch, say: Say
) -> None:
    """Run trials until each has ended; those that failed or were stopped early are recorded as such.

    Args:
        say: is told where nothing goes on.
    """
    trainable = tune.with_parameters(_train, work=work, data=data, votes=votes, recorder=recorder)
    resources = {"cpu": work.settings.num_cpus, "gpu": work.settings.num_gpus}
    how = tune.TuneConfig(scheduler=_scheduler(work), reuse_actors=True)
    space = {"trial": tune.grid_search(list(range(len(work.specs))))}
    signs = TrialWatch(recorder.signs.remote, lambda trial: work.specs[trial].label, say)
    watch = _EpochBar(work.specs, on_epoch, signs)
    for ended in run_tuner(trainable, resources, how, folder, [watch], space):
        for unit in work.specs[ended.config["trial"]].units:
            outcome = _outcome(ended, work.training.epochs)
            run_meter().add("networks", outcome=outcome)
            if ended.error is not None:
                _end(recorder, unit, FAILED, str(ended.error))
            elif outcome == STOPPED:
                _end(recorder, unit, STOPPED, None)


def _outcome(ended: Any, epochs: int) -> str:
    if ended.error is not None or ended.metrics.get("failed"):
        return FAILED
    return FINISHED if ended.metrics["epoch"] >= epochs else STOPPED


def _train(config: dict[str, Any], work: Stage, data: Dataset, votes: Votes, recorder: Any) -> None:
    """Run one trial in a worker; what it raises is recorded, and the other trials go on."""
    use_one_thread()
    keep_freed_memory()
    with signing(partial(recorder.sign.remote, config["trial"])):
        _trained(work.specs[config["trial"]], work, data, votes, recorder)


def _trained(spec: Spec, work: Stage, data: Dataset, votes: Votes, recorder: Any) -> None:
    try:
        trial = _begun(spec, work, data, votes, recorder)
        kept = time.monotonic()
        for epoch in trial.advance():
            each = zip(spec.units, trial.rows, strict=True)
            _all([recorder.epoch.remote(unit.name, rows[-1]) for unit, rows in each])
            if epoch == work.training.epochs:
                _finish(trial, recorder)
            elif time.monotonic() - kept >= work.settings.checkpoint_seconds:
                _keep(trial, recorder)
                kept = time.monotonic()
            tune.report(_metrics(epoch, trial))
    except RayError:
        raise  # of the recorder or the machines, not the trial's own
    except Exception:
        reason = traceback.format_exc()
        for unit in spec.units:
            _end(recorder, unit, FAILED, reason)
        tune.report({"epoch": 0, "test_accuracy": 0.0, "loss": 0.0, "failed": True})


def _begun(spec: Spec, work: Stage, data: Dataset, votes: Votes, recorder: Any) -> Trial:
    kept = _all([recorder.kept.remote(unit.name) for unit in spec.units])
    needed = {name: votes[name] for name in spec.needs}
    samples = work.experiment.data(spec.units[0].setting, data, needed)
    return Trial(work.experiment, spec.units, work.training, samples, equally_far(kept))


def _keep(trial: Trial, recorder: Any) -> None:
    each = zip(trial.units, trial.kept(), strict=True)
    _all([recorder.keep.remote(unit.name, kept) for unit, kept in each])


def _finish(trial: Trial, recorder: Any) -> None:
    each = zip(trial.units, trial.rows, trial.members(), trial.votes, strict=True)
    calls = [
        recorder.finish.remote(unit.name, dict(unit.setting.values), rows, member, votes)
        for unit, rows, member, votes in each
    ]
    _all(calls)


def _end(recorder: Any, unit: Unit, outcome: str, reason: str | None) -> None:
    unmeasured: Row = {"setting": unit.setting.label, "seed": unit.seed, "epoch": 0}
    result(recorder.end.remote(unit.name, unmeasured, outcome, reason))


def _all(calls: Sequence[Any]) -> list[Any]:
    return [result(call) for call in calls]


def _metrics(epoch: int, trial: Trial) -> dict[str, float]:
    """Return what the scheduler decides by: means over the trial's networks."""
    means = {
        name: sum(float(str(rows[-1][name])) for rows in trial.rows) / len(trial.rows)
        for name in ("test_accuracy", "loss")
    }
    return {"epoch": epoch, **means}


def _scheduler(work: Stage) -> TrialScheduler:
    stopping = work.stopping
    mode = "max" if stopping.metric == "test_accuracy" else "min"
    if stopping.rule == "asha":
        grace = min(stopping.grace, work.training.epochs)
        return ASHAScheduler("epoch", stopping.metric, mode, work.training.epochs, grace)
    if stopping.rule == "median":
        return MedianStoppingRule("epoch", stopping.metric, mode, stopping.grace)
    return FIFOScheduler()


class _EpochBar(tune.Callback):  # type: ignore[misc]  # Ray says nothing of its types
    """Tells the progress bar. Tune writes its callbacks down, for a way of going on that is not used here."""

    def __init__(self, specs: Sequence[Spec], on_epoch: OnEpoch, watch: TrialWatch) -> None:
        self._specs, self._on_epoch, self._watch = specs, on_epoch, watch

    def __getstate__(self) -> dict[str, Any]:
        return {}

    def on_step_begin(self, iteration: int, trials: list[Any], **info: Any) -> None:
        self._watch.look({trial.config["trial"]: trial for trial in trials if trial.status == "RUNNING"})

    def on_trial_result(
        self, iteration: int, trials: list[Any], trial: Any, result: dict[str, Any], **info: Any
    ) -> None:
        spec = self._specs[result["config"]["trial"]]
        if result.get("failed"):
            return
        self._on_epoch(spec.label, len(spec.units), result["test_accuracy"])
