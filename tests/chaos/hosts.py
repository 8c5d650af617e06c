"""Hosts: namespaces with their own network and processes, and a cable to pull; or else Rays side by side."""

import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.machines import Machines, environment
from tests.cluster.processes import descendants

_STORE_BYTES = 100 << 20
_STARTING_SECONDS = 400.0
_NOTICING_SECONDS = 6.0
_NAMES = "habc"
_PORT = 6379
_ANY_PORTS = ("--min-worker-port=0", "--max-worker-port=0", "--dashboard-agent-listen-port=0")
_OWN_PORTS = (
    *("--dashboard-agent-listen-port=52365", "--dashboard-agent-grpc-port=52366"),
    *("--runtime-env-agent-port=52367", "--metrics-export-port=8080"),
)
"""Where these are given, Ray does not wait for its agents to name theirs: after 15 s it would end itself."""
_WITH_ITS_PROCESSES = ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child")
HEALTH = {"initial_delay_ms": 1000, "period_ms": 1000, "timeout_ms": 2000, "failure_threshold": 3}
"""How often Ray looks after its machines, as deployments have it: a lost one is missed within ten seconds."""


@dataclass(frozen=True)
class Site:
    """How hosts are set up.

    Attributes:
        prefix: what the names of namespaces, cables and bridges begin with; their owner's number follows.
        net: the second number of their addresses, which begin with 10.
        dashboard: whether the head has one, for those who submit from outside.
        away: hosts that nobody starts at first.
        patience: seconds for which Ray bears to be without the head.
    """

    prefix: str = "ovc"
    net: int = 78
    dashboard: bool = False
    away: str = ""
    patience: int = 60


