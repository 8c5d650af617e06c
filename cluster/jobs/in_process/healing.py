"""Healing in this process."""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

import pyarrow as pa

from outvoted.actors.healing.arms import Arm
from outvoted.actors.healing.heal_store import HealStore
from outvoted.actors.healing.healing import Healer, Round, Task
from outvoted.actors.networks.members import fingerprint
from outvoted.cluster.jobs.heal import HealConfig
from outvoted.cluster.jobs.heal.networks import HealNetworks
from outvoted.cluster.jobs.heal.stored import StoredHealing
from outvoted.cluster.jobs.in_process.base import InProcess, Making, Milestone
from outvoted.cluster.jobs.in_process.recording import finished, placed, recording, tell
from outvoted.cluster.jobs.in_process.unseen import unseen
from outvoted.search.trust import named_by

_KEPT, _KEPT_BYTES = 8, 1 << 26


class HealingInProcess(InProcess[HealConfig]):
    """Makes healing runs; a milestone is a round that all arms and repeats have ended, the start the first.

    A run may end before its last milestone: once its success rate is steady.
    """

    def __init__(self) -> None:
        self._starts = _Starts()

    def make(self, run: Making[HealConfig]) -> bool:
        """Make a run, or what is left of it, into its folder; return whether it went to its end."""
        if finished(run):
            most = run.config.heal.rounds + 1
            tell(run, Milestone(most, most))
            return True
        with placed(run), recording(run, "heal"):
            self._heal(run)
            return True
        return False

    def _heal(self, run: Making[HealConfig]) -> None:
        config, store, most = run.config, HealStore(run.store.path), run.config.heal.rounds + 1
        config.search.check(run.data.shape, config.panel.names)

        def told(rows: pa.Table, number: int, last: bool) -> None:
            tell(run, Milestone(most if last else number + 1, most, {"rounds": rows}))

        networks = HealNetworks(config, store, run.data, partial(run.shelf.trained, data=run.data))
        panels, healer = networks.panels(), networks.healer()
        steps, trust = partial(self._starts.run_steps, healer), named_by(config)
        StoredHealing(store, healer, steps, unseen(), trust).run(panels, told)


class _Starts:
    """Runs steps; a panel before healing is mined once for all runs that begin with the same searches."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Round] = OrderedDict()

    def run_steps(self, healer: Healer, tasks: Sequence[Task]) -> Iterator[Round]:
        """Run steps one after another."""
        for task in tasks:
            yield self._start(healer, task) if task.step.arm == Arm.START else healer.run(task)

    def _start(self, healer: Healer, task: Task) -> Round:
        key = _key(healer, task)
        found = self._known.pop(key, None) or replace(healer.run(task), panel=())
        if not found.failed:
            self._known[key] = found
        while len(self._known) > _KEPT or (len(self._known) > 1 and self._bytes() > _KEPT_BYTES):
            self._known.popitem(last=False)
        return replace(found, panel=task.panel)

    def _bytes(self) -> int:
        return sum(found.mistakes.nbytes for found in self._known.values())


def _key(healer: Healer, task: Task) -> str:
    """Return what tells apart the starts that differ: all that a start reads of a run."""
    referee, moves = healer.referee, healer.settings.test_moves
    judge = referee and (referee.sha256, referee.architecture.model_dump_json())
    panel, data, search = fingerprint(task.panel), healer.data.fingerprint, healer.search.model_dump_json()
    return repr((task.step.repeat, search, panel, judge, moves, data))
