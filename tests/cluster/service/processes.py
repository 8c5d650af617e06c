"""The service as a process of its own, for tests beside a real head of Ray."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from tests.head import SOURCES, Head


class ServiceProcess:
    """A service, asked with its token."""

    def __init__(self, url: str, runs: Path, process: subprocess.Popen[bytes]) -> None:
        self.url, self.process, self._runs = url, process, runs
        self._headers = {"Authorization": f"Bearer {self.token}"}

    @property
    def link(self) -> str:
        """The address that logs a browser in, as it is printed."""
        printed = (self._runs.parent / "serve.log").read_text()
        return str(re.findall(r"http://\S+/login\S+", printed)[-1])

    @property
    def token(self) -> str:
        """The token of those who may do everything."""
        return (self._runs / ".service" / "token").read_text().strip()

    def ask(self, method: str, path: str, **more: Any) -> requests.Response:
        """Ask it."""
        return requests.request(method, f"{self.url}{path}", headers=self._headers, timeout=120, **more)

    def awaited(self, path: str, holds: str, seconds: float = 120) -> Any:
        """Wait until an answer holds a text."""
        until = time.monotonic() + seconds
        while holds not in (answer := self.ask("GET", path)).text:
            assert time.monotonic() < until, answer.text
            time.sleep(0.3)
        return answer.json()


@contextmanager
def service_process(head: Head, runs: Path) -> Iterator[ServiceProcess]:
    """Have `outvoted serve` run within the block, beside a head; it is killed then."""
    command = [*(sys.executable, "-m", "outvoted.cluster", "serve", "--port", "0", "--no-open")]
    command += ["--runs", str(runs), "--address", head.address]
    surroundings = {**os.environ, "RAY_AUTH_TOKEN": head.token, "PYTHONPATH": str(SOURCES)}
    noted = runs / ".service" / "serving.json"
    noted.unlink(missing_ok=True)
    with (runs.parent / "serve.log").open("ab") as log:
        process = subprocess.Popen(command, env=surroundings, stdout=log, stderr=log)
    try:
        until = time.monotonic() + 60
        while not (noted.exists() and noted.read_bytes() and (runs / ".service" / "token").exists()):
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.1)
        found = ServiceProcess(json.loads(noted.read_bytes())["url"], runs, process)
        found.awaited("/v1/ready", "true")
        yield found
    finally:
        process.kill()
        process.wait(10)
