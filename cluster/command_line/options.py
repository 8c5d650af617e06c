"""The options that commands share."""

from pathlib import Path
from typing import Annotated

import typer

from outvoted.cluster.storage.urls import folder_of, run_folder_of, url_of
from outvoted.search.trust import EVERYTHING, NOTHING, Trust

CONFIG_HELP = "A YAML file, or a name that `outvoted configs` lists, e.g. {}."
Runs = Annotated[
    Path,
    typer.Option(
        "--runs",
        help="The folder of runs, or its URL: s3://BUCKET/PREFIX, gs://BUCKET/PREFIX.",
        envvar="OUTVOTED_RUNS",
        parser=folder_of,
        metavar="PATH",
    ),
]
Debug = Annotated[bool, typer.Option("--debug", help="Show tracebacks and what Ray prints.")]
Override = Annotated[
    list[str] | None, typer.Option("--set", help="Override a key: search.patience=100. Repeatable.")
]
Name = Annotated[str | None, typer.Option(help="The run's name; its folder is RUNS/NAME.")]
Address = Annotated[str, typer.Option(help="local, auto, or the HOST:PORT of a Ray cluster.")]
Dashboard = Annotated[
    str | None,
    typer.Option("--address", help="A cluster's dashboard: http://HOST:8265.", envvar="OUTVOTED_CLUSTER"),
]
Server = Annotated[
    str | None,
    typer.Option(
        "--server", help="A service: http://HOST:8300, as `outvoted serve` says.", envvar="OUTVOTED_SERVER"
    ),
]
TokenFile = Annotated[
    Path | None,
    typer.Option(help="The file with the service's token; else OUTVOTED_TOKEN, or that of runs/ here."),
]
NameThere = Annotated[str, typer.Argument(help="The run's name, as it was submitted.")]
RunsThere = Annotated[
    str | None, typer.Option("--runs", help="The folder of runs on the cluster, absolute, or a URL.")
]
Trusted = Annotated[
    bool, typer.Option("--trust", help="Import the Python code that the run names: it runs as you.")
]
Resume = Annotated[bool, typer.Option("--resume", help="Continue a run, or extend it.")]
RetryFailed = Annotated[
    bool,
    typer.Option("--retry-failed", help="With --resume: run searches that failed again, with their shards."),
]
OfRun = Annotated[
    Path,
    typer.Argument(
        help="A run's folder or URL, or its name within RUNS.", parser=run_folder_of, metavar="RUN"
    ),
]
DEFAULT_RUNS = Path("runs")


def trusted(trust: bool) -> Trust:
    """Return what a run may import: with --trust everything it names, else nothing."""
    return EVERYTHING if trust else NOTHING


def run_path(run: Path, runs: Path) -> Path:
    """Return the folder of a run that is given as its folder, or as its name within the folder of runs."""
    if url_of(run) is not None or (run / "run.json").exists():
        return run
    return runs / run if url_of(runs) is not None or (runs / run).exists() else run
