"""A table that its reader sorts: by a click on a column's head, rows of many behind a button."""

from math import isfinite

from outvoted.analysis.report.numbers import Number
from outvoted.analysis.report.report import Widget
from outvoted.analysis.report.table import Cell, Table
from outvoted.analysis.report.templating import asset, rendered


def sortable(table: Table, first: int = 50) -> Widget:
    """Return a table that can be sorted by each of its columns; without a script it is a table like others.

    Args:
        table: without headings between its rows. Cells that are Markup stand as they are.
        first: how many rows are shown before more are asked for.
    """
    keys = [[_key(cell) for cell in column] for column in zip(*table.rows, strict=True)]
    markup = rendered("sorted_table.html", table=table.html())
    data = {"keys": keys, "first": first}
    return Widget(markup, data, asset("sorted_table.js"), asset("sorted_table.css"))


def _key(cell: Cell) -> float | str | None:
    """Return what a cell is sorted by: a number, a text, or None, which comes last either way."""
    value: Number | str = cell
    if isinstance(value, tuple):
        value = value[0]
    if isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return float(value) if isfinite(value) else None
    return None if value is None else _key(getattr(value, "value", getattr(value, "mean", None)))
