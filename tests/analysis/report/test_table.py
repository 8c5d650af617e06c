"""One table, drawn on the terminal, in HTML and as JSON."""

import io
import json

from rich.console import Console

from outvoted.analysis.report.numbers import (
    DECIMAL,
    PERCENT,
    Spread,
)
from outvoted.analysis.report.table import Cell, Column, Table

NAME, EFFECT = Column("name"), Column("effect", PERCENT)


def table(*rows: tuple[Cell, ...], note: str = "") -> Table:
    return Table("[b]of all", (NAME, EFFECT), rows, note)


def drawn(shown: Table, width: int = 80) -> list[str]:
    text = io.StringIO()
    Console(file=text, width=width).print(shown)
    return [line.strip() for line in text.getvalue().splitlines()]


def test_columns_of_numbers_stand_on_the_right() -> None:
    html = table(("x", 0.412), ("y", None)).html()
    assert '<th scope="col" class="figure">effect</th>' in html
    assert '<td class="figure">41.2</td>' in html
    assert '<td class="figure">–</td>' in html
    assert '<th scope="row">x</th>' in html


def test_a_row_of_one_cell_heads_those_below_and_is_no_number() -> None:
    shown = table(("all <T>",), ("x", 0.01))
    assert '<th class="group" scope="rowgroup" colspan="2">all &lt;T&gt;</th>' in shown.html()
    assert "all <T>" in drawn(shown)


def test_a_table_without_rows_has_its_columns() -> None:
    assert table().html().count("<th ") == 2
    assert drawn(table())[:2] == ["[b]of all", "name  effect"]


def test_text_is_shown_as_it_is() -> None:
    shown = table(("mlp [red]", 0.1), ("<b>", 0.2), note="one;\ntwo [i]")
    lines = drawn(shown)
    assert lines[0] == "[b]of all"
    assert {"one;", "two [i]"} <= set(lines)
    assert any(line.startswith("mlp [red]") for line in lines)
    assert "&lt;b&gt;" in shown.html()


def test_on_a_narrow_terminal_headers_and_text_are_wrapped_and_numbers_are_whole() -> None:
    columns = (NAME, Column("a long header", DECIMAL), Column("another long header", DECIMAL))
    shown = Table("", columns, [("a name that is long as well", 12345.6, 0.5)])
    lines = drawn(shown, 32)
    assert max(map(len, lines)) <= 32
    assert any("12,345.6" in line for line in lines)
    assert not any("…" in line for line in lines)


def test_as_json_it_has_the_numbers_themselves() -> None:
    found = table(("x", 0.4123), ("y", Spread(0.5, None)), ("z",), note="n").to_json()
    assert json.loads(json.dumps(found)) == {
        "title": "[b]of all",
        "columns": ["name", "effect"],
        "rows": [["x", 0.4123], ["y", {"mean": 0.5, "std": None}], ["z"]],
        "note": "n",
    }
