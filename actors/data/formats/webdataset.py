"""WebDataset: tar archives in which the files of a sample follow one another under one name."""

import json
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

import numpy as np

from outvoted.actors.data.ahead import FAR, in_order
from outvoted.actors.data.files import unreadable
from outvoted.actors.data.formats.base import Contents, SplitFormat
from outvoted.actors.data.formats.split_files import files_at, split_files
from outvoted.actors.data.formats.tar_members import TarMember, tar_members
from outvoted.actors.data.numbers import in_range
from outvoted.actors.data.passes import stamp_of
from outvoted.actors.data.pictures import MOST_BYTES, SUFFIXES, UndecodableError
from outvoted.actors.data.rows import Content, Item, Rows
from outvoted.actors.data.store_path import StorePath, part_of
from outvoted.search.arrays import Ints
from outvoted.search.errors import OutvotedError, printable

_MOST_LABEL = 1 << 20
_PACKED = (".tar.gz", ".tgz", ".tar.xz", ".tar.bz2", ".tar.zst")


class WebDataset(SplitFormat):
    """A tar archive, or a folder of them, with a picture and a label for each sample.

    ``0001.jpg`` is followed by ``0001.cls``: what stands before the first dot is the sample. In a folder,
    names of archives say their split as those of Parquet files do. Members are read where they lie in an
    archive; nothing is unpacked.
    """

    name: Literal["webdataset"] = "webdataset"
    image: str | None = None
    """What pictures' names end in, behind the first dot, say ``jpg``. Left out: any picture's ending."""
    label: str = "cls"
    """What labels' names end in. They hold a whole number as text; those that end in ``json``, one under the
    key ``label_key``."""
    label_key: str = "label"
    """The key of the label in JSON."""

    def read(self) -> Contents:
        """Find the samples of each split; archives follow one another in the order of their names."""
        found = split_files(self, files_at(self.path, _is_archive, ".tar"))
        tested = None if found.test is None else self._rows(found.test)
        return Contents(self._rows(found.train), tested, notes=found.notes)

    def _rows(self, files: Sequence[Path]) -> "TarRows":
        """Go through the headers of all archives, and read the labels."""
        which, begins, sizes, numbers = array("i"), array("q"), array("q"), array("q")
        for place, file in enumerate(files):
            for picture, label in self._samples(file):
                which.append(place)
                begins.append(picture.begin)
                sizes.append(picture.size)
                numbers.append(label)
        shown = str(files[0]) if len(files) == 1 else f"{files[0]} and {len(files) - 1} more"
        where = f"members .{self.label} of {shown}"
        if not numbers:
            raise OutvotedError(f"samples in {where}", "none", "name another file or folder with data.path")
        columns = (np.array(each, np.int64) for each in (begins, sizes, numbers))
        return TarRows(where, tuple(files), np.array(which, np.int32), *columns)

    def _samples(self, file: Path) -> Iterator[tuple[TarMember, int]]:
        """Give the picture and the label of each sample of an archive.

        Raises:
            OutvotedError: a sample has none of either, or several.
        """
        if file.name.lower().endswith(_PACKED):
            raise unreadable(file, "a tar archive that is not compressed", "a compressed one")
        try:
            with file.open("rb", -1 if isinstance(file, StorePath) else 0) as opened:
                for sample, members in groupby(tar_members(file, opened), _sample):
                    picture, label = self._of(sample, members, file)
                    opened.seek(label.begin)  # headers are looked for from where the last one ended
                    text = opened.read(min(label.size, _MOST_LABEL + 1))
                    yield picture, self._number(text, sample, file)
        except OSError as error:
            raise unreadable(file, "a tar archive", error) from error

    def _of(self, sample: str, members: Iterable[TarMember], file: Path) -> tuple[TarMember, TarMember]:
        pictures, labels = [], []
        for member in members:
            end = _parted(member.name)[1]
            if end == self.label:
                labels.append(member)
            elif end == self.image or (self.image is None and f".{end.lower()}" in SUFFIXES):
                pictures.append(member)
        if len(pictures) == len(labels) == 1:
            return pictures[0], labels[0]
        shown = f".{self.image}" if self.image else "a picture"
        raise OutvotedError(
            expected=f"{shown} and .{self.label} for each sample in {file}",
            found=f"{len(pictures)} pictures and {len(labels)} labels of '{printable(sample)[:200]}'",
            remedy="say what their names end in with data.image and data.label, or write the archive again",
        )

    def _number(self, text: bytes, sample: str, file: Path) -> int:
        """Read a label."""
        where = f"the label of '{printable(sample)[:200]}' in {file}"
        try:
            if len(text) > _MOST_LABEL:
                raise ValueError(f"more than {_MOST_LABEL:,} bytes")
            found = (
                json.loads(text)[self.label_key] if self.label.endswith("json") else int(text.decode("ascii"))
            )
            if type(found) is not int:
                raise ValueError(f"{found!r}")
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise OutvotedError(
                expected=f"a whole number as {where}",
                found=f"{printable(repr(text[:60]))} ({' '.join(str(error).split())[:100]})",
                remedy="number the classes from 0, or say where labels are (data.label, data.label_key)",
            ) from error
        return int(in_range(np.array([found if abs(found) < 2**53 else -1]), where)[0])


