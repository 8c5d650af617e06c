"""`outvoted doctor`: what this machine has, and where data sets are found."""

import os
import platform
import shutil
from importlib.metadata import version
from pathlib import Path

import torch
from rich.table import Table

from outvoted.actors import datasets
from outvoted.actors.datasets import ENVIRONMENT, DataSettings


def examine(runs: Path) -> Table:
    """Return a table of findings."""
    found = Table("what", "found", title="outvoted doctor", title_justify="left")
    found.add_row("outvoted", f"{version('outvoted')} in {Path(__file__).resolve().parents[1]}")
    found.add_row("Python", f"{platform.python_version()} on {platform.platform()}")
    found.add_row("torch", f"{torch.__version__}, CPU capability {torch.backends.cpu.get_cpu_capability()}")
    found.add_row("Ray", version("ray"))
    found.add_row("CPUs", str(len(os.sched_getaffinity(0))))
    found.add_row("memory", f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.1f} GiB")
    found.add_row("GPUs", _gpus())
    found.add_row("runs", f"{runs.resolve()}, {_free(runs)}")
    found.add_row(f"${ENVIRONMENT}", os.environ.get(ENVIRONMENT) or "not set")
    for name in datasets.names():
        folder = datasets.find(DataSettings(name=name))
        found.add_row(f"data set {name}", str(folder) if folder else "not here; downloaded when first used")
    return found


def _gpus() -> str:
    count = torch.cuda.device_count()
    return ", ".join(torch.cuda.get_device_name(index) for index in range(count)) if count else "none"


def _free(path: Path) -> str:
    there = next(place for place in (path.resolve(), *path.resolve().parents) if place.exists())
    writable = "writable" if os.access(there, os.W_OK) else "NOT writable"
    return f"{shutil.disk_usage(there).free / 2**30:.0f} GiB free, {writable}"
