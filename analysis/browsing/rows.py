"""Rows of mistakes as they are shown and sent, and where they stand in the files."""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from outvoted.actors.runs import tables
from outvoted.analysis.browsing.ordering import MistakeKey
from outvoted.analysis.browsing.snapshot import HeldFile, Snapshot
from outvoted.analysis.browsing.sources import MistakeTable
from outvoted.search.arrays import Bools, Ints
from outvoted.search.errors import OutvotedError

BRIEF = (
    *("search_id", "position", "number", "target", "target_name", "label", "predicted", "margin", "valid"),
    *("realism", "repeat", "arm", "round", "setting"),
)
"""The stored columns that tell mistakes apart at a glance, of a table that has them."""
LISTED = (
    *BRIEF,
    *("referee_predicted", "voters", "strategy", "seed_id", "moves", "candidates", "measures"),
    *("true_label", "label_correct"),
)
"""Those that a page of mistakes shows."""
HEAVY = ("image", "seed_image")


@dataclass(frozen=True, order=True)
class RowPlace:
    """Where a row stands in a snapshot: the place of its file, and its own in the file."""

    file: int
    row: int


class MistakeRow(BaseModel):
    """A mistake as it is listed; None is what its run does not know, or what was not asked for.

    Attributes:
        id: as in URLs, ``SEARCH/NUMBER``; where a run has parts, ``PART~SEARCH/NUMBER``.
        target: the place in the panel of the network that is wrong, by the name ``target_name``.
        margin: the least voter's probability of the label minus the target's.
        valid: whether the referee, which answers ``referee``, agrees with the label.
        realism: share of real images of the label that lie farther from their like.
        voters: how many peers had to agree.
        seed: the training image that the search started from.
        measures: what the composed transform does, in the transform's units.
        true_label, label_correct: of an image that a scan found, where its class is known.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    part: str
    search: int
    number: int
    target: int
    target_name: str
    label: int
    label_name: str
    predicted: int
    predicted_name: str
    margin: float | None
    valid: bool | None
    referee: int | None
    realism: float | None
    voters: int | None
    strategy: str | None
    seed: int | None
    moves: int | None
    candidates: int | None
    measures: dict[str, float | None]
    true_label: int | None = None
    label_correct: bool | None = None

    @property
    def key(self) -> MistakeKey:
        """What tells it from all others."""
        return MistakeKey(self.part, self.search, self.number)


def taken(
    snapshot: Snapshot, places: Sequence[RowPlace], columns: Sequence[str] | None
) -> list[tuple[dict[str, Any], str]]:
    """Read some rows, in their order, each with its part; of the files only what is near them.

    Args:
        columns: only these, of a table that has them; None: all but images.

    Raises:
        OutvotedError: a file is damaged, or gone.
    """
    wanted = defaultdict[int, list[int]](list)
    for place in places:
        wanted[place.file].append(place.row)
    found = dict[RowPlace, tuple[dict[str, Any], str]]()
    for number, rows in wanted.items():
        file = snapshot.files[number]
        for row, one in _rows_of(file, snapshot.counts[number], np.unique(rows), columns):
            found[RowPlace(number, row)] = one, part_of(one, file.source)
    return [found[place] for place in places if place in found]


def recorded(snapshot: Snapshot, places: Sequence[RowPlace], columns: Sequence[str] | None) -> pa.Table:
    """Read some rows as they are recorded, in their order, some columns of them or all.

    Raises:
        OutvotedError: a file is damaged, or gone, or parts of the run have other columns.
    """
    wanted = defaultdict[int, list[int]](list)
    for place in places:
        wanted[place.file].append(place.row)
    parts, order = list[pa.Table](), dict[RowPlace, int]()
    for number, rows in wanted.items():
        file, some = snapshot.files[number], np.unique(rows)
        names = [name for name in file.source.form.arrow.names if columns is None or name in columns]
        parts += tables.batches(file.path, file.source.form, names, _mask(snapshot.counts[number], some))
        for row in some:
            order[RowPlace(number, int(row))] = len(order)
    try:
        found = pa.concat_tables(parts) if parts else pa.table({})
    except pa.ArrowInvalid as error:
        raise OutvotedError(
            expected="parts of a run that record the same columns",
            found="others, which no table holds together",
            remedy="ask for one of the parts: part=NAME",
        ) from error
    return found.take(pa.array([order[place] for place in places], pa.int64()))


def _rows_of(
    file: HeldFile, count: int, rows: Ints, columns: Sequence[str] | None
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Read rows of a file, each with its number."""
    there = file.source.form.arrow.names
    names = [name for name in there if (name in columns if columns is not None else name not in HEAVY)]
    if not names:
        yield from ((int(row), {}) for row in rows)
        return
    parts = tables.batches(file.path, file.source.form, names, _mask(count, rows))
    read = (row for part in parts for row in part.to_pylist())
    yield from zip(map(int, rows), read, strict=True)


def _mask(count: int, rows: Ints) -> Bools:
    wanted = np.zeros(count, bool)
    wanted[rows] = True
    return wanted


def part_of(row: dict[str, Any], source: MistakeTable) -> str:
    """Name the part of the run that a row is of, as SQL does."""
    own = [source.part] if source.part else []
    return "~".join([*own, *(str(row[group]) for group in source.groups if group in row)])


def listed(row: dict[str, Any], part: str, classes: Sequence[str]) -> MistakeRow:
    """Return a row as it is shown."""
    search, number = row.get("search_id", row.get("position")), row.get("number", 0)
    assert search is not None
    assert number is not None
    measures = row.get("measures") or {}
    return MistakeRow(
        id=str(MistakeKey(part, search, number)),
        part=part,
        search=search,
        number=number,
        target=row["target"],
        target_name=row["target_name"],
        label=row["label"],
        label_name=named(classes, row["label"]),
        predicted=row["predicted"],
        predicted_name=named(classes, row["predicted"]),
        margin=finite(row["margin"]),
        valid=row["valid"],
        referee=row.get("referee_predicted"),
        realism=finite(row.get("realism")),
        voters=row.get("voters"),
        strategy=row.get("strategy"),
        seed=row.get("seed_id"),
        moves=row.get("moves"),
        candidates=row.get("candidates"),
        measures={name: finite(value) for name, value in measures.items()},
        true_label=row.get("true_label"),
        label_correct=row.get("label_correct"),
    )


def named(classes: Sequence[str], label: int) -> str:
    """Return the name of a class, or its number where it has none."""
    return classes[label] if 0 <= label < len(classes) else str(label)


def finite(value: Any) -> Any:
    """Return a value as JSON can hold it: numbers that are none, and those within it, as None."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list):
        return [finite(one) for one in value]
    return {name: finite(one) for name, one in value.items()} if isinstance(value, dict) else value
