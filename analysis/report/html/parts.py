"""What a report is made of: sections of tables, plots and pictures. What they look like is the page's."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import plotly.graph_objects as go

Cell = str | int | float | None


@dataclass(frozen=True)
class Table:
    """Rows under headers; numbers are right-aligned, text is escaped, None is a dash.

    A row of one cell is a heading of the rows below it. ``note`` explains the columns, below the table.
    """

    headers: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    caption: str = ""
    note: str = ""


@dataclass(frozen=True)
class Plot:
    """An interactive figure; its colours of paper and text follow the page's light or dark theme.

    ``width``, in pixels, is the least that it can be read in: on narrower pages it scrolls sideways.
    """

    figure: go.Figure
    caption: str = ""
    width: int = 320


@dataclass(frozen=True)
class Picture:
    """A PNG from disk, embedded."""

    path: Path
    caption: str = ""


@dataclass(frozen=True)
class Widget:
    """HTML, data and a script of its own, for what tables and plots can't do: the gallery of mistakes.

    Attributes:
        html: trusted markup; what comes from data must have been escaped.
        data: plain values, there as JSON for the script.
        script: JavaScript, run as a function of (element, data) once the page is there.
        style: CSS.
    """

    html: str
    data: object = None
    script: str = ""
    style: str = ""


Part = Table | Plot | Picture | Widget


@dataclass(frozen=True)
class Section:
    """A heading, a text of one paragraph, and parts.

    ``simulated`` marks what rests on simulated labellers.
    """

    title: str
    text: str = ""
    parts: Sequence[Part] = ()
    simulated: bool = False


@dataclass(frozen=True)
class Page:
    """A whole report.

    Attributes:
        title: of the page.
        facts: what was run, in few words each: (name, value).
        headlines: the figures to see first: (figure, what it is).
        notice: what a reader must know before anything else, say that the run is not finished.
    """

    title: str
    facts: Sequence[tuple[str, str]] = ()
    headlines: Sequence[tuple[str, str]] = ()
    sections: Sequence[Section] = field(default=())
    notice: str = ""
