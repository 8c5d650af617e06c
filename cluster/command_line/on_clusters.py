"""Commands on runs of a cluster: submitting, watching, planning."""

from pathlib import Path
from typing import Annotated

import typer

from outvoted.cluster.command_line.configurations import say_which
from outvoted.cluster.command_line.options import (
    CONFIG_HELP,
    DEFAULT_RUNS,
    Dashboard,
    Debug,
    NameThere,
    Override,
    Resume,
    RetryFailed,
    Runs,
    RunsThere,
    Server,
    TokenFile,
)
from outvoted.cluster.console.ending import nothing_started
from outvoted.cluster.jobs.kinds import ENTRIES, keys_in, kind_meant

commands = typer.Typer()


@commands.command()
def submit(  # noqa: PLR0913  # each is an option
    config: Annotated[Path, typer.Argument(help=CONFIG_HELP.format("mnist"))],
    address: Dashboard = None,
    server: Server = None,
    override: Override = None,
    name: Annotated[str | None, typer.Option(help="The run's name, and its job's.")] = None,
    kind: Annotated[
        str | None, typer.Option(help="mine, scan, ..., for a file that would do for several.")
    ] = None,
    resume: Resume = False,
    retry_failed: RetryFailed = False,
    runs: RunsThere = None,
    off_head: Annotated[
        bool,
        typer.Option("--off-head", help="Run its command on a worker; it goes on while the head is away."),
    ] = False,
    without: Annotated[
        list[str] | None, typer.Option(help="A file or folder of the current one to leave here. Repeatable.")
    ] = None,
    code: Annotated[
        bool, typer.Option(" /--no-code", help="Send the configuration alone.", show_default=False)
    ] = True,
    stay: Annotated[bool, typer.Option("--watch", help="Show it until it ends.")] = False,
    token_file: TokenFile = None,
    debug: Debug = False,
) -> None:
    """Start a run of any kind on a cluster or a service; it outlives this shell."""
    keys = keys_in(config, next(iter(ENTRIES)))
    say_which(config)
    with nothing_started():
        from outvoted.cluster.command_line.launching import default_name
        from outvoted.cluster.command_line.remote import Wherever, submit_run
        from outvoted.cluster.submitting.submitting import Submission
    sent = tuple(without or ()) if code else None
    chosen, named = kind_meant(kind, keys), name or default_name(config)
    sets = (*(override or ()), *(("cluster.retry_failed=true",) if retry_failed else ()))
    wanted = Submission(chosen, config, keys, named, sets, runs, resume, off_head, sent, debug)
    submit_run(wanted, Wherever(address, server, token_file), stay)


@commands.command()
def watch(
    name: NameThere,
    address: Dashboard = None,
    server: Server = None,
    token_file: TokenFile = None,
    debug: Debug = False,
) -> None:
    """Show a run that was submitted as it goes; Ctrl-C leaves the run alone. Exits as the run does."""
    with nothing_started():
        from outvoted.cluster.command_line.remote import Wherever, watch_run
    watch_run(name, Wherever(address, server, token_file))


@commands.command()
def logs(
    name: NameThere,
    address: Dashboard = None,
    server: Server = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the run ends.")] = False,
    token_file: TokenFile = None,
    debug: Debug = False,
) -> None:
    """Print what a submitted run has said so far."""
    with nothing_started():
        from outvoted.cluster.command_line.remote import Wherever, say_logs
    say_logs(name, Wherever(address, server, token_file), follow)


@commands.command()
def stop(
    name: NameThere,
    address: Dashboard = None,
    server: Server = None,
    token_file: TokenFile = None,
    debug: Debug = False,
) -> None:
    """End a submitted run as Ctrl-C would; `submit --resume` goes on with it."""
    with nothing_started():
        from outvoted.cluster.command_line.remote import Wherever, stop_run
    stop_run(name, Wherever(address, server, token_file))


@commands.command()
def fetch(
    name: NameThere,
    address: Dashboard = None,
    server: Server = None,
    to: Annotated[Path | None, typer.Option(help="The folder to write; runs/NAME by default.")] = None,
    runs: RunsThere = None,
    token_file: TokenFile = None,
    debug: Debug = False,
) -> None:
    """Bring the folder of a submitted run here; what is here already is not sent twice."""
    with nothing_started():
        from outvoted.cluster.command_line.remote import Wherever, fetch_run
    where = Wherever(address, server, token_file)
    fetch_run(name, where, to or DEFAULT_RUNS / name, runs)


@commands.command(hidden=True)
def offer(run: Path, debug: Debug = False) -> None:
    """Offer the files of a run on this machine to `outvoted fetch`; started by it as a job."""
    from outvoted.cluster.command_line.remote import offer_run

    offer_run(run)


@commands.command()
def plan(  # noqa: PLR0913  # each is an option
    config: Annotated[Path, typer.Argument(help=CONFIG_HELP.format("mnist"))],
    nodes: Annotated[str, typer.Option(help="Numbers of machines, 1 to 1,000.")] = "1,4,16,64",
    cpus: Annotated[
        float | None, typer.Option(min=0.1, help="CPUs of each machine; by default this one's.")
    ] = None,
    gpus: Annotated[
        float | None, typer.Option(min=0, help="GPUs of each machine; by default this one's.")
    ] = None,
    memory: Annotated[
        float | None, typer.Option(min=0.1, help="GiB of each machine; by default this one's.")
    ] = None,
    network: Annotated[float, typer.Option(min=0.001, help="Gbit/s of each machine.")] = 10.0,
    speed: Annotated[
        float, typer.Option(min=0.001, help="How many times as fast as one CPU here a process is there.")
    ] = 1.0,
    seconds: Annotated[
        float, typer.Option(min=0.1, max=3600, help="To measure for: training, and mining.")
    ] = 4.0,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    override: Override = None,
    runs: Runs = DEFAULT_RUNS,
    debug: Debug = False,
) -> None:
    """Say how long a run would take on so many machines, what it needs there, and what holds it up first."""
    keys = keys_in(config, "mine")
    with nothing_started():
        from outvoted.cluster.command_line.launching import Given
        from outvoted.cluster.command_line.nodes import Asked, say_plan
    asked = Asked(nodes, cpus, gpus, memory, network, speed, seconds, json)
    say_plan(keys, Given(config, override or (), None, "local", False, runs, debug), asked)


@commands.command("dashboard")
def print_dashboard(
    rules: Annotated[bool, typer.Option("--alerts", help="Print rules for Prometheus instead.")] = False,
    debug: Debug = False,
) -> None:
    """Print a dashboard of all runs for Grafana, or alerts, from metrics that Ray exports."""
    from outvoted.cluster.command_line.alerts import alerts
    from outvoted.cluster.command_line.dashboard import dashboard

    typer.echo(alerts() if rules else dashboard(), nl=False)
