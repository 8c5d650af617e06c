"""The command `outvoted heal`."""

from pathlib import Path
from typing import Annotated

import typer

from outvoted.actors.healing.heal_store import HealStore
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
from outvoted.cluster.jobs.heal import HealConfig
from outvoted.cluster.jobs.heal.kind import HealJob
from outvoted.cluster.jobs.heal.kind import heal as heal_run
from outvoted.search.trust import named_by


def heal(
    config: Annotated[Path, typer.Argument(help="A YAML file, say configs/heal-mnist.yaml.")],
    override: Override = None,
    name: Name = None,
    address: Address = "local",
    resume: Resume = False,
    runs: Runs = DEFAULT_RUNS,
    debug: Debug = False,
) -> None:
    """Train a panel on with its mistakes, mine it again, round after round, beside two controls."""
    settings = reading.read(HealConfig, config, override or ())
    path = run_folder(config, name, runs, resume)
    with resumable("heal", config, override, path, address):
        report = heal_run(HealJob(settings, HealStore(path), address, resume, debug), console)
    report.show(console)
    say_written(
        path,
        "rounds/, mistakes/, weights/, summary.json, healing.png",
        to_report(path, named_by(settings)),
    )
