"""Tables for the terminal as parts of a page, so that no figure is written twice."""

from collections.abc import Iterable

from rich.console import RenderableType
from rich.table import Table as RichTable
from rich.text import Text

from outvoted.analysis.report.html.parts import Table


def from_rich(drawn: RichTable) -> Table:
    """Return the same headers, cells, title and caption."""
    rows = zip(*(column.cells for column in drawn.columns), strict=True)
    return Table(
        headers=[_plain(column.header) for column in drawn.columns],
        rows=[_row([_plain(cell) for cell in row]) for row in rows],
        caption=_plain(drawn.title),
        note=_plain(drawn.caption),
    )


def all_from_rich(drawn: Iterable[RenderableType]) -> list[Table]:
    """Return those that are tables."""
    return [from_rich(each) for each in drawn if isinstance(each, RichTable)]


def _row(cells: list[str]) -> list[str]:
    """Return the cells; the first alone where it is a heading."""
    return cells if any(cells[1:]) or len(cells) == 1 else cells[:1]


def _plain(cell: RenderableType | None) -> str:
    """Return the text alone."""
    if cell is None:
        return ""
    return cell.plain if isinstance(cell, Text) else str(cell)
