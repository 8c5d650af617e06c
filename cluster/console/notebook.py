"""Bars in a notebook: drawn again in their place, in HTML alone, without a widget that must be installed."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from markupsafe import Markup
from rich.console import Console
from rich.progress import Progress, Task, TaskID

from outvoted.search.errors import printable

_EVERY = 0.2  # seconds between two drawings: a notebook keeps up, and so does a connection to it


class NotebookBars(Progress):
    """A bar for each task; all of them are one output of the cell, which is replaced."""

    def __init__(self, console: Console) -> None:
        super().__init__(console=console, disable=True)
        self._output, self._drawn = _Output(), 0.0

    def start(self) -> None:
        """Wait for a task."""

    def stop(self) -> None:
        """Draw what came of each task."""
        for task in self.tasks:
            if task.stop_time is None:
                self.stop_task(task.id)
        self._draw()

    def add_task(self, *what: Any, **how: Any) -> TaskID:
        """Draw a bar."""
        added = super().add_task(*what, **how)
        self._draw()
        return added

    def update(self, task_id: TaskID, **changes: Any) -> None:
        """Take what changed, and draw it if the last time was a while ago."""
        super().update(task_id, **changes)
        if time.monotonic() - self._drawn > _EVERY:
            self._draw()

    def _draw(self) -> None:
        tasks = [task for task in self.tasks if task.visible]
        if tasks:
            self._drawn = time.monotonic()
            self._output.put(Markup("").join(map(_html, tasks)), "\n".join(map(_text, tasks)))


@contextmanager
def notebook_phase(what: str) -> Iterator[None]:
    """Say what is being done within the block; afterwards nothing is left of it."""
    output = _Output()
    output.put(Markup("<div><em>{}…</em></div>").format(what), f"{what}…")
    try:
        yield
    finally:
        output.put(Markup(""), "")


class _Output:
    """A place in the cell's output, drawn when something is first put there."""

    def __init__(self) -> None:
        self._handle: Any = None

    def put(self, html: Markup, text: str) -> None:
        from IPython.display import display

        content = {"text/html": str(html), "text/plain": text}
        if self._handle is None:
            self._handle = display(content, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.update(content, raw=True)


_BAR = Markup(
    '<div style="display:flex;gap:.7em;align-items:center;flex-wrap:wrap">'
    '<span style="min-width:5em">{name}</span><progress style="width:12em" {value}></progress>'
    '<span style="font-variant-numeric:tabular-nums">{count}</span><span>{details}</span>'
    '<span style="opacity:.7;font-variant-numeric:tabular-nums">{left}</span></div>'
)


def _html(task: Task) -> Markup:
    known = task.total is not None
    value = Markup('value="{}" max="{}"').format(task.completed, task.total) if known else Markup("")
    name = printable(task.description)
    return _BAR.format(name=name, value=value, count=_count(task), details=_details(task), left=_left(task))


def _text(task: Task) -> str:
    return f"{printable(task.description)} {_count(task)} {_details(task)} {_left(task)}".rstrip()


def _details(task: Task) -> str:
    return printable(str(task.fields.get("details", "")))


def _count(task: Task) -> str:
    return f"{task.completed:,.0f}" + ("" if task.total is None else f"/{task.total:,.0f}")


def _left(task: Task) -> str:
    """Say how long it took, or will take as far as can be told."""
    ended = task.finished or task.stop_time is not None
    seconds = task.elapsed if ended else task.time_remaining
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}" if ended else f"{minutes}:{rest:02} left"
