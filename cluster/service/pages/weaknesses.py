"""The map of weaknesses of a run: which label is taken for which, and under which changes."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from outvoted.analysis.browsing.counting import Bars, WeakCell
from outvoted.analysis.browsing.filters import Range
from outvoted.analysis.browsing.rows import named
from outvoted.analysis.browsing.sources import MEASURE
from outvoted.cluster.service.api.mistakes import browsed
from outvoted.cluster.service.pages.asked import MistakesAsked
from outvoted.cluster.service.pages.choices import choices
from outvoted.cluster.service.pages.rendering import page
from outvoted.cluster.service.pages.told import figure, words
from outvoted.cluster.service.pages.words import count
from outvoted.cluster.service.service import Here

router = APIRouter()
_MOST = 20  # classes along a side, as in reports
_STRENGTHS = 10


@dataclass(frozen=True)
class MapCell:
    """A number that leads to its mistakes; ``possible`` where a label can be taken for that class."""

    count: int
    strength: int
    said: str
    href: str
    possible: bool


@dataclass(frozen=True)
class MapRow:
    """One label."""

    name: str
    cells: Sequence[MapCell]


@dataclass(frozen=True)
class MapGrid:
    """Labels down, wrong classes across; ``left_out`` says so where there are more."""

    sides: Sequence[str]
    rows: Sequence[MapRow]
    left_out: str


@dataclass(frozen=True)
class MapBin:
    """A bar, ``share`` as high as the highest, that leaves only the mistakes under that change."""

    count: int
    share: float
    said: str
    href: str
    chosen: bool


@dataclass(frozen=True)
class MapChange:
    """The bars of one of the transform's measures."""

    title: str
    bins: Sequence[MapBin]
    low: str
    high: str


@router.get("/runs/{name}/map")
def weaknesses(request: Request, service: Here, name: str) -> HTMLResponse:
    """Show the map."""
    run = browsed(service, name)
    asked = MistakesAsked.of(request, name)
    found = run.weaknesses(asked.filter)
    return page(
        request,
        "map.html",
        name=name,
        filters=choices(asked, run.facets(asked.filter), run.measures, "map", ordered=False),
        found=f"{count(found.total)} mistake{'' if found.total == 1 else 's'}",
        grid=grid(asked, found.cells, run.classes) if found.total else None,
        changes=[_change(asked, bars) for bars in found.bars],
        gallery=asked.address(),
    )


def grid(asked: MistakesAsked, cells: Sequence[WeakCell], classes: Sequence[str]) -> MapGrid:
    """Add up the targets' cells; of many classes those with most mistakes have a row or a column."""
    counts = Counter[tuple[int, int]]()
    for cell in cells:
        counts[cell.label, cell.predicted] += cell.count
    every = max(len(classes), *(1 + max(pair) for pair in counts))
    rows, sides = (_shown(counts, axis, every) for axis in (0, 1))
    most = max(counts.values())
    made_of = partial(_cell, asked, classes, most)
    made = [
        MapRow(named(classes, row), [made_of(row, side, counts[row, side]) for side in sides]) for row in rows
    ]
    left_out = f"Of {every:,} classes the {_MOST} with most mistakes are shown." if every > _MOST else ""
    return MapGrid([named(classes, side) for side in sides], made, left_out)


def _shown(counts: Counter[tuple[int, int]], axis: int, every: int) -> list[int]:
    if every <= _MOST:
        return list(range(every))
    sums = Counter[int]()
    for pair, number in counts.items():
        sums[pair[axis]] += number
    return sorted(value for value, _ in sums.most_common(_MOST))


def _cell(
    asked: MistakesAsked, classes: Sequence[str], most: int, row: int, side: int, number: int
) -> MapCell:
    said = f"{named(classes, row)} taken for {named(classes, side)}: {number:,}"
    href = asked.having(label=(row,), predicted=(side,)).address()
    strength = math.ceil(_STRENGTHS * math.sqrt(number / most))
    return MapCell(number, strength, said, href, row != side)


def _change(asked: MistakesAsked, bars: Bars) -> MapChange:
    name, most = f"{MEASURE}{bars.measure}", max(bars.counts, default=0) or 1
    last, bins = len(bars.counts) - 1, []
    for place, number in enumerate(bars.counts):
        low, high = bars.edges[place : place + 2]
        # the outer bins hold whatever lies beyond them too
        one = Range(least=low if place else None, most=high if place < last else None)
        chosen = asked.filter.ranges.get(name) == one
        href = asked.within(name, None if chosen else one).address("map")
        said = f"{words(bars.measure)} {figure(low)} to {figure(high)}: {number:,}"
        bins.append(MapBin(number, round(number / most, 4), said, href, chosen))
    return MapChange(words(bars.measure), bins, figure(bars.edges[0]), figure(bars.edges[-1]))
