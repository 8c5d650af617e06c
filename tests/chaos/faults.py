"""The faults: what each strikes, how, and how it is mended while the run goes on."""

import math
import os
import random
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tests.chaos.bench import Bench
from tests.chaos.commands import Command
from tests.chaos.hosts import Host, Hosts
from tests.chaos.machines import GCS, RAYLET, Machines
from tests.cluster.processes import Title

_APPEARING_SECONDS = 20.0
_JOINING_SECONDS = 200.0
_BALLAST = "ballast"
TRAINING = "ray::CellActor.train", "ray::train"
"""Processes in which a network is trained."""


@dataclass
class Scene:
    """What a fault finds: the machines, the command under way, its folder; and whom it struck."""

    bench: Bench
    machines: Machines
    command: Command
    run: Path
    random: random.Random
    stopped: list[int] = field(default_factory=list)
    hosts: list[Host] = field(default_factory=list)
    rival: Command | None = None

    def one(self, title: Title) -> int:
        """Return a process, at random, whose command line begins with ``title``; wait until there is one."""
        deadline = time.monotonic() + _APPEARING_SECONDS
        while time.monotonic() < deadline and self.command.code is None:
            found = self.machines.processes(self.command.pid, title)
            if found:
                return self.random.choice(found)
            time.sleep(0.05)
        raise MissedError(f"no process {title}")

    def worker(self) -> Host:
        """Return a machine, other than that of the command, on which a cell is."""
        assert isinstance(self.machines, Hosts)
        with_cells = [host for host in self.machines.others if host.processes("ray::CellActor")]
        if not with_cells:
            raise MissedError("no cell on another machine")
        self.hosts.append(self.random.choice(with_cells))
        self.hosts[-1].lost = True  # until somebody mends it
        return self.hosts[-1]


class MissedError(Exception):
    """There was nothing to strike: the run had ended, or had not got so far."""


Strike = Callable[[Scene], object]
Moment = Literal["beginning", "training", "starting", "mining", "writing", "entering", "drawing"]


@dataclass(frozen=True)
class Fault:
    """A fault, and how the run it happens to is set up.

    Attributes:
        mend: what someone does about it ``after`` so many seconds, while the run may be going on, or once the
            command has ended; machines are brought back then in any case.
        needs: `cluster`: machines that can be lost; `hosts`: such that are apart; `disk`: a small file
            system of its own (the two take root); `alone`: a Ray that the command has started.
        moment: when it strikes: after some shards; while a file is being written; while a shard is written,
            but no part of the run yet; as soon as the command is given; while networks are trained, of which
            there are none to begin with then; before the first shard; while the report is drawn, all rows
            being recorded.
    """

    name: str
    strike: Strike
    mend: Strike | None = None
    after: float = 6.0
    needs: Literal["", "alone", "cluster", "hosts", "disk"] = ""
    settings: Sequence[str] = ("cluster.cells=2",)
    moment: Moment = "mining"

    @property
    def lasting(self) -> bool:
        """Whether something is lost for as long as the command runs."""
        return bool(self.needs) and (self.mend is None or self.after == math.inf)


def kill(title: Title, number: int = signal.SIGKILL) -> Strike:
    """Send a process of that title a signal."""

    def strike(scene: Scene) -> None:
        with suppress(ProcessLookupError):
            os.kill(scene.one(title), number)

    return strike


def stop(title: Title) -> Strike:
    """Have a process of that title stand still."""

    def strike(scene: Scene) -> None:
        scene.stopped.append(scene.one(title))
        os.kill(scene.stopped[-1], signal.SIGSTOP)

    return strike


def proceed(scene: Scene) -> None:
    """Have everything go on that was stopped."""
    for pid in scene.stopped:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
    for host in scene.hosts:
        host.signal(signal.SIGCONT)
        host.lost = False


def told(number: int) -> Strike:
    """Send the command a signal."""
    return lambda scene: scene.command.signal(number)


def misbehave(what: str) -> Strike:
    """Have the network misbehave."""
    return lambda scene: (scene.bench.triggers / what).touch()


def _calm(scene: Scene) -> None:
    scene.bench.calm()


def _on_worker(do: Callable[[Host], object]) -> Strike:
    return lambda scene: do(scene.worker())


def _brought_back(scene: Scene) -> None:
    """Plug in cables, and have Ray started again where it has ended, or will."""
    for host in scene.hosts:
        host.link(True)
        host.lost = False


