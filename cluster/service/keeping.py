"""Files and folders that only their owner may read, written whole or not at all."""

import os
from pathlib import Path

from outvoted.actors.runs.files import unwritable


def private_folder(path: Path) -> Path:
    """Return a folder that only its owner may open, made where it isn't there.

    Raises:
        OutvotedError: the disk refuses.
    """
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise unwritable(path, error) from error
    return path


def keep_private(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Write a file in the place of what is there.

    Raises:
        OutvotedError: the disk refuses.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.unlink(missing_ok=True)
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        partial.replace(path)
    except OSError as error:
        raise unwritable(path, error) from error
