"""A cluster at night: its hosts, who submits to it, and what was done, seen and said."""

import json
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.bench import Recorded
from tests.chaos.commands import Command
from tests.chaos.hosts import Host, Hosts, Site
from tests.chaos.operating import SHARD, Operator
from tests.chaos.strangers import Port, told

_DASHBOARD = 8265
SITE = Site(prefix="ovn", net=79, dashboard=True, away="bc", patience=180)
_AWAY_SECONDS = 8.0
_LIMIT = 180.0
_STAMP = re.compile(r"^[\d:TZ-]{8,20} +")


@dataclass(frozen=True)
class Step:
    """Something that was done, or happened: the seconds it took, and what was said of it."""

    what: str
    seconds: float
    said: str


@dataclass(frozen=True)
class Door:
    """Something that listens, and what it did with requests that lacked the token."""

    host: str
    port: Port
    refused: int
    answered: tuple[str, ...]

    @property
    def told(self) -> list[str]:
        """What it answered that is not for everybody."""
        return told(self.port, self.answered)

    def __str__(self) -> str:
        where = f"{self.host}: {self.port.owner}, {self.port.address}:{self.port.port}"
        return f"{where}: {self.refused} refused; answered: {', '.join(self.answered) or 'nothing'}"


class Night:
    """The cluster, its operator, the steps so far."""

    def __init__(self, folder: Path, hosts: Hosts) -> None:
        self.folder, self.hosts, self.runs = folder, hosts, folder / "shared"
        self.dashboard = f"http://{hosts.head.ip}:{_DASHBOARD}"
        self.operator = Operator(folder, hosts, self.dashboard)
        self.steps: list[Step] = []
        self.doors: list[Door] = []
        self.watch: Command | None = None

    def note(self, what: str, seconds: float, said: str = "") -> None:
        """Note a step that went as it should."""
        self.steps.append(Step(what, seconds, _STAMP.sub("", said.strip().splitlines()[-1] if said else "")))
        print(f"{time.strftime('%H:%M:%S')} {what}: {seconds:.1f} s  {self.steps[-1].said}", flush=True)

    def until(self, holds: Callable[[], object], what: str, limit: float = _LIMIT) -> float:
        """Wait until something holds; have the hosts looked after meanwhile. Return the seconds."""
        began = time.monotonic()
        while not holds():
            assert time.monotonic() - began < limit, f"not {what} after {limit:.0f} s"
            time.sleep(0.2)
        return time.monotonic() - began

    def watches(self, name: str) -> Command:
        """Begin to watch a run."""
        self.watch = self.operator.begin("watch", name)
        return self.watch

    def more(self, name: str, shards: int = 4) -> float:
        """Wait until so many more shards are recorded; return the seconds."""
        recorded = Recorded(self.runs / name)
        before = len(recorded.ids())
        return self.until(lambda: len(recorded.ids()) >= before + SHARD * shards, "more rows")

    def state(self, name: str) -> str:
        """Return what `run.json` says."""
        return str(json.loads((self.runs / name / "run.json").read_text())["state"])

    def cells(self) -> dict[str, int]:
        """Count the cells on each worker."""
        workers = (host for host in self.hosts.hosts[1:4] if host.alive)
        return {host.name: len(host.processes("ray::CellActor")) for host in workers}

    def heard(self, words: str, since: float = 0.0, limit: float = _LIMIT) -> str:
        """Wait until the command that watches has said something; return the line."""
        watch = self.watch
        assert watch is not None
        self.until(lambda: any(words in line for line in watch.said(since)), f"said: {words}", limit)
        return next(line for line in watch.said(since) if words in line)

    def head_is_lost(self) -> tuple[float, float]:
        """Have the head lose power, and somebody bring it back; return when it went, and when it was back."""
        began = time.monotonic()
        self.hosts.head.kill()
        time.sleep(_AWAY_SECONDS)
        self.back(self.hosts.head)
        return began, time.monotonic()

    def back(self, *hosts: Host) -> None:
        """Have Ray on hosts; where it does not start in time, on busy machines, it is tried again."""
        for host in hosts:
            host.away = False

        def there() -> bool:
            self.hosts.tend()
            return all(host.started() for host in hosts)

        self.until(there, "started")


def table(steps: Sequence[Step]) -> str:
    """Return the steps as Markdown."""
    lines = ["| what | s | what is said |", "|---|--:|---|"]
    lines += [f"| {one.what} | {one.seconds:.0f} | {one.said.replace('|', '/')} |" for one in steps]
    return "\n".join(lines)
