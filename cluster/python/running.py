"""Runs from Python: what the command line does, into a folder of runs."""

from collections.abc import Iterable
from pathlib import Path

from outvoted.actors.networks.computing import undisturbed
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.cluster.command_line.launching import run_folder
from outvoted.cluster.configuration import reading
from outvoted.cluster.console.terminal import Terminal
from outvoted.cluster.jobs.job import Job, launch
from outvoted.cluster.jobs.kinds import KINDS, kind_at, kind_of, read
from outvoted.cluster.python.result import Result
from outvoted.search.errors import OutvotedError, suggestion
from outvoted.search.settings import Settings


@undisturbed()
def run(
    config: Settings | str | Path,
    overrides: str | Iterable[str] = (),
    *,
    kind: str | None = None,
    name: str | None = None,
    address: str = "local",
    resume: bool = False,
    runs: str | Path = "runs",
) -> Result:
    """Make a run of any kind, as the command line does, on Ray, into a folder of ``runs``.

    Args:
        config: a value, say ``configs.MineConfig(...)``, or the path of a YAML file.
        overrides: one or more of ``"key.path=value"``, as after ``--set``.
        kind: mine, scan, compare, heal, sweep or study, for a file that would do for several.
        name: of the run; after its configuration and the time if left out.
        address: "local", "auto" or the HOST:PORT of a Ray cluster.
        resume: continue the run of that name, or the newest one of the configuration.
        runs: the folder around the run's.

    Raises:
        OutvotedError: what the command line would print; also where every search of a target failed.
    """
    sets = (overrides,) if isinstance(overrides, str) else tuple(overrides)
    if isinstance(config, Settings):
        wanted, path = kind_of(config), Path(kind_of(config).name)
        settings = reading.overridden(config, sets, "run(...)")
    else:
        path = Path(config)
        wanted = kind_at(path) if kind is None else KINDS[_known(kind)]
        settings = read(wanted.form, path, sets)
    folder = run_folder(path, name, Path(runs), resume)
    report = launch(Job(wanted, settings, RunFolder(folder), address, resume), Terminal())
    report.check(f"all rows are kept in {folder}")
    return Result.load(folder)


def _known(kind: str) -> str:
    if kind in KINDS:
        return kind
    raise OutvotedError(
        expected=f"a kind of run: {', '.join(KINDS)}", found=f"'{kind}'", remedy=suggestion(kind, list(KINDS))
    )
