"""Signals end a command as Ctrl-C does; what the machines refuse is no bug."""

import errno
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from ray.exceptions import OutOfMemoryError, RayTaskError, WorkerCrashedError

from outvoted.cluster import __main__ as started
from outvoted.cluster.console import ending
from outvoted.cluster.console.ending import INTERRUPTED, signals_heeded, signals_kept
from outvoted.cluster.ray.calls import refused
from outvoted.search.errors import OutvotedError

LONG = """
import sys, time
from contextlib import suppress
from pathlib import Path
import outvoted.cluster.command_line.cli as cli
from outvoted.cluster.command_line.resuming import resumable
from outvoted.cluster.console.terminal import phase

@cli.app.command("long")
def long(name: str) -> None:
    run = Path(name)
    with resumable("mine", Path("a [b].yaml"), ["seeds=[1]"], run), phase(cli.console, "working"):
        run.mkdir()
        (run / "run.json").write_text("{}", encoding="utf-8")
        try:
            time.sleep(60)
        finally:
            if "slow" in name:
                print("ending", flush=True)
                time.sleep(60)

sys.argv = ["outvoted", "long", sys.argv[1]]
cli.main()
"""


def _heed_hangups() -> None:
    """Have SIGHUP end the process, also where these tests run under `nohup`, which has it ignored."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def _begun(name: str, folder: object, program: str = LONG) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", program, name],
        cwd=str(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_heed_hangups,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "working\n"
    return process


@pytest.fixture(autouse=True)
def _signals_are_given_back() -> Iterator[None]:
    """Undo what a command that is ended by a signal leaves to its process, which is not at its end here."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


@pytest.fixture
def heeds_ctrl_c() -> Iterator[None]:
    """Raise KeyboardInterrupt on SIGINT, which shells have what runs in the background ignore."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeds_ctrl_c")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_during_the_imports_ends_without_a_traceback(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(started, "import_module", lambda name: signal.raise_signal(number))
    with pytest.raises(SystemExit) as ended:
        started.main()
    assert ended.value.code == INTERRUPTED
    by = " by SIGTERM" if number == signal.SIGTERM else ""
    assert capsys.readouterr().err == f"\nInterrupted{by} before anything started.\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_command_as_ctrl_c_does(number: signal.Signals, tmp_path: object) -> None:
    with _begun("a run", tmp_path) as process:
        time.sleep(0.2)
        process.send_signal(number)
        process.send_signal(number)  # as batch systems do, to a job and to each of its processes
        _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert f"Interrupted by {number.name} before anything was recorded in a run." in said
    assert said.strip().endswith(
        "outvoted mine 'a [b].yaml' --set 'seeds=[1]' --runs . --name 'a run' --resume"
    )
    assert "Traceback" not in said


LAST = """
import os
import sys

class Last:
    def __del__(self, write=os.write, wait=time.sleep):
        write(1, b"gone\\n")
        wait(0.5)

sys.last = Last()  # what this module names goes after the interpreter has given up its signals
"""


def test_a_signal_that_comes_again_during_shutdown_changes_nothing(tmp_path: object) -> None:
    with _begun("a run", tmp_path, LONG.replace("sys.argv =", f"{LAST}\nsys.argv =")) as process:
        process.send_signal(signal.SIGTERM)
        assert process.stdout is not None
        assert process.stdout.readline() == "gone\n"
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    assert process.returncode == 130


def test_a_second_signal_ends_a_command_at_once(tmp_path: object) -> None:
    with _begun("slow", tmp_path) as process:
        time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        assert process.stdout is not None
        assert process.stdout.readline() == "ending\n"
        time.sleep(1.1)
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    assert process.returncode == 130
    assert time.monotonic() - began < 5


def test_ignored_signals_stay_ignored_and_all_are_given_back() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with signals_heeded():
            signal.raise_signal(signal.SIGHUP)
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
            with pytest.raises(KeyboardInterrupt, match="SIGTERM"):
                signal.raise_signal(signal.SIGTERM)
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    finally:
        signal.signal(signal.SIGHUP, before)


def test_what_a_library_does_to_signals_is_undone() -> None:
    with signals_heeded():
        with signals_kept():
            signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(number))
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)


def _chained(cause: BaseException) -> RuntimeError:
    error = RuntimeError("while it ran")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/runs/x"), "space on the disk.*: /runs/x"),
        (OSError(errno.EROFS, "Read-only file system", "/x"), "Read-only file system: /x.*another folder"),
        (OSError(errno.EMFILE, "Too many open files"), "ulimit"),
        (OSError(errno.ENAMETOOLONG, "File name too long", "x"), "shorter names"),
        (FileNotFoundError(errno.ENOENT, "No such file or directory"), "No such file"),
        (MemoryError(), "enough memory"),
        (OutOfMemoryError("killed"), "enough memory"),
        (WorkerCrashedError(), "stay alive.*--resume"),
        (RayTaskError("f", "traceback", OSError(errno.ENOSPC, "full")), "space on the disk"),
        (_chained(PermissionError(errno.EACCES, "Permission denied", "/x")), "Permission denied: /x"),
        (_chained(OutvotedError("a", "b", "c")), "expected: a"),
    ],
)
def test_what_the_machines_refuse_is_told_with_a_remedy(error: Exception, said: str) -> None:
    found = refused(error)
    assert found is not None
    assert found.found
    assert re.search(said, " ".join(str(found).split()))


@pytest.mark.parametrize("error", [ValueError("x"), KeyError("x"), RayTaskError("f", "t", ValueError("x"))])
def test_a_bug_stays_one(error: Exception) -> None:
    assert refused(error) is None


def test_a_command_that_is_ended_at_once_says_its_last_words_first(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[object] = []

    def tell(error: Exception) -> int:
        said.append(str(error))
        return 2

    monkeypatch.setattr(ending, "_exit", said.append)
    ending.end_command(ValueError("of a program"))  # which goes on
    with ending.carried_out(tell), ending.last_words(lambda: said.append("kept")):
        ending.end_command(ValueError("lost"))
    assert said == ["kept", "lost", 2]
