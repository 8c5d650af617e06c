"""How far work is: bars on a terminal, plain lines where there is none."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TimeRemainingColumn,
)
from rich.text import Text

from outvoted.cluster.console.terminal import visible

_SHARE = 0.05
_SECONDS = 10.0
_UNCHANGED_SECONDS = 60.0


def bars(console: Console) -> Progress:
    """Return bars with a name, how far, how many, details, and the time left, in the end the time taken.

    Without a terminal a line says the same after every 5 %, every ten seconds in which something changed,
    and every minute in which nothing did.
    """
    if not _moves(console):
        return Lines(console)
    return _Bars(
        _Literal("description", 9),
        BarColumn(bar_width=18),
        MofNCompleteColumn(),
        _Literal("details"),
        TimeRemainingColumn(compact=True, elapsed_when_finished=True),
        console=console,
    )


@contextmanager
def phase(console: Console, what: str) -> Iterator[None]:
    """Say what is being done within the block."""
    if _moves(console):
        with console.status(Text(visible(what))):
            yield
    else:
        console.print(what, soft_wrap=True)
        yield


def _moves(console: Console) -> bool:
    """Tell whether lines can be drawn over; a file, a pipe and a dumb terminal keep all that was drawn."""
    return console.is_jupyter or (console.is_terminal and not console.is_dumb_terminal)


class _Bars(Progress):
    """Bars that are drawn once there is one, so that work without any can show bars of its own."""

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


class Lines(Progress):
    """Says in lines how far tasks are."""

    def __init__(self, console: Console) -> None:
        super().__init__(console=console, disable=True)
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
        with self._lock:
            text, now = _line(task), time.monotonic()
            when, done, before = self._said.setdefault(task.id, (now, 0.0, ""))
            far = task.total is not None and task.completed - done >= _SHARE * task.total > 0
            waited = now - when >= (_SECONDS if text != before else _UNCHANGED_SECONDS)
            ended = last or task.finished
            if not task.visible or (text == before if ended else not (far or waited)):
                return
            self._said[task.id] = (now, task.completed, text)
        self.console.print(text, soft_wrap=True)


def _line(task: Task) -> str:
    total = "?" if task.total is None else f"{task.total:g}"
    details = visible(str(task.fields.get("details", ""))).replace("\n", " ")
    return f"{visible(task.description):<9} {task.completed:g}/{total}  {details}".rstrip()
