"""What is known of a run's files here and of its objects in a store, when they were last the same."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from outvoted.actors.runs.files import write_atomically
from outvoted.cluster.storage.store import Stored


class Local(NamedTuple):
    """A file: its size in bytes, and when it was written, in ns."""

    size: int
    at: int


class Pair(NamedTuple):
    """A file and an object that were the same."""

    local: Local
    stored: Stored


class Index:
    """The pairs of a run by name, kept in a file beside the folder; losing it costs time alone.

    Attributes:
        epoch: how often the run had been begun or taken up when both sides were the same.
    """

    def __init__(self, folder: Path) -> None:
        """Read what is known of a run's folder."""
        self.folder = folder
        self._file = folder.parent / ".known" / f"{folder.name}.json"
        self.pairs: dict[str, Pair] = {}
        self.epoch = 0
        try:
            known = json.loads(self._file.read_bytes())
            for name, (size, at, stored, when) in known["pairs"].items():
                self.pairs[name] = Pair(Local(int(size), int(at)), Stored(int(stored), int(when)))
            self.epoch = int(known["epoch"])
        except (OSError, ValueError, TypeError, AttributeError, KeyError):
            self.pairs, self.epoch = {}, 0

    def save(self) -> None:
        """Write it down.

        Raises:
            OutvotedError: the disk refuses.
        """
        pairs = {name: (*pair.local, *pair.stored) for name, pair in self.pairs.items()}
        text = json.dumps({"epoch": self.epoch, "pairs": pairs})
        write_atomically(self._file, lambda partial: partial.write_text(text, "utf-8"))

    def local(self) -> dict[str, Local]:
        """Return the run's files by name, but hidden ones and those that are no longer there."""
        return {name: found for name, path in _files(self.folder) if (found := local(path)) is not None}


def last_said(record: Path | bytes | None) -> tuple[int, str]:
    """Return how often a run was begun or taken up, and when it last said something, by its run.json."""
    try:
        found = json.loads((record.read_bytes() if isinstance(record, Path) else record) or b"{}")
        return int(found.get("epoch", 0)), str(found.get("updated_at", ""))
    except (OSError, ValueError, TypeError, AttributeError):
        return 0, ""


def local(path: Path) -> Local | None:
    """Return what is known of a file; None where there is none."""
    try:
        found = path.stat(follow_symlinks=False)
    except OSError:
        return None
    return Local(found.st_size, found.st_mtime_ns)


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    waiting = [("", str(folder))]
    while waiting:
        before, place = waiting.pop()
        try:
            entries = list(os.scandir(place))
        except OSError:
            continue
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                waiting.append((f"{before}{entry.name}/", entry.path))
            elif entry.is_file(follow_symlinks=False):
                yield f"{before}{entry.name}", Path(entry.path)
