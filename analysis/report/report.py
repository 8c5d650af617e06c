"""What every kind of run returns as its report: one value, shown on the terminal, on a page and in files."""

import base64
import gc
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, is_dataclass, replace
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
from markupsafe import Markup
from rich.console import Console

from outvoted.actors.runs.files import write_json
from outvoted.analysis.report.table import Table
from outvoted.analysis.report.templating import rendered

OnStep = Callable[[int, int], object]
"""Called with how many images are done, and of how many."""
_HEIGHT = 420  # pixels, where a figure names none
_OF_THE_PAGE = ("template", "paper_bgcolor", "plot_bgcolor")


@dataclass(frozen=True)
class Plot:
    """An interactive figure; its colours of paper and text follow the page's light or dark theme.

    ``width``, in pixels, is the least that it can be read in: on narrower pages it scrolls sideways.
    """

    figure: go.Figure
    caption: str = ""
    width: int = 320

    def html(self, identifier: str) -> Markup:
        """Return the plot's place on the page, and its data beside it."""
        figure: dict[str, Any] = json.loads(self.figure.to_json())
        for name in _OF_THE_PAGE:
            figure["layout"].pop(name, None)
        height = int(figure["layout"].setdefault("height", _HEIGHT))
        return rendered("plot.html", plot=self, id=identifier, figure=figure, height=height)


@dataclass(frozen=True)
class Picture:
    """A PNG from disk, embedded."""

    path: Path
    caption: str = ""

    def html(self, identifier: str = "") -> Markup:
        """Return the picture with its caption.

        Raises:
            OSError: it cannot be read.
        """
        data = base64.b64encode(self.path.read_bytes()).decode()
        return rendered("picture.html", picture=self, data=data)


@dataclass(frozen=True)
class Widget:
    """Markup, data and a script of its own, for what tables and plots can't do: the gallery of mistakes.

    Attributes:
        markup: from a template, in which what comes from data was escaped.
        data: plain values, there as JSON for the script.
        script: JavaScript, run as a function of (element, data) once the page is there.
        style: CSS.
    """

    markup: Markup
    data: object = None
    script: str = ""
    style: str = ""

    @property
    def name(self) -> str:
        """Name the script, by its hash."""
        return hashlib.sha256(self.script.encode()).hexdigest()[:16]

    def html(self, identifier: str) -> Markup:
        """Return the markup, and the data beside it."""
        return rendered("widget.html", widget=self, id=identifier)


Part = Table | Plot | Picture | Widget


@dataclass(frozen=True)
class Section:
    """A heading, a paragraph, and parts: tables, plots, pictures, galleries.

    ``simulated`` marks what rests on simulated labellers.
    """

    title: str
    text: str = ""
    parts: Sequence[Part] = ()
    simulated: bool = False


def pictures(folder: Path, captions: Mapping[str, str]) -> tuple[Picture, ...]:
    """Return those of the named pictures that are in a folder, with their captions."""
    return tuple(
        Picture(folder / name, caption) for name, caption in captions.items() if (folder / name).is_file()
    )


def titled(name: str) -> str:
    """Return a picture's caption from its file's name: "Learning curves" for "learning-curves.png"."""
    return Path(name).stem.replace("-", " ").replace("_", " ").capitalize()


@dataclass(frozen=True)
class Report:
    """What a run has to say, of whatever it has recorded so far.

    Attributes:
        summary: what ``summary.json`` holds beside the tables: a dataclass, or plain values by their names.
        tables: those of the terminal.
        headlines: the figures to see first: (figure, what it is).
        sections: makes what the page shows, once the pictures are drawn; reports the images voted on again.
        pictures: draws each picture, by its path within the run's folder.
        data: what other JSON files hold, by their paths within the run's folder.
        facts: what was run, beside what the record of every run says: (name, value).
        remarks: lines below the tables.
        results: those of the sections that cost little, made again and again while a run is under way; None
            where all of them do.
        check: raises if the run came to nothing for a reason that can be fixed; gets where its rows are kept.
    """

    summary: object
    tables: Sequence[Table]
    headlines: Sequence[tuple[str, str]] = ()
    sections: Callable[[OnStep], Iterable[Section]] = lambda on_step: ()
    pictures: Mapping[str, Callable[[Path], object]] = field(default_factory=dict)
    data: Mapping[str, object] = field(default_factory=dict)
    facts: Sequence[tuple[str, str]] = ()
    remarks: Sequence[str] = ()
    check: Callable[[str], object] = lambda where: None
    results: Callable[[], Iterable[Section]] | None = None

    def write(self, folder: Path) -> None:
        """Write the JSON files and draw the pictures into the run's folder.

        Raises:
            OutvotedError: the disk refuses.
        """
        write_json(folder / "summary.json", self.values())
        for name, values in self.data.items():
            write_json(folder / name, values)
        for name, draw in self.pictures.items():
            with _swept_after():
                draw(folder / name)

    def shown_live(self) -> list[Section]:
        """Return the sections of tables, plots and pictures, as far as the run has come."""
        sections = self.results() if self.results is not None else self.sections(lambda done, of: None)
        found = [
            replace(one, parts=[part for part in one.parts if not isinstance(part, Widget)])
            for one in sections
        ]
        return [one for one in found if one.parts or one.text]

    def values(self) -> dict[str, Any]:
        """Return what ``summary.json`` holds."""
        return {**_values(self.summary), "tables": [table.to_json() for table in self.tables]}

    def show(self, console: Console) -> None:
        """Print the tables, and the remarks."""
        for table in self.tables:
            console.print(table)
        if self.remarks:
            console.print("\n".join(self.remarks), end="\n\n")


@contextmanager
def _swept_after() -> Iterator[None]:
    """Look for garbage when the block has ended, and only among what is new.

    A figure is many small objects, of which none can go before it is drawn: to look for some takes a third of
    the time.
    """
    looks = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.collect(0)
        if looks:
            gc.enable()


def _values(summary: Any) -> dict[str, Any]:
    return asdict(summary) if is_dataclass(summary) and not isinstance(summary, type) else dict(summary)
