"""The files of a run's mistakes at a moment, checked as whoever reads them elsewhere checks them."""

import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from outvoted.actors.runs import tables
from outvoted.actors.runs.files import refuse_link
from outvoted.analysis.browsing.sources import MistakeTable
from outvoted.search.arrays import Bools, Ints


@dataclass(frozen=True)
class HeldFile:
    """A file of a source with rows that are there.

    Attributes:
        source: which table it is of.
        wanted: shape (rows,), which of its rows are meant; None: all.
        stamp: size and time, by which one that was written anew is told.
    """

    source: MistakeTable
    path: Path
    wanted: Bools | None
    stamp: tuple[int, int]


@dataclass(frozen=True)
class Snapshot:
    """Which rows are there: all of ``files`` but those that are left out.

    Attributes:
        files: those of one source behind one another.
        left_out: by place in ``files``, rows that are not meant, or whose key stands before them already.
        counts: how many rows each file holds.
    """

    files: tuple[HeldFile, ...]
    left_out: dict[int, Ints]
    counts: tuple[int, ...]

    @property
    def rows(self) -> int:
        """How many there are."""
        return sum(self.counts) - sum(map(len, self.left_out.values()))

    def of_sources(self) -> list[tuple[int, list[HeldFile]]]:
        """Return the files of each source that has any, and the place of the first."""
        found = list[tuple[int, list[HeldFile]]]()
        for place, file in enumerate(self.files):
            if found and found[-1][1][0].source is file.source:
                found[-1][1].append(file)
            else:
                found.append((place, [file]))
        return found

    def same(self, other: "Snapshot") -> bool:
        """Return whether the same rows are there, in the same places."""
        mine, theirs = ([(file.path, file.stamp) for file in one.files] for one in (self, other))
        return (
            mine == theirs
            and self.left_out.keys() == other.left_out.keys()
            and all(np.array_equal(rows, other.left_out[place]) for place, rows in self.left_out.items())
        )


@dataclass
class Checked:
    """What is known of files, so that none is read twice: forms, keys, and which columns are sound.

    Attributes:
        measures: of each table and part, the names of what its transforms are described by.
    """

    measures: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    _keys: dict[tuple[Path, tuple[int, int]], pa.Table] = field(default_factory=dict)
    _sound: dict[tuple[Path, tuple[int, int]], set[str]] = field(default_factory=dict)

    def snapshot(self, sources: Sequence[MistakeTable]) -> Snapshot:
        """Look which files are there, and read their keys.

        Raises:
            OutvotedError: a file is damaged, another table's, a link, or gone.
        """
        files = tuple(file for source in sources for file in _held(source))
        here = {(file.path, file.stamp) for file in files}
        self._keys = {one: rows for one, rows in self._keys.items() if one in here}
        self._sound = {one: names for one, names in self._sound.items() if one in here}
        left_out, counts = dict[int, Ints](), list[int]()
        for source in sources:
            own = [(place, file) for place, file in enumerate(files) if file.source is source]
            keys = [self._key_columns(file) for _, file in own]
            some = _left_out([file for _, file in own], keys)
            counts += map(len, keys)
            left_out |= {place: gone for (place, _), gone in zip(own, some, strict=True) if len(gone)}
        return Snapshot(files, left_out, tuple(counts))

    def check(self, file: HeldFile, columns: Iterable[str]) -> None:
        """Read columns of a file through once, as they are read elsewhere: checksums, types, empty values.

        Raises:
            OutvotedError: something is wrong with it, or it is gone.
        """
        sound = self._sound.setdefault((file.path, file.stamp), set())
        new = [name for name in dict.fromkeys(columns) if name not in sound]
        if new:
            tables.read(file.path, file.source.form, new)
            sound.update(new)

    def _key_columns(self, file: HeldFile) -> pa.Table:
        source, known = file.source, (file.path, file.stamp)
        if known not in self._keys:
            found = tables.read(file.path, source.form, source.key)
            self._measured(file)
            self._keys[known] = found.combine_chunks()
            self._sound.setdefault(known, set()).update(source.key)
        return self._keys[known]

    def _measured(self, file: HeldFile) -> None:
        """Note the names of measures, which are those of the source's first file."""
        source = (file.source.table, file.source.part)
        if "measures" not in file.source.form.arrow.names:
            self.measures[source] = ()
            return
        names = tuple(inner.name for inner in tables.form_of(file.path).field("measures").type)
        first = self.measures.setdefault(source, names)
        if names != first:
            wrong = ValueError(f"measures {', '.join(names)[:60]} instead of {', '.join(first)[:60]}")
            raise tables.unreadable(file.path, wrong)


def _held(source: MistakeTable) -> Iterable[HeldFile]:
    for path, wanted in source.units.files(source.table):
        refuse_link(path.parent)
        refuse_link(path)
        try:
            status = path.lstat()
        except OSError as error:
            raise tables.unreadable(path, error) from error
        if not stat.S_ISREG(status.st_mode):
            raise tables.unreadable(path, ValueError("no file"))
        yield HeldFile(source, path, wanted, (status.st_size, status.st_mtime_ns))


def _left_out(files: Sequence[HeldFile], keys: Sequence[pa.Table]) -> list[Ints]:
    """Return the rows of each file that are not meant, or whose key stood before."""
    meant = [np.ones(len(rows), bool) for rows in keys]
    for file, rows, own in zip(files, keys, meant, strict=True):
        if file.wanted is not None:
            if len(file.wanted) != len(rows):
                raise tables.unreadable(file.path, ValueError(f"{len(rows):,} rows, which is another number"))
            own &= file.wanted
    some = [rows if own.all() else rows.filter(pa.array(own)) for rows, own in zip(keys, meant, strict=True)]
    again = _repeated(some)
    for own, repeated in zip(meant, again, strict=True):
        if repeated.any():
            own[np.flatnonzero(own)[repeated]] = False
    return [np.flatnonzero(~own) for own in meant]


def _repeated(keys: Sequence[pa.Table]) -> list[Bools]:
    """Return which rows have a key that stands before them, in the same table or another."""
    if not keys:
        return []
    every = pa.concat_tables(keys)
    ends = np.cumsum([len(rows) for rows in keys])[:-1]
    if _single(every):
        return list(np.split(np.zeros(len(every), bool), ends))
    frame: pd.DataFrame = every.to_pandas()
    return list(np.split(frame.duplicated().to_numpy(), ends))


def _single(keys: pa.Table) -> bool:
    """Return whether the first column alone tells all rows apart, as it nearly always does."""
    values = np.sort(keys.column(0).to_numpy(), kind="stable")  # files are in order: runs are merged
    return bool((values[1:] != values[:-1]).all())