class Host:
    """A machine of a cluster, with `ray start` on it; in namespaces of its own where hosts are apart."""

    def __init__(self, name: str, number: int, cluster: "Hosts") -> None:
        self.name, self.number, self._cluster = name, number, cluster
        self.ip = f"{cluster.net}.{number + 1}" if cluster.apart else "127.0.0.1"
        self.space, self._link = f"{cluster.prefix}-{name}", f"{cluster.prefix}{name}"
        self._log, self._read = cluster.folder / f"{name}.log", 0
        self.touched = True  # whether Ray on it may have been lost since it was last seen whole
        self.lost = False  # whether it is not there to be started
        self.away = name in cluster.site.away  # whether it is no part of the cluster now
        self._process: subprocess.Popen[bytes] | None = None
        if cluster.apart:
            self._wire()

    def _wire(self) -> None:
        _ip("netns", "add", self.space)
        _ip("link", "add", self._link, "type", "veth", "peer", "name", "eth0", "netns", self.space)
        _ip("link", "set", self._link, "master", self._cluster.bridge, "up")
        for device in ("lo", "eth0"):
            _ip("-n", self.space, "link", "set", device, "up")
        _ip("-n", self.space, "addr", "add", f"{self.ip}/24", "dev", "eth0")

    @property
    def alive(self) -> bool:
        """Whether it has Ray."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """The process of which all others on it descend, while it has Ray."""
        return self._process.pid if self._process is not None and self.alive else None

    def started(self) -> bool:
        """Whether it has Ray, and `ray start` has said so."""
        return self.alive and b"Ray runtime started" in self._log.read_bytes()[self._read :]

    def start(self) -> None:
        """Start Ray on it, as an operator or Kubernetes would."""
        self.touched = True
        self._read = self._log.stat().st_size if self._log.exists() else 0
        folder = self._cluster.folder / self.name
        folder.mkdir(exist_ok=True)
        if self.number == 0:
            seen = str(self._cluster.site.dashboard).lower()
            role = ["--head", f"--port={self._cluster.port}", "--num-cpus=0", f"--include-dashboard={seen}"]
            role += [f"--dashboard-host={self.ip}"] * self._cluster.site.dashboard
        else:
            role = [f"--address={self._cluster.address}", "--num-cpus=1"]
        ports = (*_ANY_PORTS, *(_OWN_PORTS if self._cluster.apart else ()))
        start = [str(Path(sys.executable).with_name("ray")), "start", "--block", *role, *ports]
        start += [
            f"--node-ip-address={self.ip}",
            f"--temp-dir={folder}",
            f"--object-store-memory={_STORE_BYTES}",
        ]
        inside = [*_inside(self.space), *_WITH_ITS_PROCESSES] if self._cluster.apart else []
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*inside, *start],
                env=dict(self._cluster.env),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def init(self) -> int:
        """Its first process, `ray start`."""
        for pid in self.processes(sys.executable):
            with suppress(OSError):
                if b"start\0--block" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    return pid
        raise RuntimeError(f"no Ray on {self.name}")

    def processes(self, title: str = "") -> list[int]:
        """Return its processes."""
        return descendants(self.pid, title) if self.pid is not None else []

    def signal(self, number: int) -> None:
        """Send all of its processes a signal."""
        self.touched = True
        for pid in self.processes():
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def drain(self) -> None:
        """Tell Ray that the machine will be taken away."""
        self.touched = True
        os.kill(self.init, signal.SIGTERM)

    def kill(self) -> None:
        """Have it lose power."""
        self.signal(signal.SIGKILL)
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()
            self._process.wait()

    def link(self, up: bool) -> None:
        """Plug its cable in, or pull it."""
        self.touched = True
        if self._cluster.apart:
            _ip("link", "set", self._link, "up" if up else "down")
            subprocess.run(
                ["tc", "qdisc", "del", "dev", self._link, "root"], capture_output=True, check=False
            )

    def slow(self) -> None:
        """Have its cable let through 1 Mbit/s of what is sent to it."""
        self.touched = True
        limit = ["rate", "1mbit", "burst", "32kbit", "latency", "400ms"]
        subprocess.run(["tc", "qdisc", "add", "dev", self._link, "root", "tbf", *limit], check=True)

    def remove(self) -> None:
        """Take it away for good."""
        self.kill()
        if self._cluster.apart:
            _remove(self.space)


class Hosts(Machines):
    """A head and three workers of one CPU each; commands are given on the first worker.

    Apart they are joined by a bridge, which takes root; what a killed harness left behind is removed
    first. Otherwise they are Rays side by side on this machine.
    """

    def __init__(self, folder: Path, apart: bool, site: Site = Site()) -> None:  # is frozen
        self.name, self.site = "hosts" if apart else "cluster", site
        self.folder, self.prefix, self.apart = folder, f"{site.prefix}{os.getpid()}", apart
        self.net, self.bridge = f"10.{site.net}.{os.getpid() % 250}", f"{self.prefix}br"
        self.port = _PORT if apart else _free_port()
        self.address = f"{self.net}.1:{self.port}" if apart else f"127.0.0.1:{self.port}"
        # Left by others that used the folder: a head would go on with what it was.
        for left in ("gcs", *"habcdefgh"):
            shutil.rmtree(folder / left, ignore_errors=True)
        token = folder / "token"
        token.touch(0o600)
        token.write_text(secrets.token_hex(32))
        stored = {"RAY_gcs_storage": "rocksdb", "RAY_gcs_storage_path": str(folder / "gcs")}
        health = {f"RAY_health_check_{name}": str(value) for name, value in HEALTH.items()}
        self.env = {
            **environment(), **stored, **health, "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(token),
            "RAY_gcs_rpc_server_reconnect_timeout_s": str(site.patience),
        }  # fmt: skip
        if apart:
            _remove_orphans(site.prefix)
            _ip("link", "add", self.bridge, "type", "bridge")
            _ip("link", "set", self.bridge, "up")
        self.hosts = [Host(name, number, self) for number, name in enumerate(_NAMES)]
        try:
            self.mend()
        except BaseException:
            self.close()
            raise

    @property
    def head(self) -> Host:
        """The machine with the store of what is where; no cell fits there."""
        return self.hosts[0]

    @property
    def home(self) -> Host:
        """The machine on which commands are given, and the recorder runs."""
        return self.hosts[1]

    @property
    def others(self) -> Sequence[Host]:
        """The workers that commands are not given on."""
        return self.hosts[2:]

    def command(self, *arguments: str) -> Sequence[str]:
        """Return it as it is started on the first worker, among the processes that are there."""
        inside = ("nsenter", f"--target={self.home.init}", "--net", "--pid", "--mount") if self.apart else ()
        return (*inside, sys.executable, "-m", "outvoted.cluster", *arguments)

    def roots(self, driver: int) -> Iterator[int]:
        """Yield the hosts, and the command."""
        yield driver
        for host in self.hosts:
            if host.pid is not None:
                yield host.pid

    def mend(self) -> None:
        """Plug in all cables and have Ray on every host; a head that was lost takes the workers with it.

        Hosts that have joined are taken away again.
        """
        joined, self.hosts = self.hosts[len(_NAMES) :], self.hosts[: len(_NAMES)]
        for host in joined:
            host.remove()
            shutil.rmtree(self.folder / host.name, ignore_errors=True)
        there = [host for host in self.hosts if not host.away]
        touched = [host for host in there if host.touched or not host.alive]
        for host in touched:
            host.lost = False
            host.link(True)
            host.signal(signal.SIGCONT)
        deadline = time.monotonic() + _STARTING_SECONDS
        while touched or joined:
            time.sleep(_NOTICING_SECONDS)  # until the head has missed what is lost, and that has ended
            self.tend()
            if all(host.started() for host in there) and self._known() == len(there):
                break
            if time.monotonic() > deadline:
                raise RuntimeError(f"the hosts did not start; see {self.folder}/*.log")
        for host in touched:
            host.touched = False

    def outside(self) -> tuple[str, ...]:
        """Have a host beside the cluster, without Ray; return what a command there begins with."""
        guest = Host("o", len(self.hosts), self)
        guest.away = True
        self.hosts.append(guest)
        return _inside(guest.space) if self.apart else ()

    def tend(self) -> None:
        """Start Ray where it has ended, but on hosts that are lost."""
        for host in self.hosts:
            if not (host.alive or host.lost or host.away):
                host.start()

    def join(self) -> Host:
        """Have one more host join, for as long as nothing is mended."""
        name = chr(ord(_NAMES[-1]) + len(self.hosts) - len(_NAMES) + 1)
        self.hosts.append(Host(name, len(self.hosts), self))
        self.hosts[-1].start()
        return self.hosts[-1]

    def _known(self) -> int:
        """Count the hosts that the head knows to be alive."""
        look = "import ray._raylet as r; from ray._private.state import GlobalState as S"
        look += "; from ray._raylet import GcsClientOptions as O; s = S()"
        look += f"; s._initialize_global_state(O.create({self.address!r}, None, allow_cluster_id_nil=True"
        look += ", fetch_cluster_id_if_nil=False)); print(sum(n['Alive'] for n in s.node_table()))"
        found = subprocess.run(
            [*(_inside(self.home.space) if self.apart else ()), sys.executable, "-c", look],
            env=dict(self.env), capture_output=True, timeout=60, check=False,
        )  # fmt: skip
        return int(found.stdout) if found.stdout.strip().isdigit() else 0

    def close(self) -> None:
        """End all processes, and remove namespaces, links and folders."""
        for host in self.hosts:
            host.remove()
        if self.apart:
            _ip("link", "del", self.bridge)
        for host in self.hosts:
            shutil.rmtree(self.folder / host.name, ignore_errors=True)


def can_be_apart() -> bool:
    """Whether network namespaces can be made here."""
    if os.geteuid() != 0 or shutil.which("ip") is None or shutil.which("unshare") is None:
        return False
    trial = f"ovc{os.getpid()}-trial"
    made = subprocess.run(["ip", "netns", "add", trial], capture_output=True, check=False).returncode == 0
    if made:
        _ip("netns", "del", trial)
    return made


def _inside(space: str) -> tuple[str, ...]:
    return ("ip", "netns", "exec", space)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


def _remove(space: str) -> None:
    for pid in subprocess.run(
        ["ip", "netns", "pids", space], capture_output=True, check=False
    ).stdout.split():
        with suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
    subprocess.run(["ip", "netns", "del", space], capture_output=True, check=False)


def _remove_orphans(prefix: str) -> None:
    """Remove the namespaces and bridges of harnesses that are no more."""
    spaces = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=False).stdout
    for name, owner in set(re.findall(rf"^({prefix}(\d+)-\w+)", spaces, re.MULTILINE)):
        if not Path(f"/proc/{owner}").exists():
            _remove(name)
            subprocess.run(["ip", "link", "del", f"{prefix}{owner}br"], capture_output=True, check=False)
