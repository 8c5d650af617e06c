"""Forks Ray's workers from a process that has imported what they import."""

import argparse
import fcntl
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
from pathlib import Path
from typing import Any

MODULES = (
    "aiohttp",
    "google.protobuf.any_pb2",
    "google.protobuf.struct_pb2",
    "google.protobuf.timestamp_pb2",
    "jsonschema",
    "outvoted.actors.mining.local_mining",
    "outvoted.actors.panel.inside",
    "outvoted.actors.training.training",
    "outvoted.analysis.tuning.measures",
    "pandas",
    "requests",
    "tensorboardX",
    "torch",
)
"""What the workers of runs import, but for Ray, whose core reads on import whose worker it is."""
_OWN_SIGNAL = 10  # F_SETSIG, which fcntl doesn't name


def main(path: str) -> None:
    """Serve until whoever started this process ends, or closes its standard input."""
    _end_with(sys.stdin.fileno(), signal.SIGTERM)
    if select.select([sys.stdin], [], [], 0)[0]:  # closed before
        return
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.bind(path)
    listening.listen(128)
    for module in MODULES:
        importlib.import_module(module)
    assert "ray" not in sys.modules
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how workers ended
    while True:
        connection, _ = listening.accept()
        wanted, streams = _received(connection)
        if os.fork() == 0:
            listening.close()
            _become(wanted, streams, connection)
            return
        for descriptor in (*streams, connection.detach()):
            os.close(descriptor)


def _received(connection: socket.socket) -> tuple[dict[str, Any], list[int]]:
    size, streams, *_ = socket.recv_fds(connection, 4, 3)
    length = int.from_bytes(size)
    message = b""
    while len(message) < length:
        message += connection.recv(length - len(message))
    return json.loads(message), streams


def _end_with(descriptor: int, by: signal.Signals) -> None:
    """Have this process get a signal when the other end of a descriptor closes."""
    fcntl.fcntl(descriptor, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(descriptor, _OWN_SIGNAL, by)
    fcntl.fcntl(descriptor, fcntl.F_SETFL, fcntl.fcntl(descriptor, fcntl.F_GETFL) | os.O_ASYNC)


def _become(wanted: dict[str, Any], streams: list[int], connection: socket.socket) -> None:
    """Be the worker that was asked for."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setpgid(0, 0)  # Ray ends the group of a worker with it
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)
        os.close(descriptor)
    stand_in = connection.detach()
    _end_with(stand_in, signal.SIGKILL)
    os.environ.clear()
    os.environ.update(wanted["environment"])
    os.chdir(wanted["folder"])
    _work(wanted["arguments"], stand_in)


def _work(arguments: list[str], stand_in: int) -> None:
    """Do what Ray's two scripts do; where a worker has surroundings of its own, let them do it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--serialized-runtime-env-context", default="{}")
    parser.add_argument("--language")
    known, (_, script, *rest) = parser.parse_known_args(arguments)
    surroundings = json.loads(known.serialized_runtime_env_context)
    if surroundings.get("command_prefix") or surroundings.get("override_worker_entrypoint"):
        os.set_inheritable(stand_in, True)
        os.execv(sys.executable, [sys.executable, *arguments])
    os.environ.update(surroundings.get("env_vars", {}))
    sys.argv = [script, *rest]
    sys.path.insert(0, str(Path(script).parent))
    runpy.run_path(script, run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1])
