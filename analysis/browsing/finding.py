"""Questions put to DuckDB about a snapshot: which rows, in which order, how many of each kind."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, TypeVar

import numpy as np

from outvoted.analysis.browsing.engine import Engine, Query
from outvoted.analysis.browsing.filters import MistakeFilter, columns_of_ranges
from outvoted.analysis.browsing.ordering import Behind, MistakeKey, Sort
from outvoted.analysis.browsing.rows import MistakeRow, RowPlace
from outvoted.analysis.browsing.snapshot import Checked, HeldFile, Snapshot
from outvoted.analysis.browsing.sources import MEASURE
from outvoted.analysis.mining.cells import Span
from outvoted.search.arrays import Ints

Answer = TypeVar("Answer")

_EVERY, _ALL_ROWS = MistakeFilter(), Query("true")
_KEY = ("part", "search", "number")
_FILE_BITS = 40  # of a number that names a row of a file


@dataclass(frozen=True)
class FoundRow:
    """A row in its place in an order: ``value`` is what was sorted by."""

    at: RowPlace
    key: MistakeKey
    value: Any


class Memory:
    """Answers about a snapshot that were given lately; several threads may ask."""

    def __init__(self, most: int) -> None:
        """Take how many answers are kept."""
        self._most = most
        self._kept, self._lock = OrderedDict[Hashable, Any](), Lock()

    def get(self, name: Hashable) -> Any:
        """Return what was answered, if it is known."""
        with self._lock:
            return self._kept.get(name)

    def kept(self, name: Hashable, make: Callable[[], Answer]) -> Answer:
        """Return what was answered, or make the answer."""
        with self._lock:
            if name in self._kept:
                self._kept.move_to_end(name)
                known: Answer = self._kept[name]
                return known
        made = make()
        with self._lock:
            self._kept[name] = made
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return made


@dataclass(frozen=True)
class Finder:
    """Asks about the rows of one snapshot.

    Attributes:
        checked: by which columns are read through before DuckDB is let near them.
        memory, pages: of answers about the same snapshot.
    """

    engine: Engine
    checked: Checked
    snapshot: Snapshot
    memory: Memory
    pages: Memory

    def first(
        self,
        one: MistakeFilter,
        sort: Sort,
        limit: int,
        skip: int = 0,
        beyond: Query = _ALL_ROWS,
    ) -> list[FoundRow]:
        """Return the first rows in an order of those for which ``beyond`` holds too."""
        rows = self._rows(one, {"v": sort.by, **dict(zip(_KEY, _KEY, strict=True))})
        if rows is None:
            return []
        query = Query("SELECT file, row, part, search, number, v FROM (") + rows + Query(") WHERE") + beyond
        found = self.engine.rows(query + sort.order + Query("LIMIT ? OFFSET ?", (limit, skip)))
        return [FoundRow(RowPlace(file, row), MistakeKey(*key), v) for file, row, *key, v in found]

    def order(self, one: MistakeFilter, sort: Sort) -> Ints:
        """Return all rows in an order, as numbers that :meth:`place` reads."""
        rows = self._rows(one, {"v": sort.by, **dict(zip(_KEY, _KEY, strict=True))})
        if rows is None:
            return np.empty(0, np.int64)
        query = Query("SELECT place FROM (") + rows + Query(")") + sort.order
        return self.engine.numbers(query)

    def last(self, one: MistakeFilter, sort: Sort, before: Query) -> FoundRow | None:
        """Return the last row in an order of those for which ``before`` holds too."""
        rows = self._rows(one, {"v": sort.by, **dict(zip(_KEY, _KEY, strict=True))})
        if rows is None:
            return None
        way = "ASC" if sort.descending else "DESC"
        order = f"ORDER BY v {way} NULLS FIRST, part {way}, search {way}, number {way} LIMIT 1"
        query = Query("SELECT file, row, part, search, number, v FROM (") + rows + Query(") WHERE") + before
        found = self.engine.rows(query + Query(order))
        return next(
            (FoundRow(RowPlace(file, row), MistakeKey(*key), v) for file, row, *key, v in found), None
        )

    def nearest(self, here: MistakeRow, measures: Sequence[str], over: Span, limit: int) -> list[RowPlace]:
        """Return the rows like one, nearest first: by measures where it has any, else by margin."""
        one = MistakeFilter(target=(here.target_name,), label=(here.label,), predicted=(here.predicted,))
        known = [(name, here.measures.get(name)) for name in measures]
        widths = np.maximum(over.high - over.low, 1e-12)
        parts, columns = list[Query](), dict(zip(_KEY, _KEY, strict=True))
        for place, ((name, value), width) in enumerate(zip(known, widths, strict=True)):
            if value is not None:
                columns[f"m{place}"] = f"{MEASURE}{name}"
                parts.append(Query(f"coalesce(power((m{place} - ?) / ?, 2), 1)", (value, float(width))))
        if not parts:
            columns["m"] = "margin"
            parts = [Query("abs(m - ?)", (here.margin or 0.0,))]
        distance = Query.joined(" + ", parts)
        itself = Query(
            "WHERE NOT (part = ?::VARCHAR AND search = ?::BIGINT AND number = ?::BIGINT)", here.key.values
        )
        tail = itself + Query("ORDER BY d, part, search, number LIMIT ?", (limit,))
        asked = Query("SELECT file, row,") + distance + Query("AS d")
        return [RowPlace(file, row) for file, row, _ in self.computed(one, columns, asked, tail)]

    @staticmethod
    def place(number: int) -> RowPlace:
        """Return the row that a number of :meth:`order` stands for."""
        return RowPlace(int(number) >> _FILE_BITS, int(number) & ((1 << _FILE_BITS) - 1))

    def count(self, one: MistakeFilter, beyond: tuple[Sort, Query] | None = None) -> int:
        """Return how many rows are meant, or of these those for which ``beyond`` holds."""
        if beyond is None:
            rows = self._rows(one, {})
            return self._number(rows, Query("true"))
        sort, condition = beyond
        rows = self._rows(one, {"v": sort.by, **dict(zip(_KEY, _KEY, strict=True))})
        return self._number(rows, condition)

    def value(self, behind: Behind, sort: Sort) -> Any:
        """Return what the row that a cursor stands behind is sorted by; None as well if it is not there."""
        if behind.valued:
            return behind.value
        here = self.find(behind.key, sort)
        return None if here is None else here.value

    def find(self, key: MistakeKey, sort: Sort, one: MistakeFilter = _EVERY) -> FoundRow | None:
        """Return a mistake's row, if it is there and among those that are meant."""
        at = Query("part = ?::VARCHAR AND search = ?::BIGINT AND number = ?::BIGINT", key.values)
        return next(iter(self.first(one, sort, 1, beyond=at)), None)

    def places(self, keys: Sequence[MistakeKey]) -> dict[MistakeKey, RowPlace]:
        """Return where mistakes stand that are there."""
        if not keys:
            return {}
        rows = self._rows(MistakeFilter(), dict(zip(_KEY, _KEY, strict=True)))
        if rows is None:
            return {}
        wanted, searches = set(keys), sorted({key.search for key in keys})
        some = Query(f"search IN ({', '.join('?' * len(searches))})", tuple(searches))
        query = Query("SELECT file, row, part, search, number FROM (") + rows + Query(") WHERE") + some
        found = {MistakeKey(*key): RowPlace(file, row) for file, row, *key in self.engine.rows(query)}
        return {key: place for key, place in found.items() if key in wanted}

    def grouped(self, one: MistakeFilter, columns: Sequence[str], sums: Query) -> list[tuple[Any, ...]]:
        """Return ``sums`` over the rows that are meant, for each combination of values of some columns."""
        rows = self._rows(one, {name: name for name in columns})
        if rows is None:
            return []
        names = ", ".join(columns)
        query = Query(f"SELECT {names}{', ' if columns else ''}") + sums + Query("FROM (") + rows + Query(")")
        return self.engine.rows(query + Query(f"GROUP BY {names}" if columns else ""))

    def computed(
        self, one: MistakeFilter, columns: Mapping[str, str], query: Query, tail: Query
    ) -> list[tuple[Any, ...]]:
        """Return what a query says of the rows that are meant; ``columns``: theirs, by what it calls them."""
        rows = self._rows(one, columns)
        return [] if rows is None else self.engine.rows(query + Query("FROM (") + rows + Query(")") + tail)

    def _number(self, rows: Query | None, condition: Query) -> int:
        if rows is None:
            return 0
        query = Query("SELECT count(*) FROM (") + rows + Query(") WHERE") + condition
        return int(self.engine.rows(query)[0][0])

    def _rows(self, one: MistakeFilter, columns: Mapping[str, str]) -> Query | None:
        """Return the rows that are meant, some columns of them under new names; None: there is no file."""
        wanted = {**columns, **{name: name for name in one.values}, **dict(columns_of_ranges(one))}
        parts = [self._of_source(place, files, wanted) for place, files in self.snapshot.of_sources()]
        if not parts:
            return None
        union = Query.joined(" UNION ALL ", parts)
        return Query("SELECT * FROM (") + union + Query(") WHERE") + one.condition()

    def _of_source(self, first: int, files: Sequence[HeldFile], columns: Mapping[str, str]) -> Query:
        source = files[0].source
        measures = self.checked.measures.get((source.table, source.part), ())
        computed = {name: source.computed(column, measures) for name, column in columns.items()}
        reads = {name for one in computed.values() for name in one.reads}
        for file in files:
            self.checked.check(file, reads)
        place = f"(({first} + file_index::BIGINT) << {_FILE_BITS}) + file_row_number"
        parts = [Query(f"SELECT {first} + file_index AS file, file_row_number AS row, {place} AS place")]
        for name, one in computed.items():
            parts.append(Query(f", {one.sql} AS {name}", (source.part,) if "?" in one.sql else ()))
        parts.append(Query("FROM read_parquet(?)", ([str(file.path) for file in files],)))
        gone = self._left_out(first, len(files))
        if gone:
            parts.append(Query(f"WHERE {place} NOT IN (SELECT unnest(?::BIGINT[]))", (gone,)))
        return Query.joined(" ", parts)

    def _left_out(self, first: int, count: int) -> list[int]:
        some = self.snapshot.left_out
        return [
            (file << _FILE_BITS) + int(row)
            for file in range(first, first + count)
            for row in some.get(file, ())
        ]
