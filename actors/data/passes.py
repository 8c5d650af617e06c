"""What a pass over images on disk found is remembered, so that a run that is opened again need not read all.

As in version control, files count as unchanged while the system says so: path, size, number, and when content
and entry were last changed. What is remembered lies in the user's cache and may be deleted at any time.
"""

import hashlib
import os
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from pydantic import Field

from outvoted.actors.data.split import Hashes, Split, StoredPixels
from outvoted.actors.data.store_path import Child, StorePath
from outvoted.actors.runs.files import write_atomically
from outvoted.search.errors import OutvotedError
from outvoted.search.settings import Settings

_FORM = "2"
"""Of what is remembered; another one is another key."""
_MOST_BYTES = 4096
SETTLED_NS = 2_000_000_000
"""Stores tell seconds: what was written so lately may be written again and look the same."""


class Passed(Settings):
    """Of two splits: channels of the images, what `Survey` says of them."""

    channels: int = Field(ge=1, le=3)
    low: int = Field(ge=0, le=255)
    high: int = Field(ge=0, le=255)
    shared: int = Field(ge=0)
    digest: str = Field(pattern="^[0-9a-f]{64}$")
    named: str = Field(pattern="^[0-9a-f]{64}$")


def key_of(splits: Iterable[Split], suffix: str) -> str | None:
    """Return what a pass is remembered under; None where files can change unseen.

    It covers all that a pass depends on: labels, which rows, what they are brought to, the files' state.
    """
    digest = hashlib.sha256(f"{_FORM} {suffix}".encode())
    for split in splits:
        assert isinstance(split.kept, StoredPixels)
        stamp = split.kept.rows.stamp()
        if stamp is None:
            return None
        order = b"" if split.kept.order is None else split.kept.order.astype("<i8").tobytes()
        said = (stamp, split.kept.look.model_dump_json(), str(split.kept.form[1:]))
        for part in (*(text.encode() for text in said), order, split.labels.astype("<i8").tobytes()):
            digest.update(len(part).to_bytes(8, "little") + part)
    return digest.hexdigest()


def stamp_of(paths: Iterable[Path | str], says: Iterable[bytes] = ()) -> str | None:
    """Return a text that changes when a file does, or what is said; None if one can't be looked at."""
    digest = hashlib.sha256()
    for part in says:
        digest.update(len(part).to_bytes(8, "little") + part)
    try:
        folder, there = None, dict[str, Child]()
        for path in paths:
            if isinstance(path, StorePath):
                if path.parent != folder:  # what lies in a folder is told at once
                    folder = path.parent
                    there = {child.name: child for child in folder.children()}
                found = there[path.name]
                if found.at > time.time_ns() - SETTLED_NS:
                    return None
                digest.update(f"{path}{found}".encode("utf-8", "surrogateescape"))
                continue
            file = os.stat(path)  # noqa: PTH116  # quicker
            state = (file.st_dev, file.st_ino, file.st_size, file.st_mtime_ns, file.st_ctime_ns)
            digest.update(os.fsencode(path) + repr(state).encode())
    except (OSError, ValueError, KeyError, OutvotedError):
        return None
    return digest.hexdigest()


def recalled(key: str | None, *counts: int) -> tuple[Passed, list[Hashes]] | None:
    """Return what is remembered, and the hashes of so many images of each split."""
    if key is None:
        return None
    try:
        with _file(key).open("rb") as file:
            passed = Passed.model_validate_json(file.readline(_MOST_BYTES))
            found = np.fromfile(file, "<u8").astype(np.uint64)
    except (OSError, ValueError):
        return None
    return (passed, np.split(found, np.cumsum(counts)[:-1])) if len(found) == sum(counts) else None


def remember(key: str | None, passed: Passed, hashes: Sequence[Hashes]) -> None:
    """Remember it, if there is room and leave to."""
    if key is not None:
        parts = [passed.model_dump_json().encode(), b"\n", *(each.astype("<u8").tobytes() for each in hashes)]
        with suppress(OutvotedError):  # images are only looked at again
            write_atomically(_file(key), lambda path: path.write_bytes(b"".join(parts)))


def _file(key: str) -> Path:
    import pooch

    return Path(pooch.os_cache("outvoted")) / "passes" / key
