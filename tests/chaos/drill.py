"""A run that faults strike one after the other: seen to its end, resumed where need be, and compared."""

import random
import re
import shutil
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.chaos.bench import IN_FLIGHT, SHARD, Bench, Recorded
from tests.chaos.commands import Command
from tests.chaos.disks import small_disk
from tests.chaos.faults import TRAINING, Fault, MissedError, Scene, proceed
from tests.chaos.machines import Machines
from tests.chaos.outcomes import Outcome, heard_until, told
from tests.chaos.rows import Difference, Rows
from tests.cluster.processes import Title

LIMIT = 150.0
"""Seconds without a new row after which a command is said to hang, and is ended."""
_STARTING_SECONDS = 120.0
_GLANCE = 0.1
_TABLES = "searches", "mistakes"
_SEEN = {"writing": ".*.partial", "entering": ".*.staged"}
_AWAITED: dict[str, Title] = {"starting": "ray::CellActor", "training": TRAINING}
_APART_SECONDS = 45.0
_MOST_COMMANDS = 12
_CONFIGURED, _WORKERS = re.compile(r"cells=(\d+)"), 3


def drill(
    faults: Sequence[Fault], bench: Bench, machines: Machines, undisturbed: Rows, seed: int
) -> list[Outcome]:
    """Start a run, have all faults, which are of one setup, strike it, and see it to its end.

    Returns:
        One for each fault that struck before the run had ended.
    """
    run_seed = random.Random(seed)
    name = f"{seed:05d}-" + re.sub(r"\W+", "-", faults[0].name)[:40].strip("-")
    with _place(faults[0], bench) as runs:
        shutil.rmtree(runs / name, ignore_errors=True)
        (bench.folder / f"{name}.log").unlink(missing_ok=True)
        machines.mend()
        bench.calm()
        if faults[0].moment == "training":
            (bench.triggers / "drowsy").touch()
        command = bench.start(machines, name, faults[0].settings, runs=runs)
        watched = _Watched(Scene(bench, machines, command, runs / name, run_seed), faults, undisturbed)
        try:
            watched.to_the_end()
            return watched.outcomes(seed)
        finally:
            watched.clean()


def not_struck(faults: Sequence[Fault], outcomes: Sequence[Outcome]) -> list[Fault]:
    """Return the faults that did not get to strike before a run had ended."""
    left = list(faults)
    for outcome in outcomes:
        left.remove(next(fault for fault in left if fault.name == outcome.fault))
    return left


@contextmanager
def _place(fault: Fault, bench: Bench) -> Iterator[Path]:
    """Have a folder for a run: where its networks are on the shelf, unless they are to be trained."""
    if fault.needs != "disk":
        shutil.rmtree(bench.folder / "bare", ignore_errors=True)
        yield bench.folder / "bare" if fault.moment == "training" else bench.runs
        return
    with small_disk(bench.folder / "disk") as runs:
        shutil.copytree(bench.runs / ".panels", runs / ".panels")
        yield runs


@dataclass
class _Blow:
    """A fault that has struck.

    Attributes:
        when: by the clock.
        share: how much was recorded then.
        hand: searches that cells may have had in hand.
        over: when all of these were recorded.
        went_on: whether the command that was struck recorded them.
    """

    fault: Fault
    command: Command
    when: float
    share: float
    hand: set[int]
    over: float | None = None
    went_on: bool = False
    mended: bool = False

    def mend(self, scene: Scene) -> None:
        """Do what someone would do about it."""
        if not self.mended and self.fault.mend is not None:
            self.fault.mend(scene)
        self.mended = True

    @property
    def past(self) -> bool:
        """Whether the next one may strike: what was to be mended is, and the run went on or takes long."""
        waited = self.over is not None or time.monotonic() - self.when > _APART_SECONDS
        return waited and (self.fault.mend is None or self.mended)


