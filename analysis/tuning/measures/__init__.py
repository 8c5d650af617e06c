"""What runs can be measured by: a registry of named figures, for each kind of run."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from outvoted.analysis.tuning.measures import healing, studying
from outvoted.analysis.tuning.measures.base import Measure
from outvoted.analysis.tuning.measures.comparing import MINING, RecordedComparison, of_strategy
from outvoted.analysis.tuning.measures.healing import RecordedHealing
from outvoted.analysis.tuning.measures.mined import RecordedMining
from outvoted.analysis.tuning.measures.studying import RecordedStudy
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
        parts: whether they are taken of the run's parts, as ``PART.MEASURE``.
    """

    read: Callable[[Any, Path, Held | None], Any]
    measures: Mapping[str, AnyMeasure]
    parts: bool = False


def _named(measures: Sequence[AnyMeasure]) -> dict[str, AnyMeasure]:
    return {one.name: one for one in measures}


KINDS: Mapping[str, MeasuredKind] = {
    "mine": MeasuredKind(RecordedMining, MINING),
    "compare": MeasuredKind(RecordedComparison, MINING, parts=True),
    "heal": MeasuredKind(RecordedHealing, _named(healing.MEASURES)),
    "study": MeasuredKind(RecordedStudy, _named(studying.MEASURES)),
}


def measures_of(kind: str) -> Mapping[str, AnyMeasure]:
    """Return the measures of a kind of run, by their names; of a comparison, those of each strategy."""
    return KINDS[kind].measures


def measure_called(kind: str, name: str) -> AnyMeasure:
    """Return a measure of a kind of run.

    Raises:
        OutvotedError: there is none of that name.
    """
    known = KINDS[kind]
    part, _, last = name.rpartition(".") if known.parts else ("", "", name)
    if last not in known.measures or bool(part) != known.parts:
        raise _unknown(kind, name, last)
    return of_strategy(part, known.measures[last]) if known.parts else known.measures[last]


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
    run = KINDS[kind].read(config, folder, tables)
    return {name: measure_called(kind, name).of(run) for name in names}


def _unknown(kind: str, name: str, last: str) -> OutvotedError:
    known = KINDS[kind]
    elsewhere = [other for other in KINDS if last in KINDS[other].measures and other != kind]
    expected = f"a measure of `outvoted {kind}`"
    if known.parts:
        expected += ", taken of one of its strategies, say gradient.success"
        wanted = (
            [f"STRATEGY.{last}"] if last in known.measures else [f"STRATEGY.{one}" for one in known.measures]
        )
        return OutvotedError(expected, f"'{name}'", suggestion(name, wanted))
    found = f"'{name}'" + (f", which `outvoted {elsewhere[0]}` has" if elsewhere else "")
    return OutvotedError(expected, found, suggestion(name, known.measures))
