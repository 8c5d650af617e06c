"""The terminal: whatever is printed appears as it is; no name and no message steers or breaks it."""

import os
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from outvoted.cluster.console.shown import command, visible
from outvoted.search.trust import Trust


class Terminal(Console):
    """A console without markup; who no longer reads it (`| head`) ends nothing."""

    def __init__(self, *, stderr: bool = False, quiet: bool = False) -> None:
        super().__init__(stderr=stderr, quiet=quiet, markup=False, emoji=False, highlight=False)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Return what is written, control characters within it as escapes and no links in it."""
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment  # rich's own, for colours and bars
            else:
                style = segment.style and segment.style.update_link(None)
                yield Segment(visible(segment.text), style)

    def on_broken_pipe(self) -> None:
        """Go on in silence."""
        self.quiet = True
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.file.fileno())


console = Terminal()
errors = Terminal(stderr=True)


def tolerate_any_terminal() -> None:
    """Let no character be too strange for standard output and error, and neither of them be closed."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # else the next file that is opened would take its place
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def say_written(path: Path, what: str, *commands: str) -> None:
    """Say what a command left where, and which commands may come next."""
    written = Text.assemble("\nWritten to ", (visible(str(path)), "bold"), f": {what}. To try next:")
    console.print(written, soft_wrap=True)
    for line in commands:
        console.print(f"  {line}", soft_wrap=True)


def to_report(run: Path, trust: Trust) -> str:
    """Return the command that makes a page of a run."""
    return f"{command('outvoted', 'report', run, *flag(trust))}   # a page to click through"


def flag(trust: Trust) -> tuple[str, ...]:
    """Return the option that a command needs to open a run in which some code is trusted."""
    return () if trust.paths is not None and not trust.paths else ("--trust",)


def say_aligned(rows: Sequence[Sequence[str]]) -> None:
    """Print rows with their columns aligned; the last is as long as it is, so that nothing is cut."""
    shown = [[visible(cell).replace("\n", " ") for cell in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(*shown, strict=True)]
    for row in shown:
        padded = [cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)]
        console.print("  ".join([*padded[:-1], row[-1]]), soft_wrap=True)
