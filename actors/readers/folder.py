"""Folders of pictures."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from outvoted.actors.readers.base import MOST_CLASSES, Contents, Part, SplitSource, lacking, unreadable
from outvoted.actors.readers.pictures import stacked
from outvoted.search.errors import OutvotedError

_LABELS = "labels.csv"
_IGNORED = ("thumbs.db", "desktop.ini")


@dataclass(frozen=True)
class _Listing:
    """Which pictures there are, with their labels, the names of labels, and where these are written."""

    files: Sequence[Path]
    labels: Sequence[int]
    names: dict[int, str]
    where: str


class Folder(SplitSource):
    """A folder with one subfolder of pictures for each class, or with pictures and a ``labels.csv``.

    Such a folder may be divided into ``train`` and ``test`` (or ``val``). Subfolders in the order of their
    names are the labels; ``labels.csv`` has the columns file and label, and may have one called name.
    """

    name: Literal["folder"] = "folder"

    def read(self) -> Contents:
        """Read all pictures, in the order of their names or of ``labels.csv``."""
        if not self.path.is_dir():
            raise unreadable(self.path, "a folder of pictures", "no such folder")
        present = [folder.name for folder in _folders(self.path) if _holds_classes(folder)]
        chosen = self.chosen(present)
        folders = [self.path / name for name in chosen if name is not None] or [self.path]
        classes = sorted({each.name for folder in folders for each in _folders(folder)})
        listings = [_listing(folder, classes) for folder in folders]
        parts = [self._part(listing) for listing in listings]
        named = {label: name for listing in listings for label, name in listing.names.items()}
        return Contents(parts[0], parts[1] if len(parts) > 1 else None, _in_order(named))

    def _part(self, listing: _Listing) -> Part:
        pictures = ((str(file), _bytes(file)) for file in listing.files)
        images = stacked(pictures, len(listing.files), self)
        return Part(images, np.array(listing.labels, np.int64), listing.where)


def _listing(folder: Path, classes: Sequence[str]) -> _Listing:
    if (folder / _LABELS).exists():
        listing = _from_table(folder)
    else:
        found = [(file, classes.index(each.name)) for each in _folders(folder) for file in _pictures(each)]
        names = dict(enumerate(classes))
        listing = _Listing([file for file, _ in found], [label for _, label in found], names, str(folder))
    if not listing.files:
        raise OutvotedError(
            expected=f"one subfolder of pictures for each class, or a {_LABELS}, in {folder}",
            found=f"{len(classes)} subfolders without pictures and no {_LABELS}" if classes else "neither",
            remedy="arrange the pictures so, or name another folder with data.path",
        )
    return listing


def _from_table(folder: Path) -> _Listing:
    path = folder / _LABELS
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            columns, rows = reader.fieldnames or (), list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise unreadable(path, "a table of comma-separated values in UTF-8", error) from error
    for column in ("file", "label"):
        if column not in columns:
            raise lacking("column", column, columns, path)
    labels = [_number(row["label"], f"line {line} of {path}") for line, row in enumerate(rows, 2)]
    names = {label: row["name"] for label, row in zip(labels, rows, strict=True)} if "name" in columns else {}
    return _Listing([folder / row["file"] for row in rows], labels, names, f"column label of {path}")


def _number(text: str | None, where: str) -> int:
    try:
        return int(np.int32(int(text or "")))
    except (ValueError, OverflowError):
        raise OutvotedError(
            expected=f"a whole number as label in {where}",
            found=repr(text or ""),
            remedy="number the classes from 0, and put their names into a column called name",
        ) from None


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def _holds_classes(folder: Path) -> bool:
    return bool(_folders(folder)) or (folder / _LABELS).exists()


def _pictures(folder: Path) -> list[Path]:
    """List all files; what is no picture is told when it is read, so that no image goes missing unseen."""
    seen = (path for path in folder.iterdir() if not path.name.startswith("."))
    return sorted(path for path in seen if path.name.lower() not in _IGNORED)


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise unreadable(file, "a picture", error) from error


def _in_order(names: dict[int, str]) -> tuple[str, ...] | None:
    if not names or max(names) >= MOST_CLASSES:
        return None
    return tuple(names.get(label) or str(label) for label in range(max(names) + 1)) or None
