"""`outvoted top`: all runs of a folder in a table that follows them."""

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from rich.console import Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from outvoted.actors.runs.commands import command_of
from outvoted.actors.runs.run_folder import ProgressRecord, State
from outvoted.cluster.console.terminal import console, draws
from outvoted.cluster.jobs.glancing import DIED, UNREADABLE, Glance, Glances
from outvoted.cluster.storage.urls import given_as
from outvoted.search.errors import OutvotedError
from outvoted.search.shown import visible

_COLUMNS = {"kind": 7, "state": 11, "progress": 11, "per s": 6, "mistakes": 9, "failed": 6, "seen": 6}
_NUMBERS = ("per s", "mistakes", "failed", "seen")
_LEAST = 10  # columns of a name
_BAR = 6
_CHROME = 2  # lines that are no runs: the head, and how many more there are
_MESSAGES = 5
# Blue and orange are told apart by everybody; whoever sees no colour has the words.
_STYLES = {
    State.RUNNING: "bold blue",
    State.FINISHED: "",
    State.INTERRUPTED: "dim",
    State.FAILED: "bold dark_orange",
    DIED: "bold dark_orange",
    UNREADABLE: "dark_orange",
}
_STUCK = "bold reverse dark_orange"


def watch_runs(runs: Path, once: bool, seconds: float) -> None:
    """Draw the table again every few seconds until Ctrl-C; once where asked for, or without a terminal.

    Raises:
        OutvotedError: the folder of runs cannot be read.
    """
    glances = Glances(runs)
    found = glances.take()
    if once or not draws(console):
        console.print(drawn(found, runs, console.width))
        return
    with Live(console=console, screen=True, auto_refresh=False) as live, suppress(KeyboardInterrupt):
        while True:
            live.update(drawn(found, runs, console.width, console.height), refresh=True)
            time.sleep(seconds)
            with suppress(OutvotedError):  # a store that refuses for a while: ages say that nothing is new
                found = glances.take()


def drawn(found: Sequence[Glance], runs: Path, width: int, height: int | None = None) -> RenderableType:
    """Return the table, and below it what is wrong with runs that are stuck or have failed.

    Args:
        found: what to show, the most important first.
        runs: their folder.
        width: of the terminal, in columns; names that don't fit are cut.
        height: of the terminal, in lines: no more runs are shown than it has room for. All, if None.
    """
    if not found:
        return Text(f"No runs in {given_as(runs)} yet: outvoted mine CONFIG.yaml makes one.")
    said = list(_messages(found))
    if height is not None:
        said = [Text(line.plain, no_wrap=True, overflow="ellipsis") for line in said[:_MESSAGES]]
    room = len(found) if height is None else max(1, height - _CHROME - len(said))
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold underline")
    name = max(_LEAST, width - sum(_COLUMNS.values()) - len(_COLUMNS) - 1)
    table.add_column("run", no_wrap=True, overflow="ellipsis", max_width=name)
    for head, wide in _COLUMNS.items():
        table.add_column(head, width=wide, no_wrap=True, justify="right" if head in _NUMBERS else "left")
    for one in found[:room]:
        table.add_row(*_row(one))
    left = len(found) - room
    more = [Text(f"and {left:,} more, which are older", style="dim")] if left > 0 else []
    return Group(table, *said, *more)


def _row(one: Glance) -> Iterator[Text]:
    yield Text(visible(one.name))
    yield Text(visible(command_of(one.kind)))
    yield Text("stuck", _STUCK) if one.stuck else Text(one.state, _STYLES.get(one.state, ""))
    yield Text(_progress(one.task))
    rate = one.task.per_second if one.task is not None and one.at_work else None
    yield Text("" if rate is None else f"{rate:,.0f}" if rate >= 100 else f"{rate:.2g}")
    for count in (one.mistakes, one.failed):
        yield Text("" if count is None else f"{count:,}")
    yield Text(ago(one.age))


def _progress(task: ProgressRecord | None) -> str:
    """Draw a bar with a percentage, or a count where it is unknown of how many."""
    if task is None:
        return ""
    if not task.total:
        return f"{task.done:,.0f} {visible(task.task)}"
    share = min(1.0, max(0.0, task.done / task.total))
    full = int(share * _BAR)
    return f"{'━' * full}{'╌' * (_BAR - full)} {int(100 * share):>3}%"  # 100 % only when all is done


def _messages(found: Sequence[Glance]) -> Iterator[Text]:
    for one in found:
        if one.state == UNREADABLE or (one.message is not None and one.state != State.INTERRUPTED):
            sentence = one.message or ""
        elif one.stuck:
            sentence = f"at work, but has said nothing for {ago(one.age)}"
        else:
            continue
        line = " ".join(visible(sentence).split())
        yield Text(f"{visible(one.name)}: {line}")


def ago(seconds: float) -> str:
    """Say an age shortly: 4 s, 12 min, 3 h, 5 d."""
    for unit, size, most in (("s", 1, 100), ("min", 60, 7200), ("h", 3600, 48 * 3600)):
        if seconds < most:
            return f"{seconds / size:.0f} {unit}"
    return "" if seconds == float("inf") else f"{seconds / 86400:.0f} d"
