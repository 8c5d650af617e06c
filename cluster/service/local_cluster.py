"""This machine's own cluster: a head of Ray in a session of its own, which outlives the service.

Its dashboard listens on 127.0.0.1 alone, Ray's other ports on all addresses, and all want a token. What
leads to it is kept in a file that only its owner may read; whoever serves the same folder later finds it
there. All its processes have a mark in their environment, by which they are found where the head itself was
killed.
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from outvoted.cluster.service.connection import Cluster
from outvoted.cluster.service.keeping import keep_private, private_folder
from outvoted.cluster.service.processes import is_marked, marked
from outvoted.cluster.submitting.dashboard import Dashboard, Jobs
from outvoted.search.errors import OutvotedError

_MARK = "OUTVOTED_HEAD"
_HOST = "127.0.0.1"
_START_SECONDS = 180.0
_END_SECONDS = 20.0
_OBJECT_STORE = 1 << 30
_SHORT = 30  # bytes of the folder around Ray's: the path of a socket has 107 at most
_WITHHELD = ("RAY_", "OUTVOTED_TOKEN")


class RayHead(BaseModel):
    """What leads to a head of Ray.

    Attributes:
        mark: in the environment of all its processes.
        pid: of the process that holds the others.
        dashboard, gcs: ports.
        folder: of its sockets and logs.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    mark: str = Field(pattern="^[0-9a-f]{32}$")
    pid: int = Field(gt=1)
    dashboard: int
    gcs: int
    token: str
    folder: Path

    @property
    def address(self) -> str:
        """The dashboard's URL."""
        return f"http://{_HOST}:{self.dashboard}"

    @property
    def lives(self) -> bool:
        """Whether the process lives that holds the others."""
        return is_marked(self.pid, _MARK, self.mark)

    def processes(self) -> list[int]:
        """Return all that live, this head's workers and runs among them."""
        return marked(_MARK, self.mark)


