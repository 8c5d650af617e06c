"""A report as values that cross to another process: tables and plots as HTML, pictures by their names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class ShownPart:
    """A table or a plot as HTML, or the path of a picture within the run's folder with its caption."""

    html: str = ""
    picture: str = ""
    caption: str = ""


@dataclass(frozen=True)
class ShownSection:
    """A section of a report."""

    title: str
    text: str
    simulated: bool
    parts: Sequence[ShownPart]


@dataclass(frozen=True)
class ShownTrial:
    """A trial of a sweep.

    Attributes:
        runs: the names of its runs, which are parts of the sweep.
        point: the values of the varied keys.
        scores: what was measured, in the order of ``Presented.measures``; empty where it can't be told.
    """

    number: int
    outcome: str
    runs: Sequence[str]
    point: str
    scores: Sequence[str]
    on_front: bool = False


@dataclass(frozen=True)
class Presented:
    """What a report says without images of mistakes.

    Attributes:
        headlines, facts: (figure, what it is), (name, value).
        values: what stands in `summary.json`.
        plots: whether a section has one.
        trials: of a sweep, the best first; ``measures`` is what they were judged by, ``more`` how many there
            are beyond these.
        error: why there is nothing to say: expected, found and what to do.
    """

    headlines: Sequence[tuple[str, str]] = ()
    facts: Sequence[tuple[str, str]] = ()
    sections: Sequence[ShownSection] = ()
    remarks: Sequence[str] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    plots: bool = False
    trials: Sequence[ShownTrial] = ()
    measures: Sequence[str] = ()
    more: int = 0
    error: tuple[str, str, str] | None = None
