"""Roughness as tables for the terminal."""

from collections.abc import Mapping, Sequence

from rich.box import SIMPLE
from rich.markup import escape
from rich.table import Table

from outvoted.analysis.landscape.roughness import MEANING, MEASURES, Measure
from outvoted.analysis.landscape.summary import Line

_PERCENT = ("strange", "dissent")


def roughness_table(title: str, head: str, lines: Sequence[Line]) -> Table:
    """Draw a row for each line."""
    drawn = Table(title=escape(title), title_justify="left", box=SIMPLE, padding=(0, 1, 0, 0))
    drawn.add_column(head, min_width=17)
    for measure in MEASURES:
        drawn.add_column(f"{measure} %" if measure in _PERCENT else measure, justify="right", no_wrap=True)
    for line in lines:
        drawn.add_row(escape(line.name), *(figure(line, measure) for measure in MEASURES))
    return drawn


def right_table(right: Mapping[str, float]) -> Table:
    """Draw the share of a table's own rows that each network answers rightly."""
    title = "on the table's own rows"
    drawn = Table(title=title, title_justify="left", box=SIMPLE, padding=(0, 1, 0, 0))
    drawn.add_column("network", min_width=17)
    drawn.add_column("right %", justify="right", no_wrap=True)
    for name, share in right.items():
        drawn.add_row(escape(name), f"{100 * share:.1f}")
    return drawn


def with_meaning(drawn: Table) -> Table:
    """Say below a table what the measures are."""
    drawn.caption = "\n".join(f"{measure}: {MEANING[measure]}" for measure in MEASURES)
    drawn.caption_justify = "left"
    return drawn


def figure(line: Line, measure: Measure) -> str:
    """Write a measure: its mean, ± half its 95 % interval where there is one; shares in percent."""
    mean, low, _ = line.measures[measure]
    if mean is None:
        return "–"
    factor, digits = (100, 0) if measure in _PERCENT else (1, 2)
    half = "" if low is None else f" ± {factor * (mean - low):.{digits}f}"
    return f"{factor * mean:.{digits}f}{half}"
