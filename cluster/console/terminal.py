"""The terminal: values as one would type them, bars or lines; nothing printed steers or breaks it."""

import os
import shlex
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from typing import IO, Any

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TimeRemainingColumn,
)
from rich.segment import Segment
from rich.text import Text

from outvoted.cluster.console import records
from outvoted.cluster.console.notebook import NotebookBars, notebook_phase
from outvoted.search.shown import visible
from outvoted.search.trust import Trust


def command(*parts: str | Path) -> str:
    """Return a command that can be pasted into a shell: every part that needs quotes has them."""
    return shlex.join(_not_an_option(part) for part in parts)


def _not_an_option(part: str | Path) -> str:
    return f"./{part}" if isinstance(part, Path) and str(part).startswith("-") else str(part)


class Terminal(Console):
    """A console without markup; who no longer reads it (`| head`) ends nothing."""

    def __init__(
        self,
        *,
        stderr: bool = False,
        quiet: bool = False,
        file: IO[str] | None = None,
        width: int | None = None,
    ) -> None:
        super().__init__(
            stderr=stderr, quiet=quiet, file=file, width=width, markup=False, emoji=False, highlight=False
        )

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


def say_written(path: str | Path, what: str, *commands: str) -> None:
    """Say what a command left where, and which commands may come next."""
    written = Text.assemble("Written to ", (visible(str(path)), "bold"), f": {what}. To try next:")
    console.print(written, soft_wrap=True)
    for line in commands:
        console.print(f"  {line}", soft_wrap=True)


def to_report(run: str | Path, trust: Trust) -> str:
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


def warn(console: Console, sentence: str) -> None:
    """Print a warning; what it quotes stays as it is."""
    console.print(f"warning: {sentence}", soft_wrap=True)


def warn_if(console: Console, sentence: str | None) -> None:
    """Print a warning if there is something to warn of."""
    if sentence is not None:
        warn(console, sentence)


_SHARE = 0.05
_SECONDS, _MOST_SECONDS = 10.0, 60.0
_PATIENCE = 1 / 30
"""Of the time a task takes so far: a line is due after so long, so that a night doesn't fill the log."""
_UNCHANGED_SECONDS = 25.0
"""Without a change, after which a line says that the command still works on it."""


def bars(console: Console, clock: Callable[[], float] | None = None) -> Progress:
    """Return bars with a name, how far, how many, details, and the time left, in the end the time taken.

    Without a terminal a line with the time says the same: after every 5 %, every ten seconds in which
    something changed (after half an hour, every minute), and every 25 seconds in which nothing did. Whatever
    is printed on the console of the bars has the time before it too. In a notebook the bar is drawn again in
    its place.

    Args:
        clock: tells the seconds where bars follow a process that is elsewhere.
    """
    if console.is_jupyter and not console.quiet:
        return NotebookBars(console)
    if not draws(console):
        return RecordedLines(console) if records.wanted() and not console.quiet else Lines(console)
    return _Bars(
        _Literal("description", 9),
        BarColumn(bar_width=18),
        MofNCompleteColumn(),
        _Literal("details"),
        TimeRemainingColumn(compact=True, elapsed_when_finished=True),
        console=console,
        get_time=clock,
    )


@contextmanager
def drawn_below(progress: Progress, draw: Callable[[], RenderableType]) -> Iterator[None]:
    """Within the block have something drawn again and again below bars, where these are drawn.

    Args:
        draw: called from the thread that draws the bars.
    """
    if isinstance(progress, _Bars):
        progress.below = draw
    try:
        yield
    finally:
        if isinstance(progress, _Bars):
            progress.below = None


def training_task(loaded: Iterable[bool]) -> str:
    """Name the task of getting networks ready, of which some may have been loaded with their weights.

    Where all were, nothing is trained.
    """
    return "measuring" if all(loaded) else "training"


@contextmanager
def phase(console: Console, what: str) -> Iterator[None]:
    """Say what is being done within the block."""
    if console.is_jupyter and not console.quiet:
        with notebook_phase(visible(what)):
            yield
    elif draws(console):
        with console.status(Text(visible(what))):
            yield
    else:
        console.print(what, soft_wrap=True)
        yield


def draws(console: Console) -> bool:
    """Return whether lines can be drawn over; a file, a pipe and a dumb terminal keep all that was drawn."""
    return console.is_terminal and not console.is_dumb_terminal and not console.is_jupyter


