"""`outvoted doctor`: what this machine has."""

import os
import platform
import shutil
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import torch

from outvoted.actors.data import datasets
from outvoted.actors.data.datasets import ENVIRONMENT, DataSettings
from outvoted.cluster.console.terminal import say_aligned
from outvoted.cluster.storage.urls import url_of


def say_machine(runs: Path) -> None:
    """Print what was looked at, and what was found; ``runs`` is the folder of runs."""
    say_aligned(list(_found(runs)))


def _found(runs: Path) -> Iterator[tuple[str, str]]:
    yield "outvoted", f"{version('outvoted')} in {Path(__file__).resolve().parents[2]}"
    yield "Python", f"{platform.python_version()} on {platform.platform()}"
    yield "torch", f"{torch.__version__}, CPU capability {torch.backends.cpu.get_cpu_capability()}"
    yield "Ray", version("ray")
    yield "CPUs", str(len(os.sched_getaffinity(0)))
    yield "memory", f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.1f} GiB"
    yield "GPUs", _gpus()
    url = url_of(runs)
    where = f"{runs.absolute()}, {_free(runs.absolute())}"
    yield "runs", where if url is None else f"{url}, here in {where}"
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