class LocalCluster(Cluster):
    """Finds the head that was started for a folder, or starts one."""

    def __init__(self, own: Path, cpus: int | None = None) -> None:
        """Take the service's hidden folder, and how many CPUs runs may use; None for all."""
        self._own, self._file, self._cpus = own, own / "cluster.json", cpus
        self._head: RayHead | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def gcs(self) -> str | None:
        """Where a program on this machine joins it."""
        from ray.util import get_node_ip_address

        return None if self._head is None else f"{get_node_ip_address()}:{self._head.gcs}"

    @property
    def environment(self) -> Mapping[str, str]:
        """Its token."""
        if self._head is None:
            return {}
        return {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": self._head.token}

    def prepare(self) -> None:
        """Start a head, if none lives."""
        self._head = self._found_or_started()

    def connect(self) -> Jobs:
        """Find the living head, or start one, and wait until it takes jobs.

        Raises:
            OutvotedError: it does not start, or does not answer any more.
        """
        self._head = self._found_or_started()
        return self._awaited(self._head)

    def found(self) -> RayHead | None:
        """Return the head that was started for this folder, if it lives."""
        try:
            head = RayHead.model_validate_json(self._file.read_bytes())
        except (OSError, ValidationError):
            return None
        return head if head.lives else None

    @property
    def is_new(self) -> bool:
        """Whether this very process has started the head."""
        return self._process is not None

    def is_lost(self) -> bool:
        """Return whether the head has ended."""
        return self._head is None or not self._head.lives

    def end(self) -> bool:
        """End the head with all that it runs, and say whether there was anything to end."""
        try:
            head = RayHead.model_validate_json(self._file.read_bytes())
        except (OSError, ValidationError):
            return False
        there = head.processes()
        if head.pid in there:
            _signal([head.pid], signal.SIGTERM)
        until = time.monotonic() + (_END_SECONDS if head.pid in there else 0)
        while (left := head.processes()) and time.monotonic() < until:
            time.sleep(0.2)
        _signal(left, signal.SIGKILL)
        if head.folder.name.startswith(_PREFIX):
            shutil.rmtree(head.folder, ignore_errors=True)
        self._file.unlink(missing_ok=True)
        return bool(there)

    def _found_or_started(self) -> RayHead:
        head = self.found()
        if head is None:
            self.end()  # what is left of one whose own process was killed
            head = self._started()
        return head

    def _started(self) -> RayHead:
        """Start a head; what leads to it is written down at once, for whoever comes after this process."""
        gcs, dashboard, agent, client = _free_ports(4)
        mark, token = secrets.token_hex(16), secrets.token_hex(32)
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_short_folder()))
        command = [
            *(sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block"),
            *(f"--port={gcs}", f"--temp-dir={folder}"),
            *("--include-dashboard=true", f"--dashboard-host={_HOST}", f"--dashboard-port={dashboard}"),
            *(f"--dashboard-agent-listen-port={agent}", f"--ray-client-server-port={client}"),
            *("--min-worker-port=0", "--max-worker-port=0", f"--object-store-memory={_object_store()}"),
        ]
        command += [] if self._cpus is None else [f"--num-cpus={self._cpus}"]
        private_folder(self._own)
        with (self._own / "ray.log").open("wb") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._surroundings(mark, token),
                start_new_session=True,
            )
        pid = self._process.pid
        head = RayHead(mark=mark, pid=pid, dashboard=dashboard, gcs=gcs, token=token, folder=folder)
        keep_private(self._file, head.model_dump_json().encode())
        return head

    def _surroundings(self, mark: str, token: str) -> dict[str, str]:
        """Return the environment of the head and of all that it runs: without secrets of the service's."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_WITHHELD)}
        return {
            **kept,
            **{"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": token, _MARK: mark},
            **{"RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0"},
            "PATH": f"{_tool(self._own)}:{Path(sys.executable).parent}:{os.environ.get('PATH', os.defpath)}",
        }

    def _awaited(self, head: RayHead) -> Jobs:
        until = time.monotonic() + _START_SECONDS
        while True:
            try:
                jobs = Dashboard(head.address, head.token)
                jobs.jobs()
            except OutvotedError as error:
                if not head.lives or time.monotonic() > until:
                    raise self._silent() from error
                time.sleep(0.3)
            else:
                return jobs

    def _silent(self) -> OutvotedError:
        log = self._own / "ray.log"
        lines = log.read_text("utf-8", "replace").strip().splitlines() if log.exists() else []
        return OutvotedError(
            expected="a head of Ray on this machine",
            found=f"one that does not answer: {lines[-1][:300] if lines else 'it says nothing'}",
            remedy=f"see {log}; Ray needs free memory and space in /tmp and /dev/shm. It is tried again",
        )


_PREFIX = "ov-"


def _tool(own: Path) -> Path:
    """Return a folder that holds the command `outvoted`, which jobs call, of this very installation."""
    folder = private_folder(own / "bin")
    tool = folder / "outvoted"
    keep_private(tool, f'#!/bin/sh\nexec "{sys.executable}" -m outvoted.cluster "$@"\n'.encode(), 0o700)
    return folder.absolute()


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind((_HOST, 0))
        return [int(one.getsockname()[1]) for one in sockets]


def _short_folder() -> str | None:
    """Return a folder for Ray's sockets whose path is short enough; None: the usual one is."""
    usual = tempfile.gettempdir()
    if len(os.fsencode(usual)) <= _SHORT:
        return usual
    return next((one for one in ("/tmp", "/var/tmp", "/dev/shm") if os.access(one, os.W_OK)), usual)


def _object_store() -> int:
    """Return the bytes that the object store may take: most of what /dev/shm has."""
    try:
        space = os.statvfs("/dev/shm")
    except OSError:
        return _OBJECT_STORE
    return min(_OBJECT_STORE, max(int(space.f_bavail * space.f_frsize * 0.8), 80 << 20))


def _signal(processes: list[int], number: signal.Signals) -> None:
    for process in processes:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(process, number)
