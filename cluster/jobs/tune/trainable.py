"""A worker as Ray Tune sees it: one process that makes trial after trial."""

import os
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any

from ray import tune

from outvoted.actors.sweeps.tuned_store import STOPPED, TrialRow
from outvoted.cluster.jobs.tune.stopping import MILESTONE, SCORE
from outvoted.cluster.jobs.tune.tasks import SweepWork, TrialTask
from outvoted.cluster.jobs.tune.worker import TrialSoFar, TrialWorker, scores_of
from outvoted.cluster.ray.calls import result
from outvoted.cluster.ray.trial_watch import signing

ASKING, ROW = "asking", "row"
"""What a worker asks with for a trial, and what it hands back."""


class TrialTrainable(tune.Trainable):  # type: ignore[misc]  # Ray says nothing of its types
    """Makes the trial that it is given in a step; where Tune may stop it, in a step for each milestone."""

    def setup(self, config: dict[str, Any], work: SweepWork) -> None:
        """Take what all trials have in common, and what to ask with for the first one."""
        self._home = Path(os.environ.get("TUNE_ORIG_WORKING_DIR", "."))
        self._work = work
        self._under_way: _UnderWay | None = None
        self.reset_config(config)
        self._worker = TrialWorker(work)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Take what to ask with for another trial; one that was stopped comes to its end first."""
        self.cleanup()
        os.chdir(self._home)  # which Tune has left: users' paths are relative to it
        self._asking: int = new_config[ASKING]
        return True

    def step(self) -> dict[str, Any]:
        """Make a trial, or go on with it up to its next milestone."""
        if self._under_way is None:
            task = self._task()
            if task is None:
                return {"done": True, MILESTONE: 0, SCORE: self._worst}
            if not self._work.told:
                with self._signing():
                    return _ended(self._worker.make(task))
            self._under_way = _UnderWay(self._worker, task)
        with self._signing():
            told = self._under_way.next()
        if isinstance(told, TrialRow):
            self._under_way = None
            return self._scored(told) | _ended(told)
        return self._scored(told.row(STOPPED, "stopped early by " + self._work.rule))

    def _task(self) -> TrialTask | None:
        while True:
            found: tuple[TrialTask | None] | None = result(self._work.trials.remote("take", self._asking))
            if found is not None:
                return found[0]

    def _signing(self) -> AbstractContextManager[None]:
        return signing(partial(self._work.signs.remote, "sign", self._asking))

    def cleanup(self) -> None:
        """End a trial that was stopped."""
        if self._under_way is not None:
            self._under_way.stop()
            self._under_way = None

    def _scored(self, row: TrialRow) -> dict[str, Any]:
        (score,) = scores_of([self._work.objectives[0].measure], row)
        return {ROW: row, MILESTONE: row.milestones, SCORE: self._worst if score is None else score}

    @property
    def _worst(self) -> float:
        return float("-inf") if self._work.objectives[0].goal == "maximise" else float("inf")


class _UnderWay:
    """A trial in a thread of its own, which waits at every milestone to be told whether to go on."""

    def __init__(self, worker: TrialWorker, task: TrialTask) -> None:
        self._told: Queue[TrialSoFar | TrialRow | BaseException] = Queue()
        self._answers: Queue[bool] = Queue()
        self._waiting = False
        self._thread = Thread(target=self._run, args=(worker, task), daemon=True)
        self._thread.start()

    def next(self) -> TrialSoFar | TrialRow:
        if self._waiting:
            self._answers.put(True)
        found = self._told.get()
        if isinstance(found, BaseException):
            raise found
        self._waiting = True
        return found

    def stop(self) -> None:
        self._answers.put(False)
        self._thread.join()

    def _run(self, worker: TrialWorker, task: TrialTask) -> None:
        try:
            self._told.put(worker.make(task, self._ask))
        except BaseException as error:
            self._told.put(error)

    def _ask(self, so_far: TrialSoFar) -> bool:
        self._told.put(so_far)
        return self._answers.get()


def _ended(row: TrialRow) -> dict[str, Any]:
    return {ROW: row, "done": True}
