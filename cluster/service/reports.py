"""Reports of runs, made on demand in a process of their own: drawing takes seconds and much memory."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import BoundedSemaphore

from outvoted.actors.runs.run_folder import RunFolder
from outvoted.cluster.service.errors import BusyError
from outvoted.cluster.service.job_words import refusal_in
from outvoted.cluster.service.named import run_folder
from outvoted.cluster.service.service import Service
from outvoted.search.errors import OutvotedError

_MOST_SECONDS = 600.0
_WAIT_SECONDS = 60.0
_FRESH_SECONDS = 60.0  # of a run that goes on
_drawing, _waiting = BoundedSemaphore(1), BoundedSemaphore(3)


def report_of(service: Service, name: str) -> Path:
    """Return the file of a run's report, made anew where the run has gone on since it was made.

    Raises:
        NotFoundError: there is no such run.
        BusyError: other reports are being made.
        OutvotedError: the run has nothing to say yet, or a file is damaged.
    """
    path = run_folder(service, name).absolute()
    file = path / "report.html"
    if _is_fresh(file, path):
        return file
    with _taken(_waiting, 0), _taken(_drawing, _WAIT_SECONDS):
        if not _is_fresh(file, path):  # made while this one waited
            _draw(path)
    return file


@contextmanager
def _taken(turn: BoundedSemaphore, seconds: float) -> Iterator[None]:
    if not turn.acquire(timeout=seconds):
        raise BusyError(
            expected="one report to be made at a time",
            found="others that are being made",
            remedy="ask again in a minute",
            after=30,
        )
    try:
        yield
    finally:
        turn.release()


def _is_fresh(file: Path, run: Path) -> bool:
    changed = RunFolder(run).changed_at()
    if file.is_symlink() or not file.is_file() or changed is None:
        return False
    made = file.stat().st_mtime_ns
    return made >= changed or time.time() - made / 1e9 < _FRESH_SECONDS


def _draw(run: Path) -> None:
    command = [sys.executable, "-m", "outvoted.cluster", "report", str(run)]
    hidden = ("OUTVOTED_TOKEN", "RAY_AUTH_TOKEN")
    surroundings = {name: value for name, value in os.environ.items() if name not in hidden}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_MOST_SECONDS, env=surroundings, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise OutvotedError(
            expected=f"a report of {run.name} within {_MOST_SECONDS:.0f} seconds",
            found="one that takes longer",
            remedy=f"make it in a shell: outvoted report {run}",
        ) from error
    if done.returncode:
        raise refusal_in(done.stderr) or OutvotedError(
            expected=f"a report of {run.name}",
            found=(done.stderr.strip().splitlines() or ["no word of why there is none"])[-1][:300],
            remedy=f"see what it says in a shell: outvoted report {run}",
        )
