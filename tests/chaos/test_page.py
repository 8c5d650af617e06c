"""The table of docs/reliability.md is what was recorded, and says of each fault what was said of it."""

import pytest

from tests.chaos.outcomes import heard_until, read
from tests.chaos.page import PAGE, RECORD, _first, written


def test_the_table_is_made_of_what_was_recorded() -> None:
    page = PAGE.read_text()
    assert RECORD.exists()
    assert written(page, read(RECORD)) == page


@pytest.mark.parametrize(
    ("later", "until"), [((), 13.0), ((20.0, 30.0), 13.0), ((12.0, 30.0), 12.0), ((9.0, 30.0), None)]
)
def test_what_is_said_is_about_one_fault_until_the_next_strikes(
    later: tuple[float, ...], until: float | None
) -> None:
    assert heard_until(10.0, later) == until


def test_good_news_and_bad_news_are_told_as_they_come() -> None:
    joined, lost = "1 machine has joined: there is room for 4 cells", "warning: cell 1 was lost"
    assert _first(["expected: a", joined, lost]) == joined
    assert _first([lost, joined]) == lost
    assert _first(["expected: a"]) == ""
