"""Folders of pictures: a subfolder for each class, or a `labels.csv` with the label of each picture."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from outvoted.actors.data.ahead import FAR, in_order
from outvoted.actors.data.files import (
    DataPath,
    content,
    folders,
    listed,
    unreadable,
    walked,
)
from outvoted.actors.data.formats.base import WHOLE, Contents, SplitFormat, kind
from outvoted.actors.data.formats.labels_table import LABELS, names_of, rows_of
from outvoted.actors.data.numbers import MOST_CLASSES
from outvoted.actors.data.packed import PackedNames, packed
from outvoted.actors.data.passes import stamp_of
from outvoted.actors.data.pictures import SUFFIXES, UndecodableError
from outvoted.actors.data.rows import Content, Item, Rows, Source
from outvoted.actors.data.store_path import StorePath
from outvoted.search.arrays import Ints
from outvoted.search.errors import OutvotedError, printable


@dataclass(frozen=True)
class FileRows(Rows):
    """Image files, each a row.

    Attributes:
        files: relative to the folder.
        numbers: their labels; none if it is left out.
        class_names: of labels that have a name.
    """

    folder: Path
    files: PackedNames
    numbers: Ints | None = None
    class_names: dict[int, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.files)

    def _range(self, first: int, last: int) -> Rows:
        numbers = None if self.numbers is None else self.numbers[first:last]
        return FileRows(self.where, self.folder, self.files[first:last], numbers)

    def name(self, row: int) -> str:
        """Name the file."""
        return str(self.folder / self.files[row])

    def items(self) -> Iterator[Item]:
        """Read the files; one that cannot be read is an item too."""
        each = zip(self.files, self.labels().tolist(), self._contents(self.files), strict=True)
        return (Item(found, printable(file), label) for file, label, found in each)

    def contents(self, numbers: Ints) -> Iterator[Content]:
        """Read some files."""
        return self._contents(self.files[number] for number in numbers.tolist())

    def stamp(self) -> str | None:
        """Ask the system for the state of every file."""
        says = (self.files.text.tobytes(), self.files.ends.tobytes())
        if isinstance(self.folder, StorePath):
            return stamp_of((self.folder / file for file in self.files), says)
        return stamp_of((f"{self.folder}/{file}" for file in self.files), says)

    def _contents(self, files: Iterable[str]) -> Iterator[Content]:
        return in_order(self._content, files, *(FAR if isinstance(self.folder, StorePath) else (1, 0)))

    def _content(self, file: str) -> bytes | UndecodableError:
        try:
            return content(self.folder / file)
        except UndecodableError as error:
            return error

    def labels(self) -> Ints:
        """Return the labels."""
        return super().labels() if self.numbers is None else self.numbers


class Folder(SplitFormat):
    """A folder with one subfolder of pictures for each class, or with pictures and a ``labels.csv``.

    Such a folder may be divided into ``train`` and ``test`` (or ``val``). Subfolders in the order of their
    names, by value where all are numbers, are the labels; empty ones are none. ``labels.csv`` has the columns
    file and label, and may have one called name.
    """

    name: Literal["folder"] = "folder"

    def read(self) -> Contents:
        """Find all pictures, in the order of their names or of ``labels.csv``."""
        if not self.path.is_dir():
            raise unreadable(self.path, "a folder of pictures", "no such folder")
        there = folders(self.path)
        present = [folder.name for folder in there if _holds_classes(folder)]
        train, test = self.chosen(present)
        if train is None:
            self._refuse_flat(there)
        elif (self.path / LABELS).exists():
            raise self._both(train)
        parts = [self.path / name for name in (train, test) if name is not None] or [self.path]
        classes, notes = _classes(parts)
        rows = [_rows(folder, self.path, classes) for folder in parts]
        if len({each.where.startswith("column") for each in rows}) > 1:
            raise _mixed(parts)
        notes += _passed_over(self.path, parts, rows, there)
        names = {label: name for each in reversed(rows) for label, name in each.class_names.items()}
        return Contents(rows[0], rows[1] if len(rows) > 1 else None, _in_order(names), notes=tuple(notes))

    def _refuse_flat(self, there: Sequence[Path]) -> None:
        """Refuse folders that are called like splits but hold pictures, not classes."""
        flat = [folder.name for folder in there if not _holds_classes(folder) and _holds_pictures(folder)]
        kinds = {kind(name) for name in flat}
        clear = None in kinds and not ("train" in kinds and kinds & {"test", "val"})
        if self.train == WHOLE or not flat or clear:
            return
        called = " and ".join(name for name in flat if kind(name))
        raise OutvotedError(
            expected=f"a subfolder for each class within {called}, or a {LABELS} in each, in {self.path}",
            found=f"pictures directly in {called}: either splits without labels, or classes of these names",
            remedy=f"sort the pictures into class folders, or set data.train='{WHOLE}' if these are classes",
        )

    def _both(self, train: str) -> OutvotedError:
        return OutvotedError(
            expected=f"either a {LABELS} for all pictures, or splits, in {self.path}",
            found=f"{LABELS} beside {train}/: either the labels of all, or left over",
            remedy=f"set data.train='{WHOLE}' to go by {LABELS}, or move it away to go by the folders",
        )


class FolderSource(Source):
    """All files below a folder whose names end as image files do, in the order of their paths.

    Links to files and folders are followed; hidden files, and what desktops leave, are passed over.
    """

    kind: Literal["folder"] = "folder"
    path: DataPath
    """The folder."""

    def rows(self) -> Rows:
        """List the files; the list itself, about 100 bytes for each file, is held in memory."""
        files, others = self._listed()
        if not files:
            raise OutvotedError(
                expected=f"image files ({', '.join(SUFFIXES)}) in {self.path} or folders below it",
                found=others,
                remedy="name another folder with scan.source.path",
            )
        return FileRows(str(self.path), self.path, packed(files))

    def _listed(self) -> tuple[list[str], str]:
        """Return the image files, relative to the folder, and words for what else is there."""
        if not self.path.is_dir():
            return [], "no such folder" if not self.path.exists() else "a file"
        files: list[str] = []
        others: Counter[str] = Counter()
        for path in walked(self.path):
            if _named_so(path):
                files.append(os.path.relpath(path, self.path))
            else:
                others[path.suffix or path.name] += 1
        counted = ", ".join(f"{count} {kind}" for kind, count in others.most_common(5))
        return sorted(files), f"other files: {counted}" if others else "an empty folder"


def _classes(parts: Sequence[Path]) -> tuple[list[str], list[str]]:
    """Return the names of the folders that hold pictures in any split, in order, and what is to be told."""
    held = {folder: _holds_pictures(folder) for part in parts for folder in folders(part)}
    found = {folder.name for folder, pictures in held.items() if pictures}
    empty = sorted({folder.name for folder in held} - found)
    notes = [f"empty folders passed over: {', '.join(empty[:5])}"] if empty else []
    if found and all(name.isascii() and name.isdigit() for name in found):
        ordered = sorted(found, key=lambda name: (int(name), name))
        if ordered != sorted(found):
            notes.append("class folders are in the order of their numbers, not of their names as text")
        return ordered, notes
    return sorted(found), notes


def _rows(folder: Path, root: Path, classes: Sequence[str]) -> FileRows:
    if (folder / LABELS).exists():
        rows = rows_of(folder, root)
        files, labels = packed(str(row.file) for row in rows), np.array([row.label for row in rows], np.int64)
        names, where = names_of(rows, folder / LABELS), f"column label of {folder / LABELS}"
        found = FileRows(where, folder, files, labels, names)
    else:
        there = {each.name: each for each in folders(folder)}
        counted: list[int] = []

        def held() -> Iterator[str]:
            for name in classes:
                inner = _pictures(there[name]) if name in there else []
                counted.append(len(inner))
                yield from (f"{name}/{file}" for file in inner)

        names = {label: printable(name) for label, name in enumerate(classes)}
        files = packed(held())
        found = FileRows(str(folder), folder, files, np.arange(len(classes)).repeat(counted), names)
    if not found.files:
        raise OutvotedError(
            expected=f"one subfolder of pictures for each class, or a {LABELS}, in {folder}",
            found=_instead(folder),
            remedy="arrange the pictures so, or name another folder with data.path",
        )
    return found


def _instead(folder: Path) -> str:
    """Say what a folder holds that holds no classes."""
    inner, loose = folders(folder), _loose(folder)
    if inner:
        return f"{len(inner)} subfolders without pictures and no {LABELS}"
    return f"{len(loose)} pictures without labels" if loose else "neither"


def _passed_over(
    root: Path, parts: Sequence[Path], rows: Sequence[FileRows], there: Sequence[Path]
) -> Iterator[str]:
    """Say which pictures and folders were not read, though they could have been meant."""
    unread = [folder.name for folder in there if parts[0] != root and folder not in parts]
    if unread:
        yield f"folders beside the chosen splits passed over: {', '.join(map(printable, unread[:5]))}"
    for part, each in zip(parts, rows, strict=True):
        by_table = (part / LABELS).exists()
        left = _loose(part)
        if by_table:
            told = {part / file for file in each.files}
            left = sorted(file for file in walked(part) if _named_so(file) and file not in told)
        if left:
            why = f"not in {LABELS}" if by_table else "beside the class folders"
            yield f"pictures {why} passed over: {len(left)}, say {printable(left[0].name)}"


def _mixed(parts: Sequence[Path]) -> OutvotedError:
    return OutvotedError(
        expected=f"labels told in one way in {' and '.join(map(str, parts))}",
        found=f"a {LABELS} in one, class folders in the other",
        remedy=f"write a {LABELS} for both, or sort the pictures of both into class folders",
    )


def _loose(folder: Path) -> list[Path]:
    return [folder / name for name, inner in listed(folder) if not inner and _named_so(Path(name))]


def _named_so(file: Path) -> bool:
    return file.name.lower().endswith(SUFFIXES)


def _holds_classes(folder: Path) -> bool:
    return bool(folders(folder)) or (folder / LABELS).exists()


def _pictures(folder: Path) -> list[str]:
    """Return the names of all files; what is no picture is told when it is read, and never goes missing.

    Folders within are listed too, and refused then, unless nothing is in them.
    """
    return [name for name, inner in listed(folder) if not inner or next(walked(folder / name), None)]


def _holds_pictures(folder: Path) -> bool:
    return any(not inner or next(walked(folder / name), None) for name, inner in listed(folder))


def _in_order(names: dict[int, str]) -> tuple[str, ...] | None:
    if not names or max(names) >= MOST_CLASSES:
        return None
    return tuple(names.get(label) or str(label) for label in range(max(names) + 1)) or None
