"""A table of described columns and plain values, which draws itself on the terminal, in HTML and as JSON."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, is_dataclass, replace
from operator import attrgetter
from typing import Any

import numpy as np
from markupsafe import Markup
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from outvoted.analysis.report.layout import Head, laid_out
from outvoted.analysis.report.numbers import COUNT, Form, Number
from outvoted.analysis.report.templating import rendered

Cell = str | Number


@dataclass(frozen=True)
class Column:
    """What stands in a column: numbers in one form, aligned on the right; or, without a form, text.

    ``of`` names the attribute that it shows, where rows are made of objects (see `table_of`).
    """

    name: str
    form: Form | None = None
    of: str = ""

    def write(self, cell: Cell) -> str:
        """Write one of its cells; None is a dash."""
        if self.form is not None:
            return self.form(cell)
        return cell if isinstance(cell, str) else COUNT(cell)


@dataclass(frozen=True)
class Table:
    """Rows under columns. A row of one cell is a heading of the rows below it.

    ``note`` explains the columns, below the table.
    """

    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    note: str = ""

    def written(self) -> list[list[str]]:
        """Return the cells as text, row by row."""
        return [
            [column.write(cell) for column, cell in zip(self.columns, row, strict=len(row) > 1)]
            for row in self.rows
        ]

    def without_empty(self, *names: str) -> "Table":
        """Leave out those of the named columns in which no row has a value."""
        full = [row for row in self.rows if len(row) > 1]
        gone = [
            place
            for place, column in enumerate(self.columns)
            if column.name in names and all(row[place] is None for row in full)
        ]

        def kept(cells: Sequence[Any]) -> list[Any]:
            return [cell for place, cell in enumerate(cells) if place not in gone]

        rows = [kept(row) if len(row) > 1 else row for row in self.rows]
        return replace(self, columns=kept(self.columns), rows=rows)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw it on the terminal, however narrow that is."""
        if self.title:
            yield Text(self.title, "italic")
        heads = [Head(column.name, column.form is not None) for column in self.columns]
        yield from laid_out(heads, self.written(), console, options.max_width)
        if self.note:
            yield Text(self.note)
        yield ""

    def html(self, identifier: str = "") -> Markup:
        """Draw it as HTML, in a box that scrolls sideways where it is wider than the page."""
        return rendered("table.html", table=self, rows=self.written())

    def to_json(self) -> dict[str, Any]:
        """Return plain values: title, names of columns, rows, note."""
        return {
            "title": self.title,
            "columns": [column.name for column in self.columns],
            "rows": [[_plain(cell) for cell in row] for row in self.rows],
            "note": self.note,
        }


def table_of(title: str, columns: Sequence[Column], objects: Iterable[Any], note: str = "") -> Table:
    """Return a table with a row for each object: in each column the attribute that it names."""
    row = attrgetter(*(column.of or column.name for column in columns))
    return Table(title, columns, list(map(row, objects)), note)


def _plain(cell: Any) -> Any:
    if isinstance(cell, np.generic):
        return cell.item()
    return asdict(cell) if is_dataclass(cell) and not isinstance(cell, type) else cell
