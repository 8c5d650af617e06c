"""`outvoted runs`: what is there, with what is wrong with one hiding no other."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from outvoted.actors.runs.run_folder import RunFolder, RunRecord, State
from outvoted.cluster.console.terminal import console, say_aligned
from outvoted.cluster.jobs.glancing import died
from outvoted.cluster.jobs.kinds import kind_of
from outvoted.cluster.jobs.runs import listed
from outvoted.cluster.storage.at_hand import worker_at
from outvoted.cluster.storage.urls import given_as, url_of
from outvoted.search.errors import OutvotedError

_HEAD = ("state", "started", "kind", "searches", "mistakes", "data", "run")


def say_runs(runs: Path) -> None:
    """Print a row for each run, oldest first."""
    found = list(rows(runs))
    if found:
        say_aligned([_HEAD, *found])
    else:
        console.print(
            f"No runs in {given_as(runs)} yet: outvoted mine CONFIG.yaml makes one.", soft_wrap=True
        )


def rows(runs: Path) -> Iterator[Sequence[str]]:
    """Yield a row for each run, oldest first; whole names, and what is wrong behind them."""
    for store, record in listed(runs):
        if isinstance(record, RunRecord):
            yield _row(store, record)
        else:
            yield ("unreadable", "", "", "", "", "", f"{store.path.name}   # {record.found}")


def _row(store: RunFolder, record: RunRecord) -> Sequence[str]:
    searches, mistakes, name = "", "", store.path.name
    died_silently = record.state == State.RUNNING and worker_at(store.path) is None
    state = str(State.INTERRUPTED if died_silently else record.state)
    try:
        searches, mistakes = _counts(store, record)
    except (OutvotedError, OSError) as error:
        found = f"{error.expected}: {error.found}" if isinstance(error, OutvotedError) else str(error)
        state, name = "damaged", f"{name}   # no {found.removeprefix('a ')}"
    else:
        name += f"   # {died(record)}" * died_silently
    data = record.data.name if record.data else ""
    return (state, _local(record.created_at), record.command, searches, mistakes, data, name)


def _counts(store: RunFolder, record: RunRecord) -> tuple[str, str]:
    """Count searches and mistakes; of a run at a URL no more than `run.json` is fetched, which may say it.

    Raises:
        OutvotedError: a table is damaged.
    """
    if url_of(store.path) is None:
        return kind_of(record).counts(store, record)
    return record.counts or ("", "")


def _local(when: datetime) -> str:
    try:
        return f"{when.astimezone():%Y-%m-%d %H:%M}"
    except (OverflowError, ValueError, OSError):
        return "?"
