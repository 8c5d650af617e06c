"""The command `outvoted study`."""

from pathlib import Path
from typing import Annotated

import typer

from outvoted.actors.studies.study_store import StudyStore
from outvoted.analysis.studies.opened import OpenedStudy
from outvoted.analysis.studies.study_report import write_study_report
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
from outvoted.cluster.jobs.study import StudyConfig
from outvoted.cluster.jobs.study.kind import StudyJob
from outvoted.cluster.jobs.study.kind import study as study_run
from outvoted.search.trust import named_by


def study(
    config: Annotated[Path, typer.Argument(help="A YAML file, say configs/study-iris.yaml.")],
    override: Override = None,
    name: Name = None,
    address: Address = "local",
    resume: Resume = False,
    runs: Runs = DEFAULT_RUNS,
    debug: Debug = False,
) -> None:
    """Put images between classes to a panel: the landscape of its votes, and where peers part."""
    settings = reading.read(StudyConfig, config, override or ())
    path = run_folder(config, name, runs, resume)
    store = StudyStore(path, settings.study.fields())
    with resumable("study", config, override, path, address):
        study_run(StudyJob(settings, store, address, resume, debug), console)
        with phase(console, "drawing the report"):
            report = write_study_report(OpenedStudy(path, named_by(settings)))
    for drawn in report.tables:
        console.print(drawn)
    say_written(
        path,
        "images/, votes/, figures/*.png, summary.json",
        to_report(path, named_by(settings)),
        typed("tensorboard", "--logdir", path / "tb"),
    )
