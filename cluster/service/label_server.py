"""`outvoted label`: the pages for labelling one run, and nothing else, served to this machine alone."""

import secrets
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import uvicorn
from starlette.types import ASGIApp

from outvoted.actors.labelling.label_task import LabelTask
from outvoted.cluster.jobs.labelled import Labelled
from outvoted.cluster.service.app import LABELLING, application
from outvoted.cluster.service.errors import NotReadyError
from outvoted.cluster.service.guard.connections import serving_options
from outvoted.cluster.service.guard.gate import Keys
from outvoted.cluster.service.guard.guarded import guarded
from outvoted.cluster.service.guard.hosts import names_of
from outvoted.cluster.service.guard.sessions import Sessions
from outvoted.cluster.service.guard.tokens import Tokens
from outvoted.cluster.service.guard.visitors import Role
from outvoted.cluster.service.label_desks import LabelDesks
from outvoted.cluster.service.service import Service
from outvoted.cluster.service.settings import LOCAL, ServiceSettings
from outvoted.cluster.submitting.dashboard import Jobs
from outvoted.search.errors import OutvotedError

RUN = "run"
"""The run's name in URLs, whatever its folder is called."""


class LabelServer:
    """Serves one run to whoever has its link, as often as they open it."""

    def __init__(self, path: Path, read: Callable[[Path], Labelled]) -> None:
        """Take the run's folder, and what opens it; others may not write its labels until :meth:`close`.

        Raises:
            OutvotedError: it has nothing that people can look at, that or a file of labels is damaged, or
                another process is labelling it.
        """
        self.desks = LabelDesks(read, {RUN: path})
        try:
            _try(self.desks.desk(path).task)
        except OutvotedError:
            self.close()
            raise
        service = Service(ServiceSettings(runs=path.parent), _no_jobs, desks=self.desks)
        tokens = Tokens({Role.LABELLING: secrets.token_urlsafe(32)}, secrets.token_urlsafe(32))
        sessions = Sessions(path.parent, tokens)
        self._code = sessions.lasting(Role.LABELLING)
        keys = Keys(tokens, sessions, names_of(LOCAL, ()))
        self.app: ASGIApp = guarded(application(service, *LABELLING), keys)

    def link(self, base: str, labeller: str | None = None) -> str:
        """Return the address that lets people label; ``base`` says where this listens."""
        then = f"/label/{RUN}" + (f"?labeller={labeller}" if labeller else "")
        return f"{base}/login?{urlencode({'code': self._code, 'next': then})}"

    def serve(self, listening: socket.socket) -> None:
        """Serve until Ctrl-C, or SIGTERM, ends it."""
        config = uvicorn.Config(self.app, log_config=None, log_level="critical", **serving_options())
        before = signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            with suppress(KeyboardInterrupt):  # raised again once the last answers are out
                uvicorn.Server(config).run([listening])
        finally:
            signal.signal(signal.SIGTERM, before)

    def close(self) -> None:
        """Let others write labels."""
        self.desks.close()


def _try(task: LabelTask[Any]) -> None:
    """Look at what there is to label, so that what is damaged is said before anybody labels.

    Raises:
        OutvotedError: it cannot be read.
    """
    task.prepare()
    task.pictures(task.sequence("")[:1])


def listen(port: int) -> socket.socket:
    """Take a port of this machine, or any free one for 0.

    Raises:
        OutvotedError: it is taken, or not for us to take.
    """
    found = socket.socket()
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((LOCAL, port))
        found.listen()  # requests before `serve` wait
    except OSError as error:
        found.close()
        raise OutvotedError(
            expected=f"port {port} of {LOCAL} to be free",
            found=error.strerror or str(error),
            remedy="choose another --port, or leave it out for any free one",
        ) from error
    return found


def base_of(listening: socket.socket) -> str:
    """Return where something listens."""
    return f"http://{LOCAL}:{listening.getsockname()[1]}"


def _no_jobs() -> Jobs:
    raise NotReadyError("a cluster", "none: this is a page for labelling alone", "use `outvoted serve`")
