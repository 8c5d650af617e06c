"""Which of many runs are listed, in which order, a page at a time."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from outvoted.cluster.service.looking import RunSummary, goes_on
from outvoted.search.errors import OutvotedError

PAGE = 100


@dataclass(frozen=True)
class ListedRun:
    """One run as the list shows it."""

    run: RunSummary
    valid: float | None

    @property
    def goes_on(self) -> bool:
        """Whether it is under way."""
        return goes_on(self.run.state)


_ORDERS: Mapping[str, Callable[[ListedRun], tuple[object, ...]]] = {
    "": lambda row: (not row.goes_on, row.run.age is None, row.run.age or 0.0),
    "name": lambda row: (row.run.name.casefold(), row.run.name),
    "mistakes": lambda row: (row.run.mistakes is None, -(row.run.mistakes or 0)),
    "valid": lambda row: (row.valid is None, -(row.valid or 0.0)),
}
"""By what runs can be sorted; by activity where nothing is said."""


@dataclass(frozen=True)
class RunsWanted:
    """What is asked for.

    Attributes:
        text: what stands somewhere in the name, kind or message, in any case.
        state: one of the states; any where it is empty.
        sort: one of ``name``, ``mistakes``, ``valid``; by activity where it is empty.
        skip: how many are on earlier pages.
    """

    text: str = ""
    state: str = ""
    sort: str = ""
    skip: int = 0

    def address(self, **changes: str | int) -> str:
        """Return the address of the list that is asked for, with some changes."""
        values = {"q": self.text, "state": self.state, "sort": self.sort, "skip": self.skip} | changes
        given = {name: value for name, value in values.items() if value}
        return f"/?{urlencode(given)}" if given else "/"


@dataclass(frozen=True)
class Listing:
    """A page of the list.

    Attributes:
        wanted: what was asked for.
        rows: of this page.
        found: how many there are on all pages.
        every: how many runs there are.
        states: how many are in each state.
    """

    wanted: RunsWanted
    rows: Sequence[ListedRun]
    found: int
    every: int
    states: Mapping[str, int]

    @property
    def seconds(self) -> int:
        """How soon it is worth asking again."""
        return 2 if any(map(goes_on, self.states)) else 6

    @property
    def pages(self) -> tuple[str | None, str | None]:
        """The addresses of the page before and the page after."""
        skip = self.wanted.skip
        before = self.wanted.address(skip=max(0, skip - PAGE)) if skip else None
        return before, self.wanted.address(skip=skip + PAGE) if skip + PAGE < self.found else None


def listing(
    runs: Sequence[RunSummary], wanted: RunsWanted, valid: Callable[[RunSummary], float | None]
) -> Listing:
    """Choose and sort.

    Args:
        runs: all of them.
        wanted: what is asked for.
        valid: the share of a run's mistakes that are valid; asked of all only to sort by it.

    Raises:
        OutvotedError: there is no such order.
    """
    if wanted.sort not in _ORDERS:
        raise OutvotedError(
            f"one of the orders {', '.join(filter(None, _ORDERS))}", f"sort={wanted.sort}", "leave it out"
        )
    text = wanted.text.casefold().strip()
    chosen = [
        ListedRun(run, valid(run) if wanted.sort == "valid" else None)
        for run in runs
        if (not wanted.state or run.state == wanted.state)
        and (not text or text in f"{run.name} {run.kind} {run.message or ''}".casefold())
    ]
    chosen.sort(key=_ORDERS[wanted.sort])
    skip = min(wanted.skip, max(0, (len(chosen) - 1) // PAGE * PAGE))
    rows = [ListedRun(row.run, valid(row.run)) for row in chosen[skip : skip + PAGE]]
    return Listing(
        RunsWanted(wanted.text, wanted.state, wanted.sort, skip),
        rows,
        len(chosen),
        len(runs),
        Counter(run.state for run in runs),
    )
