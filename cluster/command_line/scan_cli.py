"""The command `outvoted scan`."""

from pathlib import Path
from typing import Annotated

import typer

from outvoted.actors.runs.store import RunStore
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.scan.report import scan_report
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
from outvoted.cluster.console.terminal import command as typed
from outvoted.cluster.jobs.scan import ScanConfig
from outvoted.cluster.jobs.scan.kind import ScanJob
from outvoted.cluster.jobs.scan.kind import scan as scan_run
from outvoted.search.trust import named_by


def scan(
    config: Annotated[Path, typer.Argument(help="A YAML file, say configs/scan-checkerboard.yaml.")],
    override: Override = None,
    name: Name = None,
    address: Address = "local",
    resume: Resume = False,
    runs: Runs = DEFAULT_RUNS,
    debug: Debug = False,
) -> None:
    """Stream unlabelled images through a panel; keep those on which exactly one peer dissents."""
    settings = reading.read(ScanConfig, config, override or ())
    path = run_folder(config, name, runs, resume)
    with resumable("scan", config, override, path, address):
        store = scan_run(ScanJob(settings, RunStore(path), address, resume, debug), console)
    report = scan_report(OpenedRun(store, named_by(settings)))
    report.show(console)
    dissents = str(path / "dissents")
    look = f"import pandas; print(pandas.read_parquet({dissents!r}).nlargest(10, 'margin'))"
    say_written(
        path,
        "dissents/, scanned/, peers/, summary.json, gallery/*.png",
        to_report(path, named_by(settings)),
        typed("python", "-c", look),
    )
    report.check(f"all rows are kept in {path}")
