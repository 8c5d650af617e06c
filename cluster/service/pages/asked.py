"""Which mistakes a page is asked for, and the addresses of pages that ask for others."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from fastapi import Request

from outvoted.analysis.browsing.filters import MistakeFilter, Range
from outvoted.analysis.browsing.ordering import Sort
from outvoted.cluster.service.pages.words import path

LEAST, MOST = "least:", "most:"
"""Begin the names of the two fields that a form has for a range."""
_USUAL = "-margin"


@dataclass(frozen=True)
class MistakesAsked:
    """Mistakes of a run in an order; the same in the address of every page that shows some of them.

    Attributes:
        run: its name in URLs.
        at: the first that is shown, from 0.
    """

    run: str
    filter: MistakeFilter
    sort: Sort
    at: int = 0

    @staticmethod
    def of(request: Request, run: str) -> "MistakesAsked":
        """Read the query string of a page, or what a form without scripts makes of it.

        Raises:
            OutvotedError: a value is none that can be asked for.
        """
        pairs = [(name, value) for name, value in request.query_params.multi_items() if value]
        found = MistakeFilter.of_query([*pairs, *_ranges(pairs)])
        given = dict(pairs)
        at = _place(given.get("at", "")) or max(0, _place(given.get("number", "")) - 1)
        return MistakesAsked(run, found, Sort.of(given.get("sort", _USUAL)), at)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The query string, without the place."""
        sort = [] if str(self.sort) == _USUAL else [("sort", str(self.sort))]
        return [*self.filter.query(), *sort]

    @property
    def query(self) -> str:
        """The same as text."""
        return urlencode(self.pairs)

    def address(self, *steps: str, at: int = 0) -> str:
        """Return the address of a page of the run that shows these mistakes; ``mistakes`` without steps."""
        query = urlencode([*self.pairs, *([("at", str(at))] if at else [])])
        return path("runs", self.run, *(steps or ("mistakes",))) + (f"?{query}" if query else "")

    def having(self, **fields: Any) -> "MistakesAsked":
        """Return the same with other values of some fields of the filter, from the first on."""
        return replace(self, filter=self.filter.model_copy(update=fields), at=0)

    def within(self, name: str, one: Range | None) -> "MistakesAsked":
        """Return the same with a number in a range, or (None) in any."""
        kept = {other: some for other, some in self.filter.ranges.items() if other != name}
        return self.having(ranges=kept if one is None else {**kept, name: one})


def _place(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _ranges(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Make ranges of the two fields that a form has for each."""
    ends: dict[str, list[str]] = {}
    for field, value in pairs:
        for place, begins in enumerate((LEAST, MOST)):
            if field.startswith(begins):
                ends.setdefault(field.removeprefix(begins), ["", ""])[place] = value
    return [("range", f"{name}:{least}..{most}") for name, (least, most) in ends.items()]
