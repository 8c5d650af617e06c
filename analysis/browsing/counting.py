"""How many mistakes there are of each kind: what filters are chosen from, and the map of weaknesses."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from outvoted.analysis.browsing.engine import Query
from outvoted.analysis.browsing.filters import Judged, MistakeFilter
from outvoted.analysis.browsing.finding import Finder
from outvoted.analysis.browsing.rows import finite, named
from outvoted.analysis.browsing.sources import MEASURE
from outvoted.analysis.mining.cells import Span

_KINDS = ("target", "target_name", "label", "predicted", "valid", "part", "strategy", "voters")
_FACETS = {
    **{"target": "target_name", "label": "label", "predicted": "predicted", "valid": "judged"},
    **{"part": "part", "strategy": "strategy", "voters": "voters"},
}
_BINS = 5
_MOST_BARS = 16


@dataclass(frozen=True)
class FacetValue:
    """A value that a field of a filter can take.

    Attributes:
        value: as the filter takes it.
        name: as people read it.
        count: mistakes that have it and are meant by all other fields.
        chosen: whether the filter names it.
    """

    value: str | int
    name: str
    count: int
    chosen: bool


@dataclass(frozen=True)
class Facets:
    """The values of each field of a filter, and how many mistakes the whole filter leaves."""

    total: int
    fields: dict[str, tuple[FacetValue, ...]]


@dataclass(frozen=True)
class WeakCell:
    """How often a target takes images of one class for another."""

    target: int
    target_name: str
    label: int
    predicted: int
    count: int


@dataclass(frozen=True)
class Bars:
    """Mistakes by a measure of their transform: ``counts`` between neighbouring ``edges``."""

    measure: str
    edges: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Weaknesses:
    """The map of weaknesses; ``cells`` are the commonest first."""

    total: int
    cells: tuple[WeakCell, ...]
    bars: tuple[Bars, ...]


class Cube:
    """Mistakes within some ranges, counted by everything that is told apart by values."""

    def __init__(self, finder: Finder, one: MistakeFilter) -> None:
        """Count those that lie in a filter's ranges and come from its seeds, whatever else it says."""
        bounds = MistakeFilter(ranges=one.ranges, seed=one.seed)
        rows = finder.grouped(bounds, _KINDS, Query("count(*)"))
        frame = pd.DataFrame(rows, columns=pd.Index([*_KINDS, "count"]), dtype=object)
        frame["count"] = frame["count"].astype(np.int64)
        said = {True: Judged.YES, False: Judged.NO}
        frame["judged"] = [said.get(value, Judged.UNJUDGED) for value in frame["valid"]]
        self._cells = frame

    def total(self, one: MistakeFilter) -> int:
        """Return how many are meant."""
        return int(self._meant(one)["count"].sum())

    def facets(self, one: MistakeFilter, classes: Sequence[str]) -> Facets:
        """Return each field's values, with how many each would leave."""
        fields = {}
        for field, column in _FACETS.items():
            chosen = list(getattr(one, field))
            counts = self._meant(one.without(field)).groupby(column)["count"].sum()
            there = {_plain(value): int(count) for value, count in counts.items()}
            every = sorted({*there, *chosen}, key=lambda value: (isinstance(value, str), value))
            fields[field] = tuple(
                FacetValue(value, _read(field, value, classes), there.get(value, 0), value in chosen)
                for value in every
            )
        return Facets(self.total(one), fields)

    def cells(self, one: MistakeFilter) -> tuple[WeakCell, ...]:
        """Return target, label and wrong class of those that are meant, the commonest first."""
        columns = ["target", "target_name", "label", "predicted"]
        counts = Counter[tuple[Any, ...]]()
        for *cell, count in self._meant(one)[[*columns, "count"]].itertuples(index=False):
            counts[tuple(cell)] += count
        ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        return tuple(
            WeakCell(int(target), str(name), int(label), int(predicted), int(count))
            for (target, name, label, predicted), count in ordered
        )

    def _meant(self, one: MistakeFilter) -> pd.DataFrame:
        meant = np.ones(len(self._cells), bool)
        for field, column in _FACETS.items():
            if values := getattr(one, field):
                meant &= self._cells[column].isin(values).to_numpy()
        return self._cells[meant]


def bars(finder: Finder, one: MistakeFilter, measures: Sequence[str], over: Span) -> tuple[Bars, ...]:
    """Count mistakes in bins of each measure, as the map of weaknesses of a report does.

    Args:
        measures: of the run's transform; of many, the first.
        over: the span of each that is divided into bins.
    """
    names = list(measures)[:_MOST_BARS]
    if not names:
        return ()
    counted = []
    for place in range(len(names)):
        low, high = float(over.low[place]), float(over.high[place])
        width = max(high - low, 1e-12)
        share = Query(f"least(greatest(trunc((m{place} - ?) / ? * {_BINS}), 0), {_BINS - 1})", (low, width))
        for number in range(_BINS):
            counted.append(Query("count(*) FILTER (WHERE") + share + Query(f"= {number})"))
    columns = {f"m{place}": f"{MEASURE}{name}" for place, name in enumerate(names)}
    found = finder.computed(one, columns, Query("SELECT") + Query.joined(", ", counted), Query(""))
    counts = list(found[0]) if found else [0] * len(names) * _BINS
    return tuple(
        Bars(name, _edges(over, place), tuple(counts[place * _BINS : (place + 1) * _BINS]))
        for place, name in enumerate(names)
    )


def spans(finder: Finder, measures: Sequence[str]) -> Span:
    """Return the least and the largest value of each measure among all mistakes."""
    columns = {f"m{place}": f"{MEASURE}{name}" for place, name in enumerate(measures)}
    ends = ", ".join(
        f"min({name}) FILTER (WHERE isfinite({name})), max({name}) FILTER (WHERE isfinite({name}))"
        for name in columns
    )
    found = finder.computed(MistakeFilter(), columns, Query(f"SELECT {ends}"), Query("")) if measures else []
    row: Sequence[Any] = found[0] if found else (0.0,) * (2 * len(measures))
    values = np.array([0.0 if value is None else value for value in row], np.float64)
    return Span(values[::2], values[1::2])


def _edges(over: Span, place: int) -> tuple[float, ...]:
    edges = np.linspace(over.low[place], over.high[place], _BINS + 1)
    return tuple(float(f"{edge:.3g}") for edge in edges)


def _plain(value: Any) -> str | int:
    return str(value) if isinstance(value, str) else int(value)


def _read(field: str, value: str | int, classes: Sequence[str]) -> str:
    if field in ("label", "predicted") and isinstance(value, int):
        return named(classes, value)
    return str(finite(value))