class _Bars(Progress):
    """Bars that are drawn once there is one, so that work without any can show bars of its own."""

    below: Callable[[], RenderableType] | None = None
    """What is drawn below them."""

    def get_renderables(self) -> Iterable[RenderableType]:
        """Yield the bars, and what is below them."""
        yield from super().get_renderables()
        if self.below is not None:
            yield self.below()

    def start(self) -> None:
        """Wait for a task."""

    def add_task(self, *what: Any, **how: Any) -> TaskID:
        """Draw a bar."""
        super().start()
        return super().add_task(*what, **how)


class _Literal(ProgressColumn):
    """A text of a task, as it is."""

    def __init__(self, name: str, width: int = 0) -> None:
        super().__init__()
        self._name, self._width = name, width

    def render(self, task: Task) -> Text:
        """Draw the text."""
        text = task.description if self._name == "description" else str(task.fields.get(self._name, ""))
        return Text(visible(text).ljust(self._width), no_wrap=True)


class _Stamped(Console):
    """Says what it is told on another console, behind the time in UTC."""

    def __init__(self, to: Console) -> None:
        super().__init__(quiet=to.quiet)
        self._to = to

    def print(self, *said: Any, **how: Any) -> None:
        """Print a line, or whatever it is."""
        self._to.print(_now(), *said, **how)


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"


class Lines(Progress):
    """Says in lines, each with the time, how far tasks are."""

    def __init__(self, console: Console) -> None:
        super().__init__(console=_Stamped(console), disable=True)
        self._began = time.monotonic()
        self._said: dict[TaskID, tuple[float, float, str]] = {}
        self._ended = Event()
        self._watch: Thread | None = None

    def start(self) -> None:
        """Begin to look at the clock."""
        self._watch = Thread(target=self._look, daemon=True)
        self._watch.start()

    def stop(self) -> None:
        """Say where each task ended."""
        self._ended.set()
        if self._watch is not None:
            self._watch.join()
        for task in self.tasks:
            self._say(task, last=True)

    def update(self, task_id: TaskID, **changes: Any) -> None:
        """Take what changed, and say it if it is much."""
        super().update(task_id, **changes)
        self._say(next(task for task in self.tasks if task.id == task_id))

    def _look(self) -> None:
        while not self._ended.wait(1.0):
            for task in self.tasks:
                self._say(task)

    def _say(self, task: Task, last: bool = False) -> None:
        text = self._due(task, last)
        if text is not None:
            self.console.print(text, soft_wrap=True)

    def _due(self, task: Task, last: bool) -> str | None:
        """Return the line that is to be said now, if one is."""
        with self._lock:
            text, now = _line(task), time.monotonic()
            when, done, before = self._said.setdefault(task.id, (now, 0.0, ""))
            far = task.total is not None and task.completed - done >= _SHARE * task.total > 0
            often = min(_MOST_SECONDS, max(_SECONDS, _PATIENCE * (now - self._began)))
            waited = now - when >= (often if text != before else _UNCHANGED_SECONDS)
            ended = last or task.finished
            if not task.visible or (text == before if ended else not (far or waited)):
                return None
            self._said[task.id] = (now, task.completed, text)
        return text


class RecordedLines(Lines):
    """Says the same lines, and ends them, and others between them, with records to draw bars from."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self._to, self._pace = console, records.RecordPace()

    def _say(self, task: Task, last: bool = False) -> None:
        text = self._due(task, last)
        state: dict[str, Any] = {
            "task": self._pace.first + int(task.id),
            "name": visible(task.description),
            "done": task.completed,
            "of": task.total,
            "details": visible(str(task.fields.get("details", ""))),
            "visible": task.visible,
        }
        with self._lock:
            due = self._pace.due(task.id, state, last or task.finished)
        if due or text is not None:
            at = records.TaskAt(**state, at=round(self._pace.now, 2))
            records.write(self._to, at, "" if text is None else f"{_now()} {text}")


def _line(task: Task) -> str:
    total = "?" if task.total is None else f"{task.total:g}"
    details = visible(str(task.fields.get("details", ""))).replace("\n", " ")
    return f"{visible(task.description):<9} {task.completed:g}/{total}  {details}".rstrip()
