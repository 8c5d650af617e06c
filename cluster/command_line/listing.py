"""What is there: runs, with what is wrong with one hiding no other, and what this machine has."""

import os
import platform
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import torch

from outvoted.actors.data import datasets
from outvoted.actors.data.datasets import ENVIRONMENT, DataSettings
from outvoted.actors.runs.run_folder import RunFolder, RunRecord, State
from outvoted.cluster.jobs.alive import worker
from outvoted.cluster.jobs.kinds import kind_of
from outvoted.cluster.jobs.runs import listed
from outvoted.search.errors import OutvotedError

HEAD = ("state", "started", "searches", "mistakes", "data", "run")


def rows(runs: Path) -> Iterator[Sequence[str]]:
    """Yield a row of `HEAD` for each run, oldest first; whole names, and what is wrong behind them."""
    for store, record in listed(runs):
        if isinstance(record, RunRecord):
            yield _row(store, record)
        else:
            yield ("unreadable", "", "", "", "", f"{store.path.name}   # {record.found}")


def _row(store: RunFolder, record: RunRecord) -> Sequence[str]:
    searches, mistakes, name = record.kind, "", store.path.name
    state = "cut off" if record.state == State.RUNNING and worker(store.path) is None else str(record.state)
    try:
        searches, mistakes = kind_of(record).counts(store, record)
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


def machine(runs: Path) -> Iterator[tuple[str, str]]:
    """Yield what was looked at, and what was found."""
    yield "outvoted", f"{version('outvoted')} in {Path(__file__).resolve().parents[2]}"
    yield "Python", f"{platform.python_version()} on {platform.platform()}"
    yield "torch", f"{torch.__version__}, CPU capability {torch.backends.cpu.get_cpu_capability()}"
    yield "Ray", version("ray")
    yield "CPUs", str(len(os.sched_getaffinity(0)))
    yield "memory", f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.1f} GiB"
    yield "GPUs", _gpus()
    yield "runs", f"{runs.absolute()}, {_free(runs.absolute())}"
    yield "scratch", f"{tempfile.gettempdir()}, {_free(Path(tempfile.gettempdir()))}"
    yield f"${ENVIRONMENT}", os.environ.get(ENVIRONMENT) or "not set"
    for name in datasets.names():
        folder = datasets.find(DataSettings(name=name))
        yield f"data set {name}", str(folder) if folder else "not here; downloaded when first used"


def _gpus() -> str:
    count = torch.cuda.device_count()
    return ", ".join(torch.cuda.get_device_name(index) for index in range(count)) if count else "none"


def _free(path: Path) -> str:
    there = next((place for place in (path, *path.parents) if place.exists()), Path("/"))
    if not there.is_dir():
        return "NOT a folder"
    writable = "writable" if os.access(there, os.W_OK) else "NOT writable"
    return f"{shutil.disk_usage(there).free / 2**30:.0f} GiB free, {writable}"
