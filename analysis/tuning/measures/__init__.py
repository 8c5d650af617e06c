"""What runs can be measured by: a registry of named figures, for each kind of run."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from outvoted.analysis.tuning.measures.base import Measure
from outvoted.analysis.tuning.objectives import Measured
from outvoted.search.errors import OutvotedError, suggestion

AnyMeasure = Measure[Any, Any]
Held = Mapping[str, pa.Table]


@dataclass(frozen=True)
class MeasuredKind:
    """A kind of run that can be measured.

    Attributes:
        read: opens a run, given its configuration, its folder, and its tables where they are in hand.
        measures: by their names.
        of_part: where they are taken of the run's parts, as ``PART.MEASURE``: makes such a one.
    """

    read: Callable[[Any, Path, Held | None], Any]
    measures: Mapping[str, AnyMeasure]
    of_part: Callable[[str, AnyMeasure], AnyMeasure] | None = None


KINDS = ("mine", "compare", "heal", "study")
"""The kinds of runs that can be measured."""


@cache
def measured_kind(kind: str) -> MeasuredKind:
    """Return what a kind of run can be measured by; only what that takes is imported."""
    match kind:
        case "mine":
            from outvoted.analysis.tuning.measures.comparing import MINING
            from outvoted.analysis.tuning.measures.mined import RecordedMining

            return MeasuredKind(RecordedMining, MINING)
        case "compare":
            from outvoted.analysis.tuning.measures import comparing

            return MeasuredKind(comparing.RecordedComparison, comparing.MINING, comparing.of_strategy)
        case "heal":
            from outvoted.analysis.tuning.measures import healing

            return MeasuredKind(healing.RecordedHealing, _named(healing.MEASURES))
        case _:
            from outvoted.analysis.tuning.measures import studying

            return MeasuredKind(studying.RecordedStudy, _named(studying.MEASURES))


def _named(measures: Sequence[AnyMeasure]) -> dict[str, AnyMeasure]:
    return {one.name: one for one in measures}


def measures_of(kind: str) -> Mapping[str, AnyMeasure]:
    """Return the measures of a kind of run, by their names; of a comparison, those of each strategy."""
    return measured_kind(kind).measures


def measure_called(kind: str, name: str) -> AnyMeasure:
    """Return a measure of a kind of run.

    Raises:
        OutvotedError: there is none of that name.
    """
    known = measured_kind(kind)
    if known.of_part is None:
        if name not in known.measures:
            raise _unknown(kind, name, name)
        return known.measures[name]
    part, _, last = name.rpartition(".")
    if not part or last not in known.measures:
        raise _unknown(kind, name, last)
    return known.of_part(part, known.measures[last])


def measured(
    kind: str, config: Any, folder: Path, names: Iterable[str], tables: Held | None = None
) -> dict[str, Measured]:
    """Measure what a run has recorded so far; each table is read once, and only if a measure needs it.

    Args:
        kind: of the run.
        config: its own configuration.
        folder: its own.
        names: of the measures.
        tables: what it has recorded so far, where that is in hand: `searches` and `mistakes`, or `rounds`; of
            a comparison ``STRATEGY/searches`` and so on.

    Raises:
        OutvotedError: there is no such measure, or a table is damaged.
    """
    run = measured_kind(kind).read(config, folder, tables)
    return {name: measure_called(kind, name).of(run) for name in names}


def _unknown(kind: str, name: str, last: str) -> OutvotedError:
    known = measured_kind(kind)
    elsewhere = [other for other in KINDS if other != kind and last in measures_of(other)]
    expected = f"a measure of `outvoted {kind}`"
    if known.of_part is not None:
        expected += ", taken of one of its strategies, say gradient.success"
        wanted = (
            [f"STRATEGY.{last}"] if last in known.measures else [f"STRATEGY.{one}" for one in known.measures]
        )
        return OutvotedError(expected, f"'{name}'", suggestion(name, wanted))
    found = f"'{name}'" + (f", which `outvoted {elsewhere[0]}` has" if elsewhere else "")
    return OutvotedError(expected, found, suggestion(name, known.measures))
