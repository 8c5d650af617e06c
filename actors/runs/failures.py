"""Searches that failed: how many of each target's, and why."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from outvoted.search.climb import Outcome
from outvoted.search.errors import OutvotedError


@dataclass(frozen=True)
class Failed:
    """The failed searches of one target.

    Attributes:
        searches: all of its searches but those whose seed the panel disputes.
        reason: why the first of those that failed did.
        alike: how many failed for that reason.
    """

    target: str
    searches: int
    failed: int
    reason: str
    alike: int

    @property
    def is_all(self) -> bool:
        """Whether no search of the target came to an end."""
        return self.failed == self.searches

    def __str__(self) -> str:
        others = f" and {self.alike - 1:,} other{'s' if self.alike > 2 else ''}" if self.alike > 1 else ""
        why = f"the first{others}"
        why = "all" if self.alike == self.failed > 1 else why
        return f"{self.target}: {self.failed:,} of {self.searches:,} searches failed; {why}: {self.reason}"


def failures(searches: pd.DataFrame) -> tuple[Failed, ...]:
    """Return the targets of which searches failed, in the panel's order, from rows of `searches`."""
    if searches.empty:
        return ()
    tried = searches[searches["outcome"] != Outcome.SKIPPED]
    failed = tried[tried["outcome"] == Outcome.FAILED]
    return tuple(
        _failed(str(name), int((tried["target"] == target).sum()), rows)
        for (target, name), rows in failed.groupby(["target", "target_name"])
    )


def _failed(name: str, searches: int, rows: pd.DataFrame) -> Failed:
    reasons = rows.sort_values("search_id")["reason"].fillna("")
    first = str(reasons.iloc[0])
    return Failed(name, searches, len(rows), first, int((reasons == first).sum()))


def check_not_all(found: Sequence[Failed], where: str) -> None:
    """Refuse to call a run well in which every search of a target failed.

    Args:
        where: what is kept, and where.

    Raises:
        OutvotedError: there is such a target.
    """
    lost = [one for one in found if one.is_all]
    if lost:
        raise OutvotedError(
            expected=f"searches of {', '.join(one.target for one in lost)} that come to an end",
            found="; ".join(map(str, lost)),
            remedy=f"mend the network that is named, or leave it out; {where}",
        )
