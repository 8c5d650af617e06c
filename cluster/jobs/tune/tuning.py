"""Trials on Ray Tune: the thin shell that has them made, one process for each that runs at a time."""

import tempfile
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import ray
from ray import tune
from ray.tune.search import Searcher

from outvoted.actors.sweeps.tuned_store import TrialRow
from outvoted.cluster.jobs.tune import TrialStopping
from outvoted.cluster.jobs.tune.stopping import scheduler_of
from outvoted.cluster.jobs.tune.tasks import SweepWork, TrialTask
from outvoted.cluster.jobs.tune.trainable import ASKING, ROW, TrialTrainable
from outvoted.cluster.jobs.tune.trials import Trials, failed
from outvoted.cluster.ray.calls import result
from outvoted.cluster.ray.placement import Share
from outvoted.cluster.ray.trial_watch import TrialWatch
from outvoted.cluster.ray.tuner import TRIES_AFTER_DEATH, run_tuner
from outvoted.cluster.ray.work import Say

_MOST_MILESTONES = 1000
OnFar = Callable[[TrialTask, TrialRow | None], object]
"""Is told of a trial that begins, or how far one is at a milestone."""


@dataclass(frozen=True)
class Placing:
    """What each trial takes, how many run at a time at most, and whether they end early."""

    share: Share
    at_once: int
    stopping: TrialStopping


def run_trials(trials: Trials, work: SweepWork, placing: Placing, on_far: OnFar, say: Say) -> None:
    """Have trials made until there are none left.

    Args:
        say: is told where nothing goes on.
    """
    share, at_once, stopping = placing.share, placing.at_once, placing.stopping
    askings = _Askings(trials, work, on_far)
    how = tune.TuneConfig(
        search_alg=askings,
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
        watch = TrialWatch(partial(work.signs.remote, "signs"), askings.name, say)
        run_tuner(trainable, resources, how, Path(scratch), [_Watch(askings, watch)])
    askings.go_on()


def _name(trial: Any) -> str:
    return f"asking-{trial.config[ASKING]}"


class _Askings(Searcher):  # type: ignore[misc]  # Ray says nothing of its types
    """Has a worker ask for a trial whenever Tune has room for one, and answers as soon as there is one.

    What it hears of trials it keeps until Tune lets errors through. Tune writes it down, as its callbacks,
    for a way of going on that is not used here.
    """

    def __init__(self, trials: Trials, work: SweepWork, on_far: OnFar) -> None:
        super().__init__()
        self._trials, self._work, self._on_far = trials, work, on_far
        self._askings: dict[str, int] = {}
        self._waiting: dict[int, None] = {}
        self._given: dict[int, TrialTask] = {}
        self._ended: deque[TrialRow] = deque()
        self._count = 0
        self._alive = work.trials.remote("stay")

    def __getstate__(self) -> dict[str, Any]:
        return {}

    def suggest(self, trial_id: str) -> dict[str, Any] | str:
        self.go_on()
        if self._trials.finished:
            return str(self.FINISHED)
        asking = self._askings[trial_id] = self._count
        self._count += 1
        self._waiting[asking] = None
        self._hand_out()
        return {ASKING: asking}

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        asking = self._askings.pop(trial_id)
        self._waiting.pop(asking, None)
        self._work.trials.remote("forget", asking)
        task = self._given.pop(asking, None)
        if task is None:
            return
        row = None if error or result is None else result.get(ROW)
        reason = f"its process died {TRIES_AFTER_DEATH + 1} times"
        self._ended.append(row or failed(task.number, task.point, reason))

    def go_on(self) -> None:
        """Record the trials that have ended since, and begin those that may follow.

        Raises:
            RayError: the desk's process has died, without which no trial could be made.
        """
        if ray.wait([self._alive], timeout=0)[0]:
            result(self._alive)
        while self._ended:
            self._trials.end(self._ended.popleft())
            self._hand_out()

    def running(self, trials: Sequence[Any]) -> dict[int, Any]:
        """Return those of Tune's trials that make a trial."""
        asked = {trial.config[ASKING]: trial for trial in trials if trial.status == "RUNNING"}
        return {asking: trial for asking, trial in asked.items() if asking in self._given}

    def name(self, asking: int) -> str:
        """Return the name of the trial that answers an asking."""
        return str(self._given[asking])

    def far(self, trial: Any, row: TrialRow) -> None:
        """Tell how far a trial is."""
        self._on_far(self._given[trial.config[ASKING]], row)

    def lost(self, trial: Any) -> None:
        """Have others train what a trial was training when its process died."""
        task = self._given.get(trial.config[ASKING])
        if task is not None:
            result(self._work.panels.remote("lost", str(task)))

    def _hand_out(self) -> None:
        while self._waiting:
            task = self._trials.next()
            if task is None and not self._trials.finished:
                return
            asking = next(iter(self._waiting))
            del self._waiting[asking]
            self._work.trials.remote("give", asking, task)
            if task is not None:
                self._given[asking] = task
                self._on_far(task, None)

    def save(self, checkpoint_path: str) -> None:
        """Save nothing: what came of trials is in the sweep's tables."""

    def restore(self, checkpoint_path: str) -> None:
        """Restore nothing."""


class _Watch(tune.Callback):  # type: ignore[misc]
    """Passes on what Tune says, where it lets errors through."""

    def __init__(self, askings: _Askings, watch: TrialWatch) -> None:
        self._askings, self._watch = askings, watch

    def __getstate__(self) -> dict[str, Any]:
        return {}

    def on_step_begin(self, iteration: int, trials: list[Any], **info: Any) -> None:
        self._askings.go_on()
        self._watch.look(self._askings.running(trials))

    def on_trial_result(
        self, iteration: int, trials: list[Any], trial: Any, result: dict[str, Any], **info: Any
    ) -> None:
        if not result.get("done"):
            self._askings.far(trial, result[ROW])

    def on_trial_recover(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        self._askings.lost(trial)

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        self._askings.lost(trial)
