"""Trials that hang: Tune knows no deadlines, so trials show signs of life to an actor beside the driver."""

import time
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

import ray

from outvoted.actors.runs.ray_metrics import run_meter
from outvoted.actors.training.ray_work import SIGN_SECONDS, Sign
from outvoted.cluster.ray.calls import ANSWER_SECONDS, result
from outvoted.cluster.ray.events import SaySentence, StopRun
from outvoted.cluster.ray.machines import MachinesLost
from outvoted.cluster.ray.stalling import STALLED_SECONDS
from outvoted.cluster.ray.work import Say
from outvoted.cluster.ray.work_watch import EndTask, Order, TaskSigned, WorkWatch

_PAUSE_SECONDS = 2.0


@contextmanager
def signing(send: Callable[[Sign], object]) -> Iterator[None]:
    """Within the block, send signs of life of this process."""
    ended = Event()

    def keep_signing() -> None:
        send(Sign.now())
        while not ended.wait(SIGN_SECONDS):
            send(Sign.now())

    signs = Thread(target=keep_signing, daemon=True)
    signs.start()
    try:
        yield
    finally:
        ended.set()


class TrialWatch:
    """Ends the processes of trials that hang, as often as Tune calls it: Tune then begins these again."""

    def __init__(self, ask: Callable[[], Any], name: Callable[[Any], str], say: Say) -> None:
        """Take what asks for the last signs, what names trials, and who is told that nothing goes on."""
        self._ask, self._name, self._say = ask, name, say
        self._watch, self._seen = WorkWatch(time.monotonic(), ends_unbegun=False), dict[Hashable, Sign]()
        self._lost = MachinesLost()
        self._asked: tuple[float, Any] | None = None
        self._due = self._said = 0.0

    def look(self, running: Mapping[Any, Any]) -> None:
        """Take the trials that are being made, by what they sign with.

        Raises:
            OutvotedError: what takes their signs does not answer, or there is no room for any of them.
        """
        now = time.monotonic()
        for trial in running.keys() - self._watch.tasks.keys():
            self._watch.asked(trial, f"trial {self._name(trial)}", now)
        for trial in self._watch.tasks.keys() - running.keys():
            self._watch.ended(trial, now)
        if self._asked is None and now >= self._due:
            self._asked = now, self._ask()
        if self._asked is None:
            return
        since, call = self._asked
        if not ray.wait([call], timeout=0)[0]:
            self._silent(now - since, call)
            return
        self._asked, self._due, self._said = None, now + _PAUSE_SECONDS, 0.0
        self._hear(result(call), now)
        run_meter().put("tasks", self._watch.running, state="running")
        for order in self._watch.step(now, self._lost):
            self._do(order, running)

    def _hear(self, signs: Mapping[Hashable, Sign], now: float) -> None:
        for trial, sign in signs.items():
            if self._seen.get(trial) != sign:
                self._seen[trial] = sign
                self._watch.signed(TaskSigned(trial, sign.node, sign.beats, sign.cpu_seconds), now)

    def _do(self, order: Order, running: Mapping[Any, Any]) -> None:
        match order:
            case SaySentence():
                self._say(order)
            case StopRun(error):
                raise error
            case EndTask(trial, said):
                run_meter().add("restarts")
                self._say(SaySentence(f"{said}: it is begun again"))
                _end(running[trial])

    def _silent(self, age: float, call: Any) -> None:
        if age > ANSWER_SECONDS:
            result(call, 0.0)
        if age > max(STALLED_SECONDS, 2 * self._said):
            self._said = age
            self._say(SaySentence(f"stalled for {age:.0f} s: what records trials does not answer"))


def _end(trial: Any) -> None:
    """End the process of a trial of Tune's."""
    actor = trial.temporary_state.ray_actor
    if actor is not None:
        Thread(target=ray.kill, args=(actor,), daemon=True).start()
