"""Searches that failed are counted, each target's, with the reason of the first."""

import pandas as pd
import pytest

from outvoted.actors.mining.shards import Failed, check_not_all, failures
from outvoted.search.errors import OutvotedError
from outvoted.search.outcome import Outcome


def searches(*rows: tuple[int, Outcome, str | None]) -> pd.DataFrame:
    """Make rows of `searches` from (target, outcome, reason), the latest first."""
    every = [
        {
            "search_id": number,
            "target": target,
            "target_name": f"net-{target}",
            "outcome": str(how),
            "reason": why,
        }
        for number, (target, how, why) in enumerate(rows)
    ]
    return pd.DataFrame(every[::-1])


ROWS = searches(
    (0, Outcome.MISTAKE, None),
    (1, Outcome.FAILED, "net-1: ValueError: a (on the seed)"),
    (1, Outcome.FAILED, "net-1: KeyError: b (on a candidate)"),
    (1, Outcome.FAILED, "net-1: ValueError: a (on the seed)"),
    (1, Outcome.EXHAUSTED, None),
    (1, Outcome.SKIPPED, "the panel disputes the seed"),
    (2, Outcome.FAILED, "net-1: ValueError: a (on the seed)"),
    (2, Outcome.SKIPPED, "the panel disputes the seed"),
)


def test_each_targets_are_counted_without_the_skipped_ones() -> None:
    reason = "net-1: ValueError: a (on the seed)"
    assert failures(ROWS) == (Failed("net-1", 4, 3, reason, 2), Failed("net-2", 1, 1, reason, 1))


def test_they_are_said_in_one_line() -> None:
    one, other = map(str, failures(ROWS))
    why = "net-1: ValueError: a (on the seed)"
    assert one == f"net-1: 3 of 4 searches failed; the first and 1 other: {why}"
    assert other == f"net-2: 1 of 1 searches failed; the first: {why}"
    assert str(Failed("x", 9, 4, why, 4)) == f"x: 4 of 9 searches failed; all: {why}"


def test_without_failures_nothing_is_said() -> None:
    assert failures(ROWS[ROWS["target"] == 0]) == ()
    assert failures(pd.DataFrame()) == ()
    check_not_all((), "")


def test_only_where_all_of_a_targets_fail_it_is_an_error() -> None:
    check_not_all(failures(ROWS[ROWS["target"] == 1]), "")
    with pytest.raises(OutvotedError) as caught:
        check_not_all(failures(ROWS), "the rows are kept in runs/x")
    assert caught.value.expected == "searches of net-2 that come to an end"
    assert caught.value.found == str(failures(ROWS)[1])
    assert caught.value.remedy.endswith("the rows are kept in runs/x")
