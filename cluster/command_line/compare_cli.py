"""The command `outvoted compare`."""

from pathlib import Path
from typing import Annotated

import typer

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
from outvoted.cluster.jobs.compare import CompareConfig
from outvoted.cluster.jobs.compare.kind import compare_strategies
from outvoted.search.trust import named_by


def compare(
    config: Annotated[Path, typer.Argument(help="A YAML file, say configs/compare-mnist.yaml.")],
    override: Override = None,
    name: Name = None,
    address: Address = "local",
    resume: Resume = False,
    runs: Runs = DEFAULT_RUNS,
    debug: Debug = False,
) -> None:
    """Mine with several strategies on one panel and the same seeds, and compare them."""
    settings = reading.read(CompareConfig, config, override or ())
    path = run_folder(config, name, runs, resume)
    with resumable("compare", config, override, path, address):
        report = compare_strategies(settings, path, address, resume, debug, console)
    report.show(console)
    say_written(
        path,
        "a run for each strategy, comparison.json, comparison.png",
        to_report(path, named_by(settings)),
    )
    report.check(f"all rows are kept in {path}")