def _joins(scene: Scene) -> None:
    """Have another machine join, and the run slowed until a cell is there."""
    assert isinstance(scene.machines, Hosts)
    slow = scene.bench.triggers / "slow"
    slow.touch()
    scene.hosts.append(scene.machines.join())
    deadline = time.monotonic() + _JOINING_SECONDS
    while not scene.hosts[-1].processes("ray::CellActor"):
        if time.monotonic() > deadline or scene.command.code is not None:
            raise MissedError("no cell on the machine that joined")
        time.sleep(0.2)
    slow.unlink(missing_ok=True)


def _leaves(scene: Scene) -> None:
    """Have the machine that joined last drained."""
    scene.hosts[-1].lost = True
    scene.hosts[-1].drain()


def _raylet(host: Host) -> None:
    for pid in host.processes(RAYLET):
        os.kill(pid, signal.SIGKILL)
    host.touched = True


def _head(scene: Scene) -> None:
    assert isinstance(scene.machines, Hosts)
    for pid in scene.machines.head.processes(GCS):
        os.kill(pid, signal.SIGKILL)
    scene.machines.head.touched = True


def _head_gone(scene: Scene) -> None:
    """Have the head lose power, and nobody there to start it while the command lasts."""
    assert isinstance(scene.machines, Hosts)
    scene.machines.head.kill()
    scene.machines.head.lost = True


def _home_cut_off(scene: Scene) -> None:
    """Pull the cable of the machine that the command runs on."""
    assert isinstance(scene.machines, Hosts)
    scene.machines.home.link(False)
    scene.machines.home.lost = True


def _fill(scene: Scene) -> None:
    """Leave no byte on the run's disk."""
    with suppress(OSError), (scene.run.parent / _BALLAST).open("wb", buffering=0) as file:
        while True:
            file.write(bytes(1 << 16))


def _free(scene: Scene) -> None:
    (scene.run.parent / _BALLAST).unlink(missing_ok=True)


def _second(scene: Scene) -> None:
    """Start the same command once more."""
    scene.rival = scene.bench.start(scene.machines, scene.run.name, ["cluster.cells=2"], resume=True)


def _twin(scene: Scene) -> None:
    """Begin the same run a second time."""
    scene.rival = scene.bench.start(scene.machines, scene.run.name, ["cluster.cells=2"])


def _killed_and_resumed(scene: Scene) -> None:
    """Have two commands resume the run at the same moment: this one, and that which follows any fault."""
    scene.command.signal(signal.SIGKILL)
    _second(scene)


_ACTORS = ("cluster.cell=actors", "cluster.cells=1")
_SPARE, _FULL, _AUTO = ("cluster.cells=2",), ("cluster.cells=3",), ("cluster.cells=auto",)

