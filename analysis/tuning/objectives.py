"""What trials are judged by."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from outvoted.search.settings import Settings

Goal = Literal["maximise", "minimise"]


@dataclass(frozen=True)
class Measured:
    """What a measure gave: the value and the ends of its 95 % interval, each None where it can't be told.

    Attributes:
        of: how many independent values it was taken over: seeds, repeats, groups or runs; of a share, how
            many independent hits and misses tell as much.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    of: int = 0


@dataclass(frozen=True)
class Objective:
    """A measure, and which way it is to go."""

    measure: str
    goal: Goal

    @property
    def worst(self) -> float:
        """What no trial is worse than: an infinite number."""
        return -math.inf if self.goal == "maximise" else math.inf

    def better(self, one: float | None, other: float | None) -> bool:
        """Tell whether one value is better than the other; none at all is worse than any."""
        one, other = (self.worst if value is None else value for value in (one, other))
        return one > other if self.goal == "maximise" else one < other


def pooled(runs: Sequence[Measured]) -> Measured:
    """Return what a measure gave of a trial, from what it gave of each of its runs.

    Of one run that is what it gave itself. Of several it is the mean; its interval, by Student's t, says how
    much runs differ whose random numbers do. It is nothing if a run gave nothing.
    """
    from outvoted.analysis.report.numbers import interval  # scipy: not for who only reads settings

    if len(runs) == 1:
        return runs[0]
    values = [run.value for run in runs if run.value is not None]
    mean, low, high = interval(values) if len(values) == len(runs) else (None, None, None)
    return Measured(mean, low, high, len(runs))


def _word_alone(value: Any) -> Any:
    return {"measure": value} if isinstance(value, str) else value


class ObjectiveSettings(Settings):
    """A measure of a run, and which way it is to go; a word alone is a measure with its usual goal."""

    measure: str
    """What is measured."""
    goal: Goal | None = None
    """``maximise`` or ``minimise``; as is usual for the measure where it is left out."""


AnyObjective = Annotated[
    ObjectiveSettings, BeforeValidator(_word_alone, json_schema_input_type=ObjectiveSettings | str)
]


def _list_of_one(value: Any) -> Any:
    return [value] if isinstance(value, str | dict | ObjectiveSettings) else value


AnyObjectives = Annotated[
    tuple[AnyObjective, ...],
    Field(min_length=1),
    BeforeValidator(
        _list_of_one,
        json_schema_input_type=Annotated[list[AnyObjective], Field(min_length=1)] | AnyObjective,
    ),
]
"""Several, or one alone."""
Texts = Annotated[tuple[str, ...], BeforeValidator(_list_of_one, json_schema_input_type=list[str] | str)]
"""Several, or one alone."""
