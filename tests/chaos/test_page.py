"""The table of docs/reliability.md is what was recorded."""

from tests.chaos.outcomes import read
from tests.chaos.page import PAGE, RECORD, written


def test_the_table_is_made_of_what_was_recorded() -> None:
    page = PAGE.read_text()
    assert RECORD.exists()
    assert written(page, read(RECORD)) == page
