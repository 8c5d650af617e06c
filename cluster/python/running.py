"""Runs from Python: what the command line does, into a folder of runs."""

from collections.abc import Iterable
from pathlib import Path

from outvoted.actors.networks.computing import undisturbed
from outvoted.actors.runs.failures import check_not_all, failures
from outvoted.actors.runs.store import RunStore
from outvoted.cluster.command_line.options import run_folder
from outvoted.cluster.configuration import reading
from outvoted.cluster.console.terminal import Terminal
from outvoted.cluster.jobs.config import MineConfig
from outvoted.cluster.jobs.mine import Job
from outvoted.cluster.jobs.mine import mine as mine_run
from outvoted.cluster.python.result import Result


@undisturbed()
def run(
    config: str | Path,
    overrides: str | Iterable[str] = (),
    *,
    name: str | None = None,
    address: str = "local",
    resume: bool = False,
    runs: str | Path = "runs",
) -> Result:
    """Do what `outvoted mine CONFIG --set OVERRIDE ...` does, on Ray, into a folder of ``runs``.

    Raises:
        OutvotedError: what the command line would print.
    """
    path = Path(config)
    sets = (overrides,) if isinstance(overrides, str) else tuple(overrides)
    settings = reading.read(MineConfig, path, sets)
    folder = run_folder(path, name, Path(runs), resume)
    store = mine_run(Job(settings, RunStore(folder), address, resume), Terminal())
    check_not_all(failures(store.frame("searches")), f"all rows are kept in {folder}")
    return Result.load(folder)
