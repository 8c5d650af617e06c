"""The command `outvoted sweep`."""

from pathlib import Path
from typing import Annotated

import typer

from outvoted.actors.sweeps.sweep_store import SweepStore
from outvoted.analysis.sweeps.opened import OpenedSweep
from outvoted.analysis.sweeps.sweep_report import write_sweep_report
from outvoted.cluster.command_line.options import (
    DEFAULT_RUNS,
    Address,
    Debug,
    Name,
    Override,
    Resume,
    Runs,
    console,
    resumable,
    run_folder,
    say_written,
    to_report,
)
from outvoted.cluster.configuration import reading
from outvoted.cluster.console.bars import phase
from outvoted.cluster.console.terminal import command as typed
from outvoted.cluster.jobs.sweep import SweepConfig
from outvoted.cluster.jobs.sweep.kind import SweepJob
from outvoted.cluster.jobs.sweep.kind import sweep as sweep_run
from outvoted.search.trust import named_by


def sweep(
    config: Annotated[Path, typer.Argument(help="A YAML file, say configs/sweep-temperature-small.yaml.")],
    override: Override = None,
    name: Name = None,
    address: Address = "local",
    resume: Resume = False,
    runs: Runs = DEFAULT_RUNS,
    debug: Debug = False,
) -> None:
    """Train and measure networks of many settings: temperatures, or classes of noise."""
    settings = reading.read(SweepConfig, config, override or ())
    path = run_folder(config, name, runs, resume)
    store = SweepStore(path, settings.experiment.fields())
    with resumable("sweep", config, override, path, address):
        sweep_run(SweepJob(settings, store, address, resume, debug), console)
        with phase(console, "drawing the report"):
            report = write_sweep_report(OpenedSweep(path, named_by(settings)))
    for drawn in report.tables():
        console.print(drawn)
    sets = [part for item in override or () for part in ("--set", item)]
    where = ("--runs", path.parent, "--name", path.name)
    again = typed("outvoted", "sweep", config, *sets, *where, "--resume", "--set", "seeds=[...]")
    say_written(
        path,
        "trials/, votes/, networks/, figures/*.png, summary.json",
        to_report(path, named_by(settings)),
        typed("tensorboard", "--logdir", path / "tb"),
        f"{again}   # more seeds",
    )
