"""`outvoted runs`: what each run is and how far; what is wrong with one hides no other."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from outvoted.actors.runs.run_record import RunRecord, State
from outvoted.actors.runs.store import RunStore
from outvoted.cluster.jobs.alive import worker
from outvoted.cluster.jobs.runs import listed
from outvoted.search.errors import OutvotedError

HEAD = ("state", "begun", "searches", "mistakes", "data", "run")


def rows(runs: Path) -> Iterator[Sequence[str]]:
    """Yield a row of `HEAD` for each run, oldest first; whole names, and what is wrong behind them."""
    for store, record in listed(runs):
        if isinstance(record, RunRecord):
            yield _row(store, record)
        else:
            yield ("unreadable", "", "", "", "", f"{store.path.name}   # {record.found}")


def _row(store: RunStore, record: RunRecord) -> Sequence[str]:
    searches, mistakes, name = str(record.kind), "", store.path.name
    state = "cut off" if record.state == State.RUNNING and worker(store.path) is None else str(record.state)
    if record.kind == "mine":
        try:
            searches = f"{len(store.done())} of {record.searches or '?'}"
            mistakes = str(store.table("mistakes").num_rows)
        except (OutvotedError, OSError) as error:
            found = f"{error.expected}: {error.found}" if isinstance(error, OutvotedError) else str(error)
            state, name = "damaged", f"{name}   # no {found.removeprefix('a ')}"
    data = record.data.name if record.data else ""
    return (state, _local(record.created_at), searches, mistakes, data, name)


def _local(when: datetime) -> str:
    try:
        return f"{when.astimezone():%Y-%m-%d %H:%M}"
    except (OverflowError, ValueError, OSError):
        return "?"
