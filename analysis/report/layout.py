"""A table on the terminal: in columns where they fit, otherwise with names on lines of their own."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

_GAPS = (2, 1)
_INDENT = "  "
_FOLDED = 24  # what a column of text can be narrowed to, however long its words are; but for names
_NAME = 40


@dataclass(frozen=True)
class Head:
    """What stands above a column, and whether numbers stand below it, on the right."""

    name: str
    number: bool


def laid_out(
    heads: Sequence[Head], rows: Sequence[Sequence[str]], console: Console, width: int
) -> Iterator[Text]:
    """Give a table's lines, none wider than ``width`` if a number and its header are not.

    Where columns are too wide, headers are wrapped, then text, and columns move together. Where that isn't
    enough the first column, of names, has lines of its own; where even numbers don't fit beside one another,
    each follows its header.

    Args:
        heads: of the columns.
        rows: their cells; a row of one cell is a heading of those below.
        console: wraps text.
        width: of the terminal, in characters.
    """
    full = [row for row in rows if len(row) > 1]
    widths = _fitted(heads, full, width)
    if widths is not None:
        yield from _grid(heads, rows, console, width, widths)
        return
    rest = [row[1:] for row in full]
    narrow = _fitted(heads[1:], rest, width - len(_INDENT))
    if narrow is None or len(heads) < 2:
        yield from _pairs(heads, rows, console, width)
    else:
        yield from _grid(heads, rows, console, width, narrow, names=True)


@dataclass(frozen=True)
class _Widths:
    each: Sequence[int]
    gap: int

    @property
    def whole(self) -> int:
        return sum(self.each) + self.gap * (len(self.each) - 1)


def _fitted(heads: Sequence[Head], rows: Sequence[Sequence[str]], width: int) -> _Widths | None:
    """Return widths of columns that fit, with as few wrapped as can be; None where they can't."""
    cells = list(zip(*rows, strict=True)) or [()] * len(heads)
    natural = [max(map(cell_len, (head.name, *column))) for head, column in zip(heads, cells, strict=True)]
    most = [_NAME, *[_FOLDED] * (len(heads) - 1)]
    least = [_least(*column) for column in zip(heads, cells, most, strict=True)]
    for gap in _GAPS:
        spare = width - gap * (len(heads) - 1) - sum(least)
        if spare < 0:
            continue
        widths = list(least)
        for place in sorted(range(len(heads)), key=lambda place: heads[place].number):  # text first
            more = min(spare, natural[place] - widths[place])
            widths[place], spare = widths[place] + more, spare - more
        return _Widths(widths, gap)
    return None


def _least(head: Head, cells: Sequence[str], most: int) -> int:
    """Return how wide a column must be: for numbers whole, for text its longest word up to ``most``."""
    words = head.name.split()
    if head.number:
        return max(map(cell_len, (*words, *cells)), default=1) or 1
    longest = max((cell_len(word) for cell in cells for word in cell.split()), default=1)
    return max(min(most, longest), *map(cell_len, words), 1)


def _grid(
    heads: Sequence[Head],
    rows: Sequence[Sequence[str]],
    console: Console,
    width: int,
    widths: _Widths,
    names: bool = False,
) -> Iterator[Text]:
    """Give the lines of a grid; with ``names`` the first cell of each row stands above the others."""
    indent = _INDENT if names else ""
    names_head = [Text(heads[0].name, "bold")] if names and heads[0].name else []
    heads = heads[1:] if names else heads
    yield from names_head
    yield from _row([head.name for head in heads], heads, console, widths, indent, head=True)
    yield _line("─" * min(width, len(indent) + widths.whole))
    for row in rows:
        if len(row) == 1 or names:
            yield from _wrapped(row[0], console, width, "bold" if len(row) == 1 else "")
        if len(row) > 1:
            yield from _row(row[1:] if names else row, heads, console, widths, indent)


def _row(
    cells: Sequence[str],
    heads: Sequence[Head],
    console: Console,
    widths: _Widths,
    indent: str,
    head: bool = False,
) -> Iterator[Text]:
    """Give the lines of a row; headers end at the same line, cells begin at one."""
    columns = [
        [line.plain.rstrip() for line in _wrapped(cell, console, width)] or [""]
        for cell, width in zip(cells, widths.each, strict=True)
    ]
    deep = max(map(len, columns), default=0)
    for place in range(deep):
        parts = []
        for lines, width, one in zip(columns, widths.each, heads, strict=True):
            at = place - (deep - len(lines)) if head else place
            text = lines[at] if 0 <= at < len(lines) else ""
            space = " " * (width - cell_len(text))
            parts.append(space + text if one.number else text + space)
        yield _line(indent + (" " * widths.gap).join(parts).rstrip(), "bold" if head else "")


def _pairs(
    heads: Sequence[Head], rows: Sequence[Sequence[str]], console: Console, width: int
) -> Iterator[Text]:
    """Give each row as its name, and below it every value behind its header."""
    for row in rows:
        yield from _wrapped(row[0], console, width, "bold")
        line = ""
        for head, cell in zip(heads[1:], row[1:], strict=False):
            pair = f"{head.name} {cell}"
            if line and cell_len(line) + 2 + cell_len(pair) > width - len(_INDENT):
                yield from _wrapped(_INDENT + line, console, width)
                line = ""
            line = f"{line}  {pair}" if line else pair
        if line:
            yield from _wrapped(_INDENT + line, console, width)


def _wrapped(text: str, console: Console, width: int, style: str = "") -> Iterator[Text]:
    for line in Text(text).wrap(console, width, overflow="fold"):
        yield _line(line.plain.rstrip(), style)


def _line(text: str, style: str = "") -> Text:
    return Text(text, style, no_wrap=True, overflow="ignore")
