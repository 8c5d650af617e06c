"""A service before it answers: one for a folder of runs, at a port, beside a cluster that outlives it."""

import fcntl
import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from outvoted.cluster.service.connection import Cluster, GivenCluster
from outvoted.cluster.service.keeping import private_folder
from outvoted.cluster.service.local_cluster import LocalCluster
from outvoted.cluster.service.settings import ServiceSettings
from outvoted.search.errors import OutvotedError


def cluster_of(settings: ServiceSettings) -> Cluster:
    """Return the cluster that a service makes its runs on."""
    if settings.address is not None:
        return GivenCluster(settings.address)
    return LocalCluster(settings.own.absolute())


@contextmanager
def listening(settings: ServiceSettings) -> Iterator[socket.socket]:
    """Listen within the block where the settings say.

    Raises:
        OutvotedError: the port is taken, or the address is none of this machine's.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as found:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind((settings.host, settings.port))
            found.listen(1024)
        except OSError as error:
            raise OutvotedError(
                expected=f"to listen at {settings.host}, port {settings.port}",
                found=error.strerror or str(error),
                remedy="choose another --port (0 for any free one), or end what listens there",
            ) from error
        yield found


@contextmanager
def sole_service(settings: ServiceSettings) -> Iterator[Callable[[str], None]]:
    """Be the only service of a folder of runs within the block; what is yielded notes the service's URL.

    Raises:
        OutvotedError: another one serves it, or the disk refuses.
    """
    path = private_folder(settings.own) / "serving.json"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise _served(settings.runs, file.read(4096)) from error

        def note(url: str) -> None:
            file.seek(0)
            file.truncate()
            file.write(json.dumps({"url": url, "pid": os.getpid()}).encode())
            file.flush()

        yield note


def _served(runs: Path, noted: bytes) -> OutvotedError:
    try:
        who = json.loads(noted)
        found = f"process {who['pid']}, at {who['url']}"
    except (ValueError, TypeError, KeyError):
        found = "one that is just starting"
    return OutvotedError(
        expected=f"no other service of {runs}",
        found=found,
        remedy="open that one, or end it with Ctrl-C; or choose another folder with --runs",
    )
