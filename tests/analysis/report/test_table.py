"""One table, drawn on the terminal, in HTML and as JSON."""

import io
import json

import pytest
from rich.cells import cell_len
from rich.console import Console

from outvoted.analysis.report.numbers import (
    COUNT,
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


LONG = ("efficientnet-lite0", "tf_efficientnet_lite0.in1k", "x" * 60, "ネットワーク-50", "a name of words")


@pytest.mark.parametrize("width", [20, 40, 60, 80, 120])
@pytest.mark.parametrize("columns", [1, 3, 7, 12])
def test_no_width_cuts_a_name_a_number_or_a_line(width: int, columns: int) -> None:
    heads = [NAME, *(Column(f"% figure {n}", DECIMAL) for n in range(columns))]
    numbers = [1234.5 + place for place in range(columns)]
    rows: list[tuple[Cell, ...]] = [(name, *numbers) for name in LONG]
    lines = drawn(Table("", heads, [("all of them together, a heading",), *rows]), width)
    assert max(map(cell_len, lines)) <= width
    text = "\n".join(lines)
    for number in numbers:
        assert text.count(DECIMAL(number)) == len(rows)
    for name in LONG:
        joined = "".join(line.split("  ")[0] for line in lines) if cell_len(name) > min(width, 40) else text
        assert name in text or name.replace(" ", "") in joined.replace(" ", "")


def test_names_of_networks_take_one_line_in_80_columns() -> None:
    names = ("target", "accuracy", "searches", "% success", "moves", "inferences", "run", "valid", "realism")
    columns = [Column(name, None if name == "target" else COUNT) for name in names]
    rows = [(name, 1000, 1000, 41, 5, 123456, 12345, 1000, 1000) for name in LONG[:2]]
    lines = drawn(Table("", columns, rows), 80)
    for name in LONG[:2]:
        assert sum(name in line for line in lines) == 1
    assert sum("123,456" in line for line in lines) == len(rows)


def test_columns_without_any_value_are_left_out_where_that_is_asked_for() -> None:
    columns = (NAME, Column("accuracy", PERCENT), Column("valid", PERCENT), Column("other", PERCENT))
    rows = [("all",), ("x", None, 0.1, None), ("y", None, None, None)]
    found = Table("", columns, rows).without_empty("accuracy", "valid")
    assert [column.name for column in found.columns] == ["name", "valid", "other"]
    assert [list(row) for row in found.rows] == [["all"], ["x", 0.1, None], ["y", None, None]]


def test_as_json_it_has_the_numbers_themselves() -> None:
    found = table(("x", 0.4123), ("y", Spread(0.5, None)), ("z",), note="n").to_json()
    assert json.loads(json.dumps(found)) == {
        "title": "[b]of all",
        "columns": ["name", "effect"],
        "rows": [["x", 0.4123], ["y", {"mean": 0.5, "std": None}], ["z"]],
        "note": "n",
    }