FAULTS: tuple[Fault, ...] = (
    Fault("nothing", lambda scene: None),
    Fault("a process that trains a network is killed", kill(TRAINING), moment="training"),
    Fault("a process that trains a network stands still for good", stop(TRAINING), moment="training"),
    Fault("a cell is killed", kill("ray::CellActor")),
    Fault("a cell is killed before its first shard", kill("ray::CellActor"), moment="starting"),
    Fault("a cell stands still for 6 s", stop("ray::CellActor"), proceed),
    Fault("a cell stands still for good", stop("ray::CellActor")),
    Fault("a cell stands still, is given up, and wakes (late zombie)", stop("ray::CellActor"), proceed, 60),
    Fault("a peer is killed", kill("ray::PeerActor"), settings=_ACTORS),
    Fault(
        "a peer stands still before its first answer",
        stop("ray::PeerActor"),
        settings=_ACTORS,
        moment="starting",
    ),
    Fault("a peer stands still for 6 s", stop("ray::PeerActor"), proceed, settings=_ACTORS),
    Fault("a peer stands still for good", stop("ray::PeerActor"), settings=_ACTORS),
    Fault("a coordinator is killed", kill("ray::CellActor"), settings=_ACTORS),
    Fault("a coordinator stands still for good", stop("ray::CellActor"), settings=_ACTORS),
    Fault(
        "a coordinator stands still before its first shard",
        stop("ray::CellActor"),
        settings=_ACTORS,
        moment="starting",
    ),
    Fault("the recorder is killed", kill("ray::Recorder")),
    Fault("a cell is killed while it writes", kill("ray::CellActor"), moment="writing"),
    Fault("the recorder is killed while it enters a shard", kill("ray::Recorder"), moment="entering"),
    Fault("the command is killed while a shard is entered", told(signal.SIGKILL), moment="entering"),
    Fault("the recorder stands still for 6 s", stop("ray::Recorder"), proceed),
    Fault("the recorder stands still for good", stop("ray::Recorder")),
    Fault("the command gets Ctrl-C", told(signal.SIGINT)),
    Fault("the command gets SIGTERM", told(signal.SIGTERM)),
    Fault("the command is killed", told(signal.SIGKILL)),
    Fault("the command is killed while rows are written", told(signal.SIGKILL), moment="writing"),
    Fault("the command is killed before its first shard", told(signal.SIGKILL), moment="starting"),
    Fault("the command stands still for 6 s", told(signal.SIGSTOP), told(signal.SIGCONT)),
    Fault("the same command is started twice", _second),
    Fault("two commands begin the same run at once", _twin, moment="beginning"),
    Fault("the command is killed, and resumed twice at once", _killed_and_resumed),
    Fault("the local Ray's raylet is killed", kill(RAYLET), needs="alone"),
    Fault("the local Ray's gcs_server is killed", kill(GCS), needs="alone"),
    Fault("the gcs_server is killed while the report is drawn", kill(GCS), needs="alone", moment="drawing"),
    Fault("the disk is full for 6 s", _fill, _free, needs="disk"),
    Fault("the disk is full until the command ends", _fill, _free, math.inf, needs="disk"),
    Fault("a network hangs", misbehave("hang")),
    Fault("a network computes for ever", misbehave("loop")),
    Fault("a peer's network hangs", misbehave("hang"), settings=_ACTORS),
    Fault("a network ends its process", misbehave("exit")),
    Fault("a network calls sys.exit", misbehave("quit")),
    Fault("a network takes memory until it is killed", misbehave("hog")),
    Fault("a network answers NaN for 3 s", misbehave("nan"), _calm, 3),
    Fault("a network raises for 3 s", misbehave("raise"), _calm, 3),
    Fault("a network is slow for 6 s", misbehave("slow"), _calm),
    Fault("a machine loses power, another has room", _on_worker(Host.kill), needs="cluster", settings=_SPARE),
    Fault(
        "a machine loses power and comes back",
        _on_worker(Host.kill),
        _brought_back,
        needs="cluster",
        settings=_FULL,
    ),
    Fault("a machine loses power for good", _on_worker(Host.kill), needs="cluster", settings=_FULL),
    Fault(
        "a raylet is killed and comes back",
        _on_worker(_raylet),
        _brought_back,
        needs="cluster",
        settings=_FULL,
    ),
    Fault(
        "a machine stands still for 3 s",
        _on_worker(lambda host: host.signal(signal.SIGSTOP)),
        proceed,
        3,
        needs="cluster",
        settings=_FULL,
    ),
    Fault(
        "a machine stands still for good, another has room",
        _on_worker(lambda host: host.signal(signal.SIGSTOP)),
        needs="cluster",
        settings=_SPARE,
    ),
    Fault(
        "a link is cut for 3 s",
        _on_worker(lambda host: host.link(False)),
        _brought_back,
        3,
        needs="hosts",
        settings=_FULL,
    ),
    Fault(
        "a link is cut for 20 s",
        _on_worker(lambda host: host.link(False)),
        _brought_back,
        20,
        needs="hosts",
        settings=_FULL,
    ),
    Fault(
        "a link is cut for good, another machine has room",
        _on_worker(lambda host: host.link(False)),
        needs="hosts",
        settings=_SPARE,
    ),
    Fault(
        "a link is cut for good, no room elsewhere",
        _on_worker(lambda host: host.link(False)),
        needs="hosts",
        settings=_FULL,
    ),
    Fault(
        "a link is slow (1 Mbit/s) for 20 s",
        _on_worker(Host.slow),
        _brought_back,
        20,
        needs="hosts",
        settings=_FULL,
    ),
    Fault(
        "the head's gcs_server is killed, the head restarted",
        _head,
        needs="hosts",
        settings=_SPARE,
    ),
    Fault("the head is lost for good", _head_gone, needs="hosts", settings=_SPARE),
    Fault("the command's machine is cut off for good", _home_cut_off, needs="hosts", settings=_SPARE),
    Fault("a machine is drained", _on_worker(Host.drain), needs="cluster", settings=_SPARE),
    Fault("a machine joins", _joins, needs="cluster", settings=_AUTO),
    Fault("a machine joins, and is drained", _joins, _leaves, needs="cluster", settings=_AUTO),
    Fault("a machine is drained, no room elsewhere", _on_worker(Host.drain), needs="cluster", settings=_FULL),
)
