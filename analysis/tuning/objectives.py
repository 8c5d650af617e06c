"""What trials are judged by."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from outvoted.search.settings import Settings

Goal = Literal["maximise", "minimise"]


@dataclass(frozen=True)
class Measured:
    """What a measure gave: the value and the ends of its 95 % interval, each None where it can't be told.

    Attributes:
        of: how many searches, images or runs it was taken over.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    of: int = 0


def _word_alone(value: Any) -> Any:
    return {"measure": value} if isinstance(value, str) else value


class ObjectiveSettings(Settings):
    """A measure of a run, and which way it is to go; a word alone is a measure with its usual goal."""

    measure: str
    """What is measured."""
    goal: Goal | None = None
    """``maximise`` or ``minimise``; as is usual for the measure where it is left out."""


AnyObjective = Annotated[ObjectiveSettings, BeforeValidator(_word_alone)]


def _list_of_one(value: Any) -> Any:
    return [value] if isinstance(value, str | dict | ObjectiveSettings) else value


ListOrOne = BeforeValidator(_list_of_one)
