"""Ray's workers for tests, forked from one process that has imported what they import.

Of its own, each starts Python and imports Ray, torch and this package, which takes a core three seconds, and
tests start hundreds. What a fork runs is Ray's own worker script. Where a command or a head starts Ray, its
workers start as users' do.
"""

import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

HERE = Path(__file__).parent


@contextmanager
def forked_workers() -> Iterator[None]:
    """Have the workers forked of an instance of Ray that this process starts within the block, on Linux."""
    if sys.platform != "linux":
        yield
        return
    services = vars(importlib.import_module("ray._private.services"))
    before = services["start_ray_process"]
    with ExitStack() as stack:

        def start(command: list[str], *arguments: Any, **more: Any) -> object:
            return before(_with_client(command, stack), *arguments, **more)

        services["start_ray_process"] = start
        stack.callback(services.update, start_ray_process=before)
        yield


def _with_client(command: list[str], stack: ExitStack) -> list[str]:
    """Return the command of a raylet as one that starts clients of a forking process, which is begun."""
    begins = f"--python_worker_command={sys.executable} "
    if not any(part.startswith(begins) for part in command):
        return command
    address = f"{stack.enter_context(TemporaryDirectory(prefix='of-', dir='/tmp'))}/forks"
    server = [sys.executable, "-P", str(HERE / "server.py"), address]
    surroundings = {**os.environ, "OMP_NUM_THREADS": "1"}  # as Ray has its workers import torch
    stack.enter_context(subprocess.Popen(server, stdin=subprocess.PIPE, process_group=0, env=surroundings))
    return [part.replace(begins, f"{begins}-IS {HERE / 'client.py'} {address} ") for part in command]
