"""Which mistakes are meant: by target, classes, judgement and ranges of numbers."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from outvoted.analysis.browsing.engine import Query
from outvoted.analysis.browsing.sources import MEASURE, NUMBERS
from outvoted.search.errors import OutvotedError, suggestion
from outvoted.search.settings import Settings
from outvoted.search.shown import shown

_RANGE = re.compile(r"([^:]{1,200}):([^:]*?)\.\.([^:]*)")
_MOST = 100  # values of one kind
Name = Annotated[str, Field(max_length=500)]
Number = Annotated[int, Field(ge=-(2**63), lt=2**63)]
Names = Annotated[tuple[Name, ...], Field(max_length=_MOST)]
Numbers = Annotated[tuple[Number, ...], Field(max_length=_MOST)]


class Judged(StrEnum):
    """What the referee says of a mistake: that it still shows its label, that it doesn't, or nothing."""

    YES = "yes"
    NO = "no"
    UNJUDGED = "unjudged"


class Range(Settings):
    """Numbers from ``least`` to ``most``, both included; None: without a bound."""

    least: float | None = None
    most: float | None = None

    def __str__(self) -> str:
        return "..".join("" if end is None else repr(end) for end in (self.least, self.most))


class MistakeFilter(Settings):
    """Mistakes that have one of the values named in each field, and lie in all ranges; all, if it is empty.

    Attributes:
        target: names of the networks that are wrong.
        label, predicted: classes, by number.
        valid: what the referee says.
        part: of the run, where it has several: a strategy, a round, a setting.
        voters: how many peers had to agree.
        seed: the training images that searches started from.
        ranges: by the name of a number, or ``measures.NAME`` for one of the transform's measures.
    """

    target: Names = ()
    label: Numbers = ()
    predicted: Numbers = ()
    valid: Annotated[tuple[Judged, ...], Field(max_length=3)] = ()
    part: Names = ()
    strategy: Names = ()
    voters: Numbers = ()
    seed: Numbers = ()
    ranges: Annotated[dict[Name, Range], Field(max_length=_MOST)] = {}  # noqa: RUF012 (a field of settings)

    def query(self) -> list[tuple[str, str]]:
        """Return the pairs of a query string that :meth:`of_query` reads."""
        named = [(name, str(value)) for name in _VALUES for value in getattr(self, name)]
        return [*named, *(("range", f"{name}:{one}") for name, one in self.ranges.items())]

    @staticmethod
    def of_query(pairs: Iterable[tuple[str, str]]) -> "MistakeFilter":
        """Read what :meth:`query` wrote; other names are left to others.

        Raises:
            OutvotedError: a value is none of those a field takes.
        """
        found: dict[str, Any] = {name: [] for name in _VALUES}
        texts = []
        for name, value in pairs:
            if name in found:
                found[name].append(_number(name, value) if name in _WHOLE else value)
            elif name == "range":
                texts.append(value)
        return MistakeFilter(**{name: tuple(some) for name, some in found.items()}, ranges=ranges(texts))

    def without(self, field: str) -> "MistakeFilter":
        """Return the filter without one of its fields."""
        return self.model_copy(update={field: type(self).model_fields[field].default})

    @property
    def values(self) -> list[str]:
        """The columns that are compared with values."""
        return [column for name, column in _VALUES.items() if getattr(self, name)]

    def condition(self) -> Query:
        """Return what holds for the rows that are meant; columns of ranges are called ``r0``, ``r1``, …"""
        parts = [Query("true")]
        for name, column in _VALUES.items():
            values = getattr(self, name)
            if values and name == "valid":
                parts.append(_judged(values))
            elif values:
                parts.append(among(column, values))
        for place, one in enumerate(self.ranges.values()):
            for sign, end in ((">=", one.least), ("<=", one.most)):
                if end is not None:
                    parts.append(Query(f"r{place} {sign} ?::DOUBLE", (end,)))
            parts.append(Query(f"r{place} IS NOT NULL"))
        return Query.joined(" AND ", parts)


_VALUES: Mapping[str, str] = {
    **{"target": "target_name", "label": "label", "predicted": "predicted", "valid": "valid"},
    **{"part": "part", "strategy": "strategy", "voters": "voters", "seed": "seed"},
}
"""The columns that fields with values are compared with."""
_WHOLE = ("label", "predicted", "voters", "seed")


def ranges(texts: Sequence[str]) -> dict[str, Range]:
    """Read ranges of a query string, ``NAME:LEAST..MOST``, of which either number may be left out.

    Raises:
        OutvotedError: a text is none, or a name stands there twice.
    """
    found = dict[str, Range]()
    for text in texts:
        match = _RANGE.fullmatch(text)
        if match is None or match[1] in found:
            raise OutvotedError(
                expected="range=NAME:LEAST..MOST once for each number, as in range=margin:0.2..0.5",
                found=f"range={text}" if match is None else f"'{match[1]}' twice",
                remedy="see /docs for what can be asked",
            )
        least, most = (_decimal(text, end) for end in (match[2], match[3]))
        found[match[1]] = Range(least=least, most=most)
    return found


def among(column: str, values: Sequence[Any]) -> Query:
    """Return that a column has one of some values, in a form by which DuckDB leaves out what has none."""
    return Query(f"{column} IN ({', '.join('?' * len(values))})", tuple(values))


def check_number(name: str, measures: Sequence[str]) -> str:
    """Return the name of a number that mistakes have.

    Raises:
        OutvotedError: they have none of this name.
    """
    there = [*NUMBERS, *(f"{MEASURE}{measure}" for measure in measures)]
    if name in there:
        return name
    raise OutvotedError(
        expected="the name of a number that is known of the run's mistakes",
        found=shown(name),
        remedy=suggestion(name, there),
    )


def _judged(values: Sequence[Judged]) -> Query:
    said = {Judged.YES: "valid", Judged.NO: "NOT valid", Judged.UNJUDGED: "valid IS NULL"}
    return Query(f"({' OR '.join(f'coalesce({said[one]}, false)' for one in values)})")


def _number(name: str, text: str) -> int:
    if re.fullmatch(r"-?[0-9]{1,19}", text):
        return int(text)
    raise OutvotedError(f"{name}= with a whole number", shown(text), "name a class by its number, from 0 on")


def _decimal(text: str, end: str) -> float | None:
    if not end:
        return None
    try:
        found = float(end)
    except ValueError as error:
        raise OutvotedError(
            "a range of numbers", f"range={text}", "write numbers as 0.25 or -3, or leave them out"
        ) from error
    return found


def columns_of_ranges(one: MistakeFilter) -> Iterator[tuple[str, str]]:
    """Give the name in the condition and the column of each range."""
    for place, name in enumerate(one.ranges):
        yield f"r{place}", name
