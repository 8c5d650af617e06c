"""Tables as HTML, and the terminal's tables as parts of a page."""

from rich.table import Table as RichTable
from rich.text import Text

from outvoted.analysis.report.html.from_rich import all_from_rich, from_rich
from outvoted.analysis.report.html.parts import Table
from outvoted.analysis.report.html.tables import table_html


def test_numbers_are_written_for_readers_and_nothing_is_a_dash() -> None:
    html = table_html(Table(("a", "b", "c"), [("x", 12345, 0.123456), ("y", None, 1234.5)]))
    for cell in ("12,345", "0.1235", "–", "1,234"):
        assert f">{cell}</td>" in html


def test_columns_of_figures_stand_right() -> None:
    rows = [("x", "41.2 ± 0.8", "holds", "–"), ("y", "N+0.1", "undecided", "−3 (1–4)")]
    html = table_html(Table(("name", "effect", "verdict", "more"), rows))
    assert html.count('<th scope="col" class="figure">') == 2
    assert '<td class="figure">N+0.1</td>' in html
    assert "<td>holds</td>" in html


def test_a_row_of_one_cell_heads_those_below_and_is_no_figure() -> None:
    html = table_html(Table(("a", "b"), [("all <T>",), ("x", 1)]))
    assert '<th class="group" scope="rowgroup" colspan="2">all &lt;T&gt;</th>' in html
    assert '<th scope="col" class="figure">b</th>' in html


def test_a_table_without_rows_has_its_headers() -> None:
    assert table_html(Table(("a", "b"), [])).count("<th ") == 2


def drawn() -> RichTable:
    found = RichTable("name", "right", title="[b]of all")
    found.add_row(Text("a [claim]", style="bold"))
    found.add_row("mlp [red]", "41.2")
    found.caption = "one;\ntwo"
    return found


def test_a_terminals_table_keeps_its_words_as_they_are() -> None:
    assert from_rich(drawn()) == Table(
        ["name", "right"], [["a [claim]"], ["mlp [red]", "41.2"]], "[b]of all", "one;\ntwo"
    )


def test_only_tables_are_taken() -> None:
    assert len(all_from_rich([drawn(), "a text", drawn()])) == 2
