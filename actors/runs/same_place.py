"""Whether a process that is to write a run's files sees the folder that another one reads them in.

A path can mean another folder in a container or on another machine. So one process writes a question into the
folder, and the other one has to read it there and write it down once more.
"""

import secrets
from contextlib import suppress
from pathlib import Path

from outvoted.actors.runs.files import reason, write_atomically
from outvoted.search.errors import OutvotedError

REMEDY = (
    "choose a folder with --runs that Ray's processes on this machine see under the same path "
    "(in containers, a mounted volume), and --resume"
)
_ASKED, _ANSWERED = ".asked", ".answered"


def ask(folder: Path) -> str:
    """Write a question into a folder, and return it.

    Raises:
        OutvotedError: the disk refuses.
    """
    question = secrets.token_hex(8)
    write_atomically(folder / _ASKED, lambda partial: partial.write_text(question, "utf-8"))
    return question


def asked(folder: Path) -> str | None:
    """Return the question that a folder holds; None where there is none."""
    try:
        return (folder / _ASKED).read_text("utf-8")
    except (OSError, ValueError):
        return None


def answer(folder: Path) -> str | None:
    """Write down the question that a folder holds, and return it; None where there is none.

    Raises:
        OutvotedError: the disk refuses.
    """
    question = asked(folder)
    if question is None:
        return None
    write_atomically(folder / _ANSWERED, lambda partial: partial.write_text(question, "utf-8"))
    return question


def check(folder: Path, question: str, answered: str | None) -> None:
    """Make sure that a question was read in this folder, and that the answer lies here too.

    Raises:
        OutvotedError: another folder is meant by this path there.
    """
    try:
        here = (folder / _ANSWERED).read_text("utf-8")
    except (OSError, ValueError) as error:
        here = reason(error)
    forget(folder)
    if not question == answered == here:
        raise OutvotedError(
            expected=f"one folder {folder.resolve()} for this process and for the one that records results",
            found="another file system there: what is written by one of them can't be read by the other",
            remedy=REMEDY,
        )


def forget(folder: Path) -> None:
    """Remove question and answer."""
    for name in (_ASKED, _ANSWERED):
        with suppress(OSError):
            (folder / name).unlink(missing_ok=True)
