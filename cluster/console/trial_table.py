"""The trials of a sweep while it runs: a table below the bars, or now and then a sentence without them."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Self

from rich.console import RenderableType
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from outvoted.cluster.console.terminal import Lines, drawn_below
from outvoted.search.shown import visible

_PAUSE_SECONDS = 5.0
_ROWS = {"best": 3, "running": 4, "latest": 3}
_LONGEST, _DEEPEST = 40, 4  # characters of one value; lists and mappings within each other


def point_said(point: Mapping[str, Any]) -> str:
    """Write a point as one would set it: search.patience=50 search.strategy=gradient."""
    return " ".join(f"{key}={_value(value)}" for key, value in point.items())


def _value(value: Any, deep: int = 0) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Mapping | list | tuple) and deep > _DEEPEST:
        return "…"
    if isinstance(value, Mapping):
        inner = ", ".join(f"{key}: {_value(one, deep + 1)}" for key, one in value.items())
        return f"{{{inner}}}"[:_LONGEST]
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(one, deep + 1) for one in value)}]"[:_LONGEST]
    return json.dumps(value) if value is None or isinstance(value, bool) else str(value)


@dataclass(frozen=True)
class _Ended:
    """A trial that has ended; ``scores`` are those of the objectives, in their order, as larger is better."""

    number: int
    point: Mapping[str, Any]
    outcome: str
    values: tuple[float | None, ...]
    scores: tuple[float, ...] | None

    def beaten_by(self, other: "_Ended") -> bool:
        """Return whether another trial is at least as good in every objective, and better in one."""
        assert self.scores is not None
        assert other.scores is not None
        pairs = list(zip(self.scores, other.scores, strict=True))
        return all(own <= its for own, its in pairs) and any(own < its for own, its in pairs)


@dataclass
class _Shown:
    """What the table shows, kept as trials begin and end."""

    running: dict[int, tuple[Mapping[str, Any], tuple[int, int] | None]] = field(default_factory=dict)
    latest: list[_Ended] = field(default_factory=list)
    best: list[_Ended] = field(default_factory=list)
    ended: int = 0

    def add(self, trial: _Ended) -> bool:
        """Take a trial that has ended; return whether none so far beats it."""
        self.running.pop(trial.number, None)
        self.latest = [trial, *self.latest][: _ROWS["latest"]]
        self.ended += 1
        if trial.scores is None or any(trial.beaten_by(other) for other in self.best):
            return False
        front = [trial, *(other for other in self.best if not other.beaten_by(trial))]
        front.sort(key=lambda one: (*(-score for score in one.scores or ()), one.number))
        self.best = front[:1] if len(trial.scores) == 1 else front
        return trial in self.best


class TrialTable:
    """Shows the trials of a sweep within a block; it may be told of them by one thread at a time."""

    def __init__(
        self,
        progress: Progress,
        objectives: Sequence[tuple[str, str]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the bars that it belongs to, and pairs of a measure and ``maximise`` or ``minimise``."""
        self._progress, self._objectives, self._clock = progress, tuple(objectives), clock
        self._seen, self._lock = _Shown(), Lock()
        self._around, self._said_at = ExitStack(), float("-inf")

    def __enter__(self) -> Self:
        self._around.enter_context(drawn_below(self._progress, self.draw))
        return self

    def __exit__(self, *ended: object) -> None:
        self._around.close()

    @property
    def best(self) -> str:
        """The best so far in a few words; empty where there is none yet."""
        with self._lock:
            return self._best_said()

    def running(self, number: int, point: Mapping[str, Any], far: tuple[int, int] | None = None) -> None:
        """Take it that a trial runs; ``far`` is how many milestones it has passed, of how many."""
        with self._lock:
            self._seen.running[number] = point, far

    def ended(
        self,
        number: int,
        point: Mapping[str, Any],
        outcome: str,
        scores: Mapping[str, float | None],
        keeps: bool = True,
        known: bool = False,
    ) -> None:
        """Take it that a trial has ended.

        Args:
            scores: what measures gave, by their names.
            keeps: whether it keeps the constraints, so that it can be the best.
            known: whether it had ended before, so that nothing is said of it.
        """
        values = tuple(scores.get(measure) for measure, _ in self._objectives)
        counts = [
            value if goal == "maximise" else -value
            for value, (_, goal) in zip(values, self._objectives, strict=True)
            if value is not None
        ]
        complete = keeps and outcome == "finished" and len(counts) == len(values)
        trial = _Ended(number, point, outcome, values, tuple(counts) if complete else None)
        with self._lock:
            leads = self._seen.add(trial)
            sentence = None if known else self._sentence(trial, leads)
        if sentence is not None:
            self._progress.console.print(sentence, soft_wrap=True)

    def draw(self) -> RenderableType:
        """Return the table: the best, those that run, and the latest."""
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold underline")
        table.add_column("trial", justify="right", no_wrap=True)
        table.add_column("", no_wrap=True)
        for measure, _ in self._objectives:
            table.add_column(visible(measure), justify="right", no_wrap=True)
        table.add_column("with", no_wrap=True, overflow="ellipsis")
        with self._lock:
            best, latest = self._seen.best[: _ROWS["best"]], list(self._seen.latest)
            running = sorted(self._seen.running.items())[: _ROWS["running"]]
        for trial in best:
            table.add_row(*self._row(trial, "best" if len(self._objectives) == 1 else "front"), style="bold")
        for number, (point, far) in running:
            said = "runs" if far is None else f"runs, {far[0]} of {far[1]}"
            table.add_row(str(number), said, *[""] * len(self._objectives), _text(point))
        shown = {trial.number for trial in best}
        for trial in latest:
            if trial.number not in shown:
                table.add_row(*self._row(trial, trial.outcome), style="dim")
        return table

    def _row(self, trial: _Ended, what: str) -> tuple[str | Text, ...]:
        return str(trial.number), what, *map(_figure, trial.values), _text(trial.point)

    def _sentence(self, trial: _Ended, leads: bool) -> str | None:
        """Return what is to be said of a trial where no table is drawn; of a quick succession a few."""
        now = self._clock()
        due = leads or now - self._said_at >= _PAUSE_SECONDS
        if not (due and isinstance(self._progress, Lines)):
            return None
        self._said_at = now
        figures = ", ".join(
            f"{measure} {_figure(value)}"
            for value, (measure, _) in zip(trial.values, self._objectives, strict=True)
        )
        found = figures if trial.outcome == "finished" else trial.outcome
        end = "" if leads else f"; {self._best_said()}" if self._seen.best else ""
        best = (" (the best so far)" if len(self._objectives) == 1 else " (on the front)") if leads else ""
        return visible(f"trial {trial.number}: {found}{best}, with {point_said(trial.point)}{end}")

    def _best_said(self) -> str:
        best = self._seen.best
        if not best:
            return ""
        if len(self._objectives) > 1:
            return f"{len(best)} on the front"
        return f"best: trial {best[0].number}, {self._objectives[0][0]} {_figure(best[0].values[0])}"


def _figure(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _text(point: Mapping[str, Any]) -> Text:
    return Text(visible(point_said(point)), no_wrap=True, overflow="ellipsis")
