"""Tables drawn by Rich, taken apart: until all reports make their tables themselves."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import RenderableType
from rich.table import Table as Drawn
from rich.text import Text

from outvoted.analysis.report.numbers import COUNT, DECIMAL
from outvoted.analysis.report.report import Section
from outvoted.analysis.report.table import Cell, Column, Table

_FIGURE = re.compile(r"N?[+\-−–]?\d[\d.,]*.*|–|")


def from_rich(drawn: Drawn) -> Table:
    """Return the same headers, cells, title and caption."""
    rows = zip(*(each.cells for each in drawn.columns), strict=True)
    cells = [_row([_plain(cell) for cell in row]) for row in rows]
    heads = [_plain(column.header) for column in drawn.columns]
    return described(_plain(drawn.title), heads, cells, _plain(drawn.caption))


def described(title: str, headers: Sequence[str], rows: Sequence[Sequence[Cell]], note: str = "") -> Table:
    """Return a table whose columns of figures are told by their cells."""
    columns = list(zip(*(row for row in rows if len(row) > 1), strict=True)) or [()] * len(headers)
    forms = [None if any(map(_is_text, column)) else DECIMAL for column in columns]
    written = [[COUNT(cell) if isinstance(cell, int) else cell for cell in row] for row in rows]
    return Table(title, list(map(Column, headers, forms)), written, note)


def _is_text(cell: Cell) -> bool:
    return isinstance(cell, str) and not _FIGURE.fullmatch(cell)


def all_from_rich(drawn: Iterable[RenderableType]) -> list[Table]:
    """Return those that are tables."""
    return [
        each if isinstance(each, Table) else from_rich(each)
        for each in drawn
        if isinstance(each, Drawn | Table)
    ]


def _row(cells: list[str]) -> list[str]:
    """Return the cells; the first alone where it is a heading."""
    return cells if any(cells[1:]) or len(cells) == 1 else cells[:1]


def _plain(cell: RenderableType | None) -> str:
    if cell is None:
        return ""
    return cell.plain if isinstance(cell, Text) else str(cell)


@dataclass(frozen=True)
class Told:
    """The part of a page that differs from kind to kind; ``headlines`` are (figure, what it is)."""

    headlines: Sequence[tuple[str, str]]
    sections: Sequence[Section]
