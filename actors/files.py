"""Writing files so that a reader sees all of one or nothing of it."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from outvoted.search.errors import OutvotedError


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` fill a hidden file beside ``path``, then rename it to ``path``.

    Raises:
        OutvotedError: the disk is full, read-only, or otherwise refuses.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(partial)
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        raise unwritable(path, error) from error


def write_json(path: Path, values: Any) -> None:
    """Write plain values as JSON, indented.

    Raises:
        OutvotedError: the disk is full, read-only, or otherwise refuses.
    """
    text = json.dumps(values, indent=2) + "\n"
    write_atomically(path, lambda partial: partial.write_text(text))


def unwritable(path: Path, error: OSError) -> OutvotedError:
    """Say that the disk refuses, and what to do."""
    return OutvotedError(
        expected=f"to write {path}",
        found=error.strerror or str(error),
        remedy="free space or choose another folder with --runs; what was mined is kept: use --resume",
    )
