"""The command line: its commands and their options. What a command does is imported when it is called."""

import atexit
import gc
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from outvoted.cluster.command_line.configurations import (
    print_ready,
    say_keys,
    say_ready,
    say_schema,
    say_which,
)
from outvoted.cluster.command_line.options import (
    DEFAULT_RUNS,
    Address,
    Dashboard,
    Debug,
    Name,
    NameThere,
    OfRun,
    Override,
    Resume,
    RetryFailed,
    Runs,
    RunsThere,
    Trusted,
    run_path,
    trusted,
)
from outvoted.cluster.console.ending import INTERRUPTED, nothing_started, signals_heeded
from outvoted.cluster.console.terminal import console, errors, tolerate_any_terminal
from outvoted.cluster.jobs.kinds import ENTRIES, KindEntry, keys_in, kind_called, kind_of_keys
from outvoted.search.errors import OutvotedError

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


def _version(wanted: bool) -> None:
    if wanted:
        console.print(f"outvoted {version('outvoted')}")
        raise typer.Exit


@app.callback()
def outvoted(
    say_version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Outvoted mines high-value mistakes: inputs one network gets wrong while all its peers agree."""


CONFIG_HELP = "A YAML file, or a name that `outvoted configs` lists, e.g. {}."


def launched(entry: KindEntry) -> Callable[..., None]:
    """Return the command of a kind of run."""

    def run(  # noqa: PLR0913  # each is an option
        config: Annotated[Path, typer.Argument(help=CONFIG_HELP.format(entry.example))],
        override: Override = None,
        name: Name = None,
        address: Address = "local",
        resume: Resume = False,
        retry_failed: RetryFailed = False,
        start_or_resume: Annotated[
            bool,
            typer.Option(
                "--start-or-resume", help="Resume the run --name if it has begun: for jobs that may restart."
            ),
        ] = False,
        dry_run: Annotated[
            bool, typer.Option("--dry-run", help="Check everything, start nothing, as `outvoted check`.")
        ] = False,
        runs: Runs = DEFAULT_RUNS,
        debug: Debug = False,
    ) -> None:
        keys = keys_in(config, entry.name)
        say_which(config)
        with nothing_started():
            from outvoted.cluster.command_line.launching import Given, has_begun, make_run
        resumes = resume or (start_or_resume and has_begun(name, runs))
        override = [*(override or ()), *(["cluster.retry_failed=true"] if retry_failed else ())]
        given = Given(config, override, name, address, resumes, runs, debug)
        if not dry_run:
            make_run(entry.name, keys, given)
            return
        with nothing_started():
            from outvoted.cluster.command_line.checking import check_run
        check_run(entry.name, keys, given)

    run.__doc__ = entry.does
    return run


for entry in ENTRIES.values():
    app.command(entry.name)(launched(entry))


@app.command()
def landscape(  # noqa: PLR0913  # each is an option
    run: OfRun,
    seed_id: Annotated[
        int | None, typer.Option(help="Row of a training image; by default, the seed with the most mistakes.")
    ] = None,
    x: Annotated[str | None, typer.Option(help="One direction, e.g. rotation or translate_x_px.")] = None,
    y: Annotated[str | None, typer.Option(help="Another direction, e.g. scale.")] = None,
    points: Annotated[
        int, typer.Option(min=3, max=401, help="Points along each side; an odd number includes the seed.")
    ] = 41,
    trust: Trusted = False,
    runs: Runs = DEFAULT_RUNS,
    debug: Debug = False,
) -> None:
    """Draw what each peer predicts around a seed, along two directions, and the climbs to mistakes."""
    from outvoted.cluster.command_line.looking import draw_landscape
    from outvoted.cluster.command_line.opening import opened_run

    with opened_run(run_path(run, runs)) as path:
        draw_landscape(path, trusted(trust), seed_id, (x, y), points)


@app.command()
def label(  # noqa: PLR0913  # each is an option
    run: OfRun,
    labeller: Annotated[
        str | None, typer.Option(help="The labeller's name; by default, the page asks.")
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 for any free one.")] = 0,
    browser: Annotated[
        bool, typer.Option(" /--no-browser", help="Only print the page's address.", show_default=False)
    ] = True,
    file: Annotated[
        Path | None,
        typer.Option("--import", help="A CSV file with image, labeller, label; no page is served."),
    ] = None,
    trust: Trusted = False,
    runs: Runs = DEFAULT_RUNS,
    debug: Debug = False,
) -> None:
    """Let people label a study's images on a page in the browser, or import their labels."""
    from outvoted.cluster.command_line.labelling import PageOptions, have_labelled
    from outvoted.cluster.command_line.opening import opened_run

    page = PageOptions(labeller, port, browser)
    with opened_run(run_path(run, runs)) as path:
        have_labelled(path, trusted(trust), page, file)


@app.command()
def report(run: OfRun, trust: Trusted = False, runs: Runs = DEFAULT_RUNS, debug: Debug = False) -> None:
    """Write a run's `report.html`, tables and pictures from what it has recorded so far."""
    from outvoted.cluster.command_line.looking import write_report
    from outvoted.cluster.command_line.opening import opened_run

    with opened_run(run_path(run, runs)) as path:
        write_report(path, trusted(trust))


@app.command()
def export(  # noqa: PLR0913  # each is an option
    run: OfRun,
    to: Annotated[str, typer.Option(help="folder, npz, hf, parquet, fiftyone or cvat.")] = "folder",
    out: Annotated[
        Path | None, typer.Option(help="The file or folder to write; by default RUN-mistakes… here.")
    ] = None,
    target: Annotated[str | None, typer.Option(help="Only mistakes of this network.")] = None,
    label: Annotated[str | None, typer.Option(help="Only of this class: its name or number.")] = None,
    valid: Annotated[bool, typer.Option("--valid", help="Only those that the referee confirms.")] = False,
    runs: Runs = DEFAULT_RUNS,
    debug: Debug = False,
) -> None:
    """Write a run's mistakes and their labels as other programs read them, ready to train on or to check."""
    from outvoted.cluster.command_line.exporting import export_mistakes
    from outvoted.cluster.command_line.opening import opened_run
    from outvoted.cluster.export.mined import ExportChoice

    with opened_run(run_path(run, runs)) as path:
        export_mistakes(path, to, out, ExportChoice(target, label, valid))


@app.command()
def replay(
    run: OfRun,
    search: Annotated[
        int | None, typer.Option("--search", help="Only the search with this search_id.")
    ] = None,
    trust: Trusted = False,
    runs: Runs = DEFAULT_RUNS,
    debug: Debug = False,
) -> None:
    """Rebuild mistakes from their parameters; check pixels, the target and its peers again."""
    from outvoted.cluster.command_line.looking import replay_run
    from outvoted.cluster.command_line.opening import opened_run

    with opened_run(run_path(run, runs)) as path:
        replay_run(path, trusted(trust), search)


@app.command()
def init(  # noqa: PLR0913  # each is an option
    file: Annotated[Path, typer.Argument(help="What is written.")] = Path("outvoted.yaml"),
    images: Annotated[
        str | None, typer.Option(help="A folder or file of labelled images, or a name.")
    ] = None,
    networks: Annotated[
        list[str] | None,
        typer.Option(
            help="mlp:30, cnn:16, torchvision:NAME, timm:NAME, FILE.pt2 or MODULE:FUNCTION. Repeatable."
        ),
    ] = None,
    weights: Annotated[
        list[str] | None, typer.Option(help="A file for each network, in their order. Repeatable.")
    ] = None,
    referee: Annotated[str | None, typer.Option(help="none, train, or a network.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    gpu: Annotated[bool, typer.Option("--gpu", help="The same as --device cuda.")] = False,
    kind: Annotated[str, typer.Option(help="mine, compare or heal.")] = "mine",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file that exists.")] = False,
    debug: Debug = False,
) -> None:
    """Write a first configuration of your own, from options or by asking."""
    with nothing_started():
        from outvoted.cluster.command_line.first_config import Wanted, split, write_first
    chosen = split(networks or ()), split(weights or ())
    write_first(file, Wanted(kind, images, *chosen, referee, "cuda" if gpu else device), overwrite)


@app.command()
def check(
    config: Annotated[Path, typer.Argument(help=CONFIG_HELP.format("mnist"))],
    override: Override = None,
    address: Address = "local",
    runs: Runs = DEFAULT_RUNS,
    debug: Debug = False,
) -> None:
    """Check a configuration of any kind as its run would, and say what was understood; nothing starts."""
    first = next(iter(ENTRIES))
    keys = keys_in(config, first)
    say_which(config)
    with nothing_started():
        from outvoted.cluster.command_line.checking import check_run
        from outvoted.cluster.command_line.launching import Given
    check_run(kind_of_keys(keys), keys, Given(config, override or (), None, address, False, runs, debug))


@app.command()
def submit(  # noqa: PLR0913  # each is an option
    config: Annotated[Path, typer.Argument(help=CONFIG_HELP.format("mnist"))],
    address: Dashboard,
    override: Override = None,
    name: Annotated[str | None, typer.Option(help="The run's name, and its job's.")] = None,
    kind: Annotated[
        str | None, typer.Option(help="mine, scan, ..., for a file that would do for several.")
    ] = None,
    resume: Resume = False,
    retry_failed: RetryFailed = False,
    runs: RunsThere = None,
    without: Annotated[
        list[str] | None, typer.Option(help="A file or folder of the current one to leave here. Repeatable.")
    ] = None,
    code: Annotated[
        bool, typer.Option(" /--no-code", help="Send the configuration alone.", show_default=False)
    ] = True,
    stay: Annotated[bool, typer.Option("--watch", help="Show it until it ends.")] = False,
    debug: Debug = False,
) -> None:
    """Start a run of any kind on a cluster, as a job that outlives this shell."""
    keys = keys_in(config, next(iter(ENTRIES)))
    say_which(config)
    with nothing_started():
        from outvoted.cluster.command_line.launching import default_name
        from outvoted.cluster.command_line.remote import submit_run
        from outvoted.cluster.submitting.submitting import Submission
    sent = tuple(without or ()) if code else None
    chosen, named = kind_called(kind) if kind else kind_of_keys(keys), name or default_name(config)
    sets = (*(override or ()), *(("cluster.retry_failed=true",) if retry_failed else ()))
    wanted = Submission(chosen, config, keys, named, sets, runs, resume, sent, debug)
    submit_run(wanted, address, stay)


@app.command()
def watch(name: NameThere, address: Dashboard, debug: Debug = False) -> None:
    """Show a run on a cluster as it goes; Ctrl-C leaves the run alone. Exits as the run does."""
    with nothing_started():
        from outvoted.cluster.command_line.remote import watch_run
    watch_run(name, address)


@app.command()
def logs(
    name: NameThere,
    address: Dashboard,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the run ends.")] = False,
    debug: Debug = False,
) -> None:
    """Print what a run on a cluster has said so far."""
    with nothing_started():
        from outvoted.cluster.command_line.remote import say_logs
    say_logs(name, address, follow)


@app.command()
def stop(name: NameThere, address: Dashboard, debug: Debug = False) -> None:
    """End a run on a cluster as Ctrl-C would; `submit --resume` goes on with it."""
    with nothing_started():
        from outvoted.cluster.command_line.remote import stop_run
    stop_run(name, address)


@app.command()
def fetch(
    name: NameThere,
    address: Dashboard,
    to: Annotated[Path | None, typer.Option(help="The folder to write; runs/NAME by default.")] = None,
    runs: RunsThere = None,
    debug: Debug = False,
) -> None:
    """Bring the folder of a run on a cluster here; what is here already is not sent twice."""
    with nothing_started():
        from outvoted.cluster.command_line.remote import fetch_run
    fetch_run(name, address, to or DEFAULT_RUNS / name, runs)


@app.command(hidden=True)
def offer(run: Path, debug: Debug = False) -> None:
    """Offer the files of a run on this machine to `outvoted fetch`; started by it as a job."""
    from outvoted.cluster.command_line.remote import offer_run

    offer_run(run)


@app.command()
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


@app.command()
def configs(
    name: Annotated[
        str | None, typer.Argument(help="Print this one: outvoted configs mnist > my.yaml copies it.")
    ] = None,
    debug: Debug = False,
) -> None:
    """List the configurations that come with outvoted, and how long each takes; or print one."""
    if name is None:
        say_ready()
    else:
        print_ready(name)


@app.command()
def keys(
    kind: Annotated[str | None, typer.Argument(help="mine, scan, ...; all kinds of runs by default.")] = None,
    beginning: Annotated[
        str | None, typer.Argument(help="Only keys that begin so, e.g. search or strategy.gradient.")
    ] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print a page of tables.")] = False,
    debug: Debug = False,
) -> None:
    """Print every key of a configuration: its default, its range, and what it means."""
    say_keys(kind, beginning, markdown)


@app.command()
def schema(kind: Annotated[str, typer.Argument(help="mine, scan, ...")], debug: Debug = False) -> None:
    """Print the JSON schema of a configuration, for editors."""
    say_schema(kind)


@app.command("runs")
def list_runs(runs: Runs = DEFAULT_RUNS, debug: Debug = False) -> None:
    """List runs, oldest first."""
    from outvoted.cluster.command_line.listing import say_runs

    say_runs(runs)


@app.command()
def top(
    once: Annotated[bool, typer.Option("--once", help="Print the table and end.")] = False,
    every: Annotated[float, typer.Option(min=0.5, max=3600, help="Seconds between two looks.")] = 2.0,
    runs: Runs = DEFAULT_RUNS,
    debug: Debug = False,
) -> None:
    """Follow all runs: how far each is, how fast, what it found, and what is wrong. Ctrl-C ends it."""
    with nothing_started():
        from outvoted.cluster.command_line.top import watch_runs
    watch_runs(runs, once, every)


@app.command("dashboard")
def print_dashboard(
    rules: Annotated[bool, typer.Option("--alerts", help="Print rules for Prometheus instead.")] = False,
    debug: Debug = False,
) -> None:
    """Print a dashboard of all runs for Grafana, or alerts, from metrics that Ray exports."""
    from outvoted.cluster.command_line.alerts import alerts
    from outvoted.cluster.command_line.dashboard import dashboard

    typer.echo(alerts() if rules else dashboard(), nl=False)


@app.command()
def doctor(runs: Runs = DEFAULT_RUNS, debug: Debug = False) -> None:
    """Print versions, devices, and where data sets are found."""
    from outvoted.cluster.command_line.machine import say_machine

    say_machine(runs)


def main() -> None:
    """Run the command line; a mistake of the user's ends in one message and exit code 2."""
    tolerate_any_terminal()
    atexit.register(
        gc.freeze
    )  # at its end the interpreter would look for garbage among all that was imported
    try:
        with signals_heeded():
            app()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except Exception as error:
        if "--debug" in sys.argv:
            raise
        sys.exit(_told_end(error))


def _told_end(error: Exception) -> int:
    """Say what ended a command, and return its exit code."""
    message = _refused(error)
    with suppress(OSError):  # nobody may be listening any more
        if message is not None:
            errors.print(Text("error", "bold red"))
            errors.print(str(message), soft_wrap=True)
        else:
            errors.print(f"unexpected error: {type(error).__name__}: {error}", soft_wrap=True)
            errors.print("This is a bug. Run again with --debug for the traceback, and report it.")
    return 1 if message is None else 2


def _refused(error: Exception) -> OutvotedError | None:
    """Return the message of an error that the user can fix, or None for a bug."""
    if isinstance(error, OutvotedError):
        return error
    from outvoted.cluster.ray.calls import refused

    return refused(error)
