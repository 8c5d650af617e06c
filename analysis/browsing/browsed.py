"""A run's mistakes as they are browsed: pages, counts, single mistakes, and those that are like one."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from outvoted.analysis.browsing import ordering
from outvoted.analysis.browsing.counting import Bars, Cube, Facets, Weaknesses, bars, spans
from outvoted.analysis.browsing.filters import MistakeFilter, check_number
from outvoted.analysis.browsing.finding import Finder, FoundRow
from outvoted.analysis.browsing.looking import Looking
from outvoted.analysis.browsing.ordering import MistakeKey, Sort
from outvoted.analysis.browsing.rows import LISTED, MistakeRow, RowPlace, listed, recorded, taken
from outvoted.analysis.browsing.sources import MistakeTable
from outvoted.analysis.browsing.thumbnails import SMALL, side_of
from outvoted.analysis.mining.cells import Span
from outvoted.search.arrays import Ints

MOST_ROWS = 500
"""Of a page."""
_ORDERED = 4_000_000  # rows of an order that is kept
_STOOD = 200_000  # mistakes of which it is kept where they stand
_EVERYTHING = MistakeFilter()
_AS_FOUND = Sort()


@dataclass(frozen=True)
class BrowsedPage:
    """Some mistakes in an order.

    Attributes:
        total: how many the filter leaves.
        next: the cursor behind the last row; None where nothing follows.
    """

    rows: tuple[MistakeRow, ...]
    total: int
    next: str | None


@dataclass(frozen=True)
class Neighbours:
    """Where a mistake stands among those that are meant, from 0; None: it is not among them."""

    place: int | None
    previous: MistakeKey | None
    next: MistakeKey | None


@dataclass(frozen=True)
class _Question:
    filter: MistakeFilter
    sort: Sort
    limit: int
    columns: Sequence[str]


def _patient(took: float) -> float:
    return max(1.0, 10 * took)


class BrowsedRun:
    """Reads the mistakes of a run, finished or not, from its files; several threads may ask.

    It sees exactly what :class:`UnitTables` reads: units that are there, each mistake once. What is recorded
    meanwhile is seen a second later, or in a very large run some seconds.
    """

    def __init__(
        self,
        folder: Path,
        sources: Callable[[], Sequence[MistakeTable]],
        classes: Sequence[str] = (),
        stamp: str = "",
        pause: Callable[[float], float] = _patient,
        turn: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        """Take the run's folder, and what is known of it.

        Args:
            folder: the run's.
            sources: names the tables with its mistakes.
            classes: their names, where they have any.
            stamp: tells it from another run that had its name before.
            pause: after how many seconds files are looked for again, by how many that took.
            turn: waits, before each answer, until it may be made.
        """
        self.classes, self.stamp = classes, stamp
        self._looking = Looking(folder, sources, pause, turn)

    @property
    def measures(self) -> tuple[str, ...]:
        """Names of what the run's transforms are described by; of a comparison, of all of its strategies."""
        self._looking.asked(lambda finder: finder)
        return self._looking.measures()

    @property
    def side(self) -> int:
        """Pixels along each side of a thumbnail: those of an image, where these are few."""

        def measured(finder: Finder) -> int:
            first = finder.first(_EVERYTHING, _AS_FOUND, 1)
            rows = taken(finder.snapshot, [each.at for each in first], ("image",))
            return finder.memory.kept("side", lambda: side_of(_picture(rows[0][0], "image")) if rows else 0)

        return self._looking.asked(lambda finder: finder.memory.get("side") or measured(finder)) or SMALL

    def page(
        self,
        one: MistakeFilter = _EVERYTHING,
        sort: Sort = _AS_FOUND,
        limit: int = 100,
        cursor: str | None = None,
        skip: int = 0,
        columns: Sequence[str] = LISTED,
    ) -> BrowsedPage:
        """Return some mistakes: those behind a cursor, or behind the first ``skip``.

        ``columns`` says what of them is read: ``BRIEF`` is quicker where they lie far apart in the files.

        Whoever follows the cursors sees each mistake once that was there when the first page was taken,
        however many are recorded meanwhile.

        Raises:
            OutvotedError: a name or a cursor is none of this run's, a file is damaged, or it takes too long.
        """
        limit = max(0, min(limit, MOST_ROWS))
        behind = None if cursor is None else ordering.read(cursor, one, sort)

        def found(finder: Finder) -> BrowsedPage:
            self._check(one, sort)
            asked = _Question(one, sort, limit, columns)
            if behind is None:
                return self._skipped(finder, asked, skip)
            beyond = sort.after(finder.value(behind, sort), behind.key)
            return self._page(finder, asked, finder.first(one, sort, limit + 1, skip, beyond))

        def known(finder: Finder) -> BrowsedPage:
            name = ("page", str(one.query()), str(sort), limit, cursor, skip, columns)
            return finder.pages.kept(name, lambda: found(finder))

        return self._looking.asked(known)

    def count(self, one: MistakeFilter = _EVERYTHING) -> int:
        """Return how many mistakes are meant.

        Raises:
            OutvotedError: as for :meth:`page`.
        """

        def counted(finder: Finder) -> int:
            self._check(one)
            return self._total(finder, one)

        return self._looking.asked(counted)

    def facets(self, one: MistakeFilter = _EVERYTHING) -> Facets:
        """Return the values of each field, each with how many mistakes have it and fit all other fields.

        Raises:
            OutvotedError: as for :meth:`page`.
        """

        def counted(finder: Finder) -> Facets:
            self._check(one)
            return self._cube(finder, one).facets(one, self.classes)

        return self._looking.asked(counted)

    def weaknesses(self, one: MistakeFilter = _EVERYTHING, over: Span | None = None) -> Weaknesses:
        """Return the map of weaknesses: which target takes which class for which, under which changes.

        Args:
            one: which mistakes.
            over: the span of the transform's measures that bars divide; that of all mistakes if left out.

        Raises:
            OutvotedError: as for :meth:`page`.
        """

        def counted(finder: Finder) -> Weaknesses:
            self._check(one)
            cube, measures = self._cube(finder, one), self._looking.measures()
            span = over or finder.memory.kept("spans", lambda: spans(finder, measures))
            drawn = self._drawn_bars(finder, one, measures, span)
            return Weaknesses(cube.total(one), cube.cells(one), drawn)

        return self._looking.asked(counted)

    def one(self, key: MistakeKey) -> dict[str, Any] | None:
        """Return all that is recorded of a mistake but its images; None: there is no such.

        Raises:
            OutvotedError: as for :meth:`page`.
        """

        def read(finder: Finder) -> dict[str, Any] | None:
            places = self._found(finder, [key])
            rows = taken(finder.snapshot, list(places.values()), None)
            return rows[0][0] if rows else None

        return self._looking.asked(read)

    def rows(self, keys: Sequence[MistakeKey]) -> tuple[MistakeRow, ...]:
        """Return mistakes in their order; those that are not there are left out.

        Raises:
            OutvotedError: as for :meth:`page`.
        """

        def read(finder: Finder) -> tuple[MistakeRow, ...]:
            places = self._found(finder, keys)
            return self._listed(finder, [places[key] for key in keys if key in places])

        return self._looking.asked(read)

    def images(self, keys: Sequence[MistakeKey], column: str = "image") -> list[bytes | None]:
        """Return pictures of mistakes, PNG as it was stored; None of one that is not there, or has none.

        Args:
            keys: of the mistakes.
            column: image, or seed_image.

        Raises:
            OutvotedError: as for :meth:`page`.
        """

        def read(finder: Finder) -> list[bytes | None]:
            places = self._found(finder, keys)
            there = [key for key in dict.fromkeys(keys) if key in places]
            rows = taken(finder.snapshot, [places[key] for key in there], (column,))
            found = {key: _picture(row, column) for key, (row, _) in zip(there, rows, strict=True)}
            return [found.get(key) for key in keys]

        return self._looking.asked(read)

    def neighbours(
        self, key: MistakeKey, one: MistakeFilter = _EVERYTHING, sort: Sort = _AS_FOUND
    ) -> Neighbours:
        """Return where a mistake stands in an order, and those beside it.

        Raises:
            OutvotedError: as for :meth:`page`.
        """

        def found(finder: Finder) -> Neighbours:
            self._check(one, sort)
            here = finder.find(key, sort, one)
            if here is None:
                return Neighbours(None, None, None)
            before = sort.after(here.value, key, before=True)
            after = finder.first(one, sort, 1, beyond=sort.after(here.value, key))
            previous = finder.last(one, sort, before)
            return Neighbours(
                finder.count(one, (sort, before)),
                None if previous is None else previous.key,
                after[0].key if after else None,
            )

        return self._looking.asked(found)

    def similar(self, key: MistakeKey, limit: int = 24) -> tuple[MistakeRow, ...]:
        """Return mistakes of the same target, label and wrong class, those with the nearest transform first.

        Distance is that of the transforms' measures, each in units of its spread among all mistakes.

        Raises:
            OutvotedError: as for :meth:`page`.
        """

        def found(finder: Finder) -> tuple[MistakeRow, ...]:
            places = self._found(finder, [key])
            here = self._listed(finder, list(places.values()))
            return self._listed(finder, self._near(finder, here[0], limit)) if here else ()

        return self._looking.asked(found)

    def chosen(self, one: MistakeFilter, most: int) -> list[MistakeKey]:
        """Return the keys of all mistakes that are meant, in the order of their searches, up to ``most``.

        Raises:
            OutvotedError: as for :meth:`page`.
        """

        def found(finder: Finder) -> list[MistakeKey]:
            self._check(one)
            return [each.key for each in finder.first(one, _AS_FOUND, most)]

        return self._looking.asked(found)

    def table(self, keys: Sequence[MistakeKey], columns: Sequence[str] | None = None) -> pa.Table:
        """Return rows as they are recorded, in the order of the keys, but for those that are not there.

        Raises:
            OutvotedError: as for :meth:`page`; or parts of the run record other columns, or other measures.
        """

        def found(finder: Finder) -> pa.Table:
            places = self._found(finder, keys)
            return recorded(finder.snapshot, [places[key] for key in keys if key in places], columns)

        return self._looking.asked(found)

    def close(self) -> None:
        """Forget all that was read."""
        self._looking.close()

    def _check(self, one: MistakeFilter, sort: Sort = _AS_FOUND) -> None:
        for name in (sort.by, *one.ranges):
            check_number(name, self._looking.measures())

    @staticmethod
    def _drawn_bars(
        finder: Finder, one: MistakeFilter, measures: Sequence[str], over: Span
    ) -> tuple[Bars, ...]:
        name = ("bars", str(one.query()), over.low.tobytes(), over.high.tobytes())
        return finder.memory.kept(name, lambda: bars(finder, one, measures, over))

    def _near(self, finder: Finder, here: MistakeRow, limit: int) -> list[RowPlace]:
        measures = self._looking.measures()
        over = finder.memory.kept("spans", lambda: spans(finder, measures))
        return finder.nearest(here, measures, over, max(0, min(limit, MOST_ROWS)))

    def _total(self, finder: Finder, one: MistakeFilter) -> int:
        if one == _EVERYTHING:
            return finder.snapshot.rows
        cube: Cube | None = finder.memory.get(_cube_of(one))
        if cube is not None:
            return cube.total(one)
        return finder.memory.kept(("total", str(one.query())), lambda: finder.count(one))

    def _cube(self, finder: Finder, one: MistakeFilter) -> Cube:
        return finder.memory.kept(_cube_of(one), lambda: Cube(finder, one))

    def _skipped(self, finder: Finder, asked: _Question, skip: int) -> BrowsedPage:
        """Return what follows the first ``skip``: few are counted off, of many the order is kept."""
        one, sort, limit = asked.filter, asked.sort, asked.limit
        name = ("order", str(one.query()), str(sort))
        order: Ints | None = finder.memory.get(name)
        if order is None and skip >= MOST_ROWS and self._total(finder, one) <= _ORDERED:
            order = finder.memory.kept(name, lambda: finder.order(one, sort))
        if order is None:
            return self._page(finder, asked, finder.first(one, sort, limit + 1, skip))
        places = [finder.place(number) for number in order[skip : skip + limit]]
        rows = self._listed(finder, places, asked.columns)
        more = bool(rows) and skip + limit < len(order)
        follows = ordering.unvalued(rows[-1].key, one, sort) if more else None
        return BrowsedPage(rows, self._total(finder, one), follows)

    def _page(self, finder: Finder, asked: _Question, found: Sequence[FoundRow]) -> BrowsedPage:
        """Show rows that were found, of which one more than wanted means that others follow."""
        rows = self._listed(finder, [each.at for each in found[: asked.limit]], asked.columns)
        last = found[asked.limit - 1] if 0 < asked.limit < len(found) else None
        follows = None if last is None else ordering.written(last.value, last.key, asked.filter, asked.sort)
        return BrowsedPage(rows, self._total(finder, asked.filter), follows)

    def _listed(
        self, finder: Finder, places: Sequence[RowPlace], columns: Sequence[str] = LISTED
    ) -> tuple[MistakeRow, ...]:
        rows = taken(finder.snapshot, places, columns)
        found = tuple(listed(row, part, self.classes) for row, part in rows)
        stood = finder.memory.kept("places", dict[MistakeKey, RowPlace])
        if len(stood) > _STOOD:
            stood.clear()
        stood.update({row.key: place for row, place in zip(found, places, strict=True)})
        return found

    def _found(self, finder: Finder, keys: Sequence[MistakeKey]) -> dict[MistakeKey, RowPlace]:
        """Return where mistakes stand; those of pages that were shown lately need not be looked for."""
        known = finder.memory.kept("places", dict[MistakeKey, RowPlace])
        missing = [key for key in dict.fromkeys(keys) if key not in known]
        known.update(finder.places(missing))
        return {key: known[key] for key in keys if key in known}


def _cube_of(one: MistakeFilter) -> tuple[str, str]:
    bounds = MistakeFilter(ranges=one.ranges, seed=one.seed)
    return "cube", str(bounds.query())


def _picture(row: dict[str, Any], column: str) -> bytes | None:
    image = row.get(column)
    return None if image is None else image["bytes"]