class _Watched:
    """A run under way, and what was seen of it."""

    def __init__(self, scene: Scene, faults: Sequence[Fault], undisturbed: Rows) -> None:
        self._scene, self._undisturbed = scene, undisturbed
        self._all, self._recorded = undisturbed.searches, Recorded(scene.run)
        self._commands = [scene.command]
        self._codes: list[int | None] = []
        shares = [(place + scene.random.random()) * 0.7 / len(faults) for place in range(len(faults))]
        self._coming = list(zip(faults, shares, strict=True))
        self._blows: list[_Blow] = []
        self._done: set[int] = set()
        self._changed = time.monotonic()
        self._retried = False
        self._difference = Difference(0, 0, 0, 0, 0)

    def to_the_end(self) -> None:
        """Go on, whoever it takes, until all searches are recorded and the run has ended well."""
        self._wait()
        while len(self._commands) < _MOST_COMMANDS and not self._ended_well():
            for blow in self._blows:
                blow.mend(self._scene)
            self._scene.machines.mend()
            self._resume()
            self._wait()
            if self._scene.rival is not None:
                self._scene.rival.wait(LIMIT)

    def _ended_well(self) -> bool:
        if self._codes[-1] != 0:
            return False
        rows = Rows(self._scene.run)
        self._difference = rows.against(self._undisturbed)
        again, self._retried = bool(rows.failed) and not self._retried, self._retried or bool(rows.failed)
        return not again

    def _resume(self) -> None:
        scene = self._scene
        settings = [*self._setup.settings, *["cluster.retry_failed=true"] * self._retried]
        where = scene.run.parent
        scene.command = scene.bench.start(scene.machines, scene.run.name, settings, resume=True, runs=where)
        self._commands.append(scene.command)

    @property
    def _setup(self) -> Fault:
        return self._blows[0].fault if self._blows else self._coming[0][0]

    def _wait(self) -> None:
        """Strike and look until the command has ended, or nothing has happened for too long."""
        command = self._scene.command
        self._changed = time.monotonic()
        while command.code is None and time.monotonic() - self._changed < LIMIT:
            self._look()
            self._strike()
            time.sleep(_GLANCE)
        hung = command.code is None
        self._look()
        if hung:
            command.end()
        self._codes.append(None if hung else command.code)

    def _look(self) -> None:
        """See what is recorded by now, and mend what is to be mended by now."""
        self._scene.machines.tend()
        done, now = self._recorded.ids(), time.monotonic()
        if done != self._done:
            self._done, self._changed = done, now
        for blow in self._blows:
            if blow.over is None and blow.hand <= done:
                blow.over, blow.went_on = now, blow.command is self._scene.command
            if now - blow.when >= blow.fault.after and blow.fault.mend is not None:
                blow.mend(self._scene)

    def _strike(self) -> None:
        """Have the next fault strike if its moment has come."""
        if not self._coming or not all(blow.past for blow in self._blows):
            return
        fault, share = self._coming[0]
        scene = self._scene
        if not self._has_come(fault, share):
            return
        self._coming.pop(0)
        try:
            if fault.moment in _SEEN:
                self._wait_for(_SEEN[fault.moment])
            self._done = self._recorded.ids()
            configured = [int(number) for item in fault.settings for number in _CONFIGURED.findall(item)]
            in_hand = sum(configured) or _WORKERS
            hand = set(sorted(self._all - self._done)[: in_hand * IN_FLIGHT * SHARD])
            if not hand and fault.moment != "drawing":
                return
            began = time.monotonic()
            fault.strike(scene)
        except MissedError:
            return
        self._changed = time.monotonic()
        self._blows.append(_Blow(fault, scene.command, began, len(self._done) / len(self._all), hand))

    def _has_come(self, fault: Fault, share: float) -> bool:
        """Return whether it is the moment of a fault, which is to strike once a share of all is recorded."""
        command = self._scene.command
        if fault.moment == "beginning":
            return True
        if fault.moment in _AWAITED and not self._blows:
            return bool(self._scene.machines.processes(command.pid, _AWAITED[fault.moment]))
        if fault.moment == "drawing":
            return any("drawing the report" in line for line in command.said())
        return len(self._done) > share * len(self._all)

    def _wait_for(self, files: str) -> None:
        """Wait until a file is half there, or a shard is, written but not part of the run."""
        while self._scene.command.code is None:
            for table in _TABLES:
                if any((self._scene.run / table).glob(files)):
                    return
            time.sleep(0.0005)
        raise MissedError("the run ended before such a file was seen")

    def outcomes(self, seed: int) -> list[Outcome]:
        """Say what came of each fault."""
        return [self._outcome(blow, seed) for blow in self._blows]

    def _outcome(self, blow: _Blow, seed: int) -> Outcome:
        until = time.monotonic() if blow.over is None else blow.over
        at = self._commands.index(blow.command)
        heard = heard_until(until, [other.when for other in self._blows if other.when > blow.when])
        commands = [
            *self._commands[at : at + 2],
            *([self._scene.rival] if self._scene.rival is not None else []),
        ]
        return Outcome(
            fault=blow.fault.name,
            machines=self._scene.machines.name,
            seed=seed,
            share=round(blow.share, 3),
            recovery=None if blow.over is None else round(blow.over - blow.when, 1),
            silence=round(max(command.silence(blow.when, until) for command in self._commands[at:]), 1),
            went_on=blow.went_on,
            hung=self._codes[at] is None,
            codes=self._codes,
            told=None if heard is None else told(commands, blow.when, heard),
            retried=self._retried,
            day=f"{datetime.now(UTC):%Y-%m-%d}",
            left=sum(1 for table in _TABLES for _ in (self._scene.run / table).glob(".*")),
            **vars(self._difference),
        )

    def clean(self) -> None:
        """Leave no process, and nothing that stands still."""
        proceed(self._scene)
        rival = [self._scene.rival] if self._scene.rival is not None else []
        for command in (*self._commands, *rival):
            if command.code is None:
                command.signal(signal.SIGCONT)
                command.end()
        self._scene.bench.calm()
