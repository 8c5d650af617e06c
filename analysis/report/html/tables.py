"""Tables as HTML."""

import re
from collections.abc import Sequence
from itertools import zip_longest

from outvoted.analysis.report.html.escaping import escape
from outvoted.analysis.report.html.parts import Cell, Table

_FIGURE = re.compile(r"N?[+\-−–]?\d[\d.,]*.*|–|")
"""What a text that is a figure looks like: a number, with what stands beside it, or a dash."""


def table_html(table: Table) -> str:
    """Draw a table that scrolls sideways where it is wider than the page."""
    right = [_is_figures(column) for column in _columns(table)]
    heads = "".join(
        f'<th scope="col"{_class(is_right)}>{escape(name)}</th>'
        for name, is_right in zip(table.headers, right, strict=True)
    )
    body = "".join(_row(row, right) for row in table.rows)
    caption = f"<caption>{escape(table.caption)}</caption>" if table.caption else ""
    note = f'<p class="note">{escape(table.note)}</p>' if table.note else ""
    label = escape(table.caption or "table")
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{label}"><table>{caption}'
        f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>{note}"
    )


def _row(row: Sequence[Cell], right: Sequence[bool]) -> str:
    if len(row) == 1:
        return f'<tr><th class="group" scope="rowgroup" colspan="{len(right)}">{_text(row[0])}</th></tr>'
    first, *others = zip(row, right, strict=True)
    cells = "".join(f"<td{_class(is_right)}>{_text(cell)}</td>" for cell, is_right in others)
    return f'<tr><th scope="row"{_class(first[1])}>{_text(first[0])}</th>{cells}</tr>'


def _columns(table: Table) -> list[tuple[Cell, ...]]:
    whole = [row for row in table.rows if len(row) > 1]
    return list(zip_longest(*whole)) or [()] * len(table.headers)


def _is_figures(cells: Sequence[Cell]) -> bool:
    return all(cell is None or not isinstance(cell, str) or _FIGURE.fullmatch(cell) for cell in cells)


def _class(right: bool) -> str:
    return ' class="figure"' if right else ""


def _text(cell: Cell) -> str:
    match cell:
        case None:
            return "–"
        case int():
            return f"{cell:,}"
        case float():
            return f"{cell:,.4g}"
        case _:
            return escape(cell)
