"""The command that serves runs to browsers and programs."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from outvoted.cluster.command_line.options import DEFAULT_RUNS, Debug, Runs
from outvoted.cluster.console.ending import nothing_started

commands = typer.Typer()
LogFormat = Literal["plain", "json"]


@commands.command()
def serve(  # noqa: PLR0913  # each is an option
    runs: Runs = DEFAULT_RUNS,
    host: Annotated[str, typer.Option(help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 for any free one.")] = 8300,
    address: Annotated[
        str | None,
        typer.Option(
            help="The dashboard of a cluster to run on, http://HOST:8265; by default, this machine."
        ),
    ] = None,
    browser: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in a browser.")] = True,
    data: Annotated[
        list[Path] | None,
        typer.Option(help="A folder in which submitted configurations may name files. Repeatable."),
    ] = None,
    allow_code: Annotated[
        bool, typer.Option("--allow-code", help="Let submitted configurations name code: it runs as you.")
    ] = False,
    allow_host: Annotated[
        list[str] | None, typer.Option(help="Another name by which the service is reached. Repeatable.")
    ] = None,
    trust_proxy: Annotated[
        list[str] | None, typer.Option(help="The address of a proxy to believe. Repeatable.")
    ] = None,
    most_runs: Annotated[int, typer.Option(min=1, max=1000, help="Runs under way at once.")] = 4,
    vote_replicas: Annotated[
        int, typer.Option(min=1, max=1000, help="Processes, at most, of each panel that votes.")
    ] = 1,
    log_format: Annotated[LogFormat, typer.Option(help="How requests are logged.")] = "plain",
    stop_all: Annotated[
        bool, typer.Option("--stop", help="End the local cluster and its runs, which can be resumed.")
    ] = False,
    debug: Debug = False,
) -> None:
    """Serve runs in the browser and to programs: start, watch, browse and label them. Ctrl-C ends it."""
    with nothing_started():
        from outvoted.cluster.command_line.serving import serve_runs, stop_cluster
        from outvoted.cluster.service.settings import ServiceSettings
    settings = ServiceSettings(
        runs=runs,
        host=host,
        port=port,
        address=address,
        data=tuple(data or ()),
        allow_code=allow_code,
        allow_hosts=tuple(allow_host or ()),
        trust_proxy=tuple(trust_proxy or ()),
        log_format=log_format,
        vote_replicas=vote_replicas,
        most_runs=most_runs,
    )
    if stop_all:
        stop_cluster(settings)
    else:
        serve_runs(settings, browser)
