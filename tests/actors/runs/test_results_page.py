"""docs/results.md says of every table what the schema says."""

from pathlib import Path

import pytest

from outvoted.actors.runs import schema
from outvoted.actors.runs.schema import TableSchema

PAGE = Path(__file__).parents[3] / "docs" / "results.md"


def section(form: TableSchema) -> str:
    """Return what the page says of a table."""
    lines = [
        f"A row for {form.rows}.",
        "",
        "| column | type | |",
        "|---|---|---|",
        *(
            f"| `{one.name}` | {one.type} | {one.meaning}{'' if one.needed else '; may be empty'} |"
            for one in form.columns
        ),
    ]
    return "\n".join(lines)


@pytest.mark.parametrize("form", schema.ALL, ids=[form.rows for form in schema.ALL])
def test_the_page_describes_every_column(form: TableSchema) -> None:
    assert section(form) in PAGE.read_text("utf-8")
