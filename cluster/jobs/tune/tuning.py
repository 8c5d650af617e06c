"""Trials on Ray Tune: the thin shell that has them made, one process for each that runs at a time."""

import tempfile
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ray import tune
from ray.tune.search import Searcher

from outvoted.actors.sweeps.tuned_store import TrialRow
from outvoted.cluster.jobs.tune import TrialStopping
from outvoted.cluster.jobs.tune.stopping import scheduler_of
from outvoted.cluster.jobs.tune.tasks import SweepWork, TrialTask
from outvoted.cluster.jobs.tune.trainable import ROW, TRIAL, TrialTrainable
from outvoted.cluster.jobs.tune.trials import Trials, failed
from outvoted.cluster.ray.calls import result
from outvoted.cluster.ray.placement import Share
from outvoted.cluster.ray.tuner import TRIES_AFTER_DEATH, run_tuner

_MOST_MILESTONES = 1000
OnFar = Callable[[TrialTask, TrialRow | None], object]
"""Is told of a trial that begins, or how far one is at a milestone."""


def run_trials(
    trials: Trials, work: SweepWork, share: Share, at_once: int, stopping: TrialStopping, on_far: OnFar
) -> None:
    """Have trials made until there are none left.

    Args:
        at_once: how many run at a time, at most.
        stopping: whether trials end early.
    """
    searcher = _Asking(trials)
    watch = _Watch(searcher, work, on_far)
    how = tune.TuneConfig(
        search_alg=searcher,
        scheduler=scheduler_of(stopping, work.objectives[0].goal, _MOST_MILESTONES),
        num_samples=-1,
        max_concurrent_trials=at_once,
        reuse_actors=True,
        trial_name_creator=_name,
        trial_dirname_creator=_name,
    )
    resources = {"cpu": share.num_cpus, "gpu": share.num_gpus}
    trainable = tune.with_parameters(TrialTrainable, work=work)
    with tempfile.TemporaryDirectory(prefix="outvoted-") as scratch:
        run_tuner(trainable, resources, how, Path(scratch), [watch])
    searcher.take_ended()


def _name(trial: Any) -> str:
    return f"trial-{trial.config[TRIAL]}"


class _Asking(Searcher):  # type: ignore[misc]  # Ray says nothing of its types
    """Asks for trials when Tune does. What it hears of their ends it keeps until Tune lets errors through.

    Tune writes it down, as its callbacks, for a way of going on that is not used here.
    """

    def __init__(self, trials: Trials) -> None:
        super().__init__()
        self._trials = trials
        self._begun: dict[str, TrialTask] = {}
        self._ended: deque[TrialRow] = deque()
        self._waiting = False

    def __getstate__(self) -> dict[str, Any]:
        return {}

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        self.take_ended()
        if self._waiting:
            return None
        task = self._trials.next()
        if task is None:
            self._waiting = True
            return self.FINISHED if self._trials.finished else None
        self._begun[trial_id] = task
        return {TRIAL: task}

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        task = self._begun.pop(trial_id)
        row = None if error or result is None else result.get(ROW)
        if row is None:
            reason = f"its process died {TRIES_AFTER_DEATH + 1} times"
            row = failed(task.number, task.point, reason)
        self._ended.append(row)

    def take_ended(self) -> None:
        """Record the trials that have ended since."""
        while self._ended:
            self._trials.end(self._ended.popleft())
            self._waiting = False

    def save(self, checkpoint_path: str) -> None:
        """Save nothing: what came of trials is in the sweep's tables."""

    def restore(self, checkpoint_path: str) -> None:
        """Restore nothing."""


class _Watch(tune.Callback):  # type: ignore[misc]
    """Has trials recorded as they end, and tells of those that run."""

    def __init__(self, searcher: _Asking, work: SweepWork, on_far: OnFar) -> None:
        self._searcher, self._work, self._on_far = searcher, work, on_far

    def __getstate__(self) -> dict[str, Any]:
        return {}

    def on_step_begin(self, iteration: int, trials: list[Any], **info: Any) -> None:
        self._searcher.take_ended()

    def on_trial_start(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        self._on_far(trial.config[TRIAL], None)

    def on_trial_result(
        self, iteration: int, trials: list[Any], trial: Any, result: dict[str, Any], **info: Any
    ) -> None:
        if not result.get("done"):
            self._on_far(trial.config[TRIAL], result[ROW])

    def on_trial_recover(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        self._lost(trial)

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        self._lost(trial)

    def _lost(self, trial: Any) -> None:
        """Have others train what the trial was training when its process died."""
        result(self._work.panels.lost.remote(str(trial.config[TRIAL])))