@dataclass(frozen=True, eq=False)
class TarRows(Rows):
    """Pictures in tar archives.

    Attributes:
        archives: all files.
        file: shape (n,), which of them each picture is in.
        begin, size: shape (n,), where its bytes are.
        numbers: shape (n,), its label.
    """

    archives: tuple[Path, ...]
    file: "np.ndarray[tuple[int, ...], np.dtype[np.int32]]"
    begin: Ints
    size: Ints
    numbers: Ints

    def __len__(self) -> int:
        return len(self.numbers)

    def _range(self, first: int, last: int) -> Rows:
        columns = (each[first:last] for each in (self.begin, self.size, self.numbers))
        return TarRows(self.where, self.archives, self.file[first:last], *columns)

    def name(self, row: int) -> str:
        """Where the picture lies."""
        return f"the picture at byte {self.begin[row]:,} of {self.archives[self.file[row]]}"

    def items(self) -> Iterator[Item]:
        """Read all pictures."""
        numbers = np.arange(len(self))
        for content, label in zip(self.contents(numbers), self.numbers.tolist(), strict=True):
            yield Item(content, label=label)

    def labels(self) -> Ints:
        """Return the labels."""
        return self.numbers

    def stamp(self) -> str | None:
        """Ask the system for the state of every archive."""
        return stamp_of(self.archives, (each.tobytes() for each in (self.file, self.begin, self.size)))

    def contents(self, numbers: Ints) -> Iterator[Content]:
        """Read some pictures; each archive is opened once."""
        for place, rows in groupby(numbers.tolist(), lambda row: int(self.file[row])):
            path = self.archives[place]
            try:
                with path.open("rb", 0) as file:
                    read = partial(self._content, file)
                    yield from in_order(read, rows, *(FAR if isinstance(path, StorePath) else (1, 0)))
            except OSError as error:
                raise unreadable(path, "a tar archive", error) from error

    def _content(self, file: Any, row: int) -> bytes | UndecodableError:
        size = int(self.size[row])
        if size > MOST_BYTES:
            return UndecodableError(f"{size:,} bytes; one picture may have at most {MOST_BYTES:,}")
        return part_of(file, int(self.begin[row]), size)


def _sample(member: TarMember) -> str:
    return _parted(member.name)[0]


def _parted(name: str) -> tuple[str, str]:
    """Return the sample that a member belongs to, and what its name ends in."""
    folder, slash, file = name.rpartition("/")
    sample, _, end = file.partition(".")
    return f"{folder}{slash}{sample}", end


def _is_archive(name: str) -> bool:
    return name.endswith((".tar", *_PACKED))
