"""The command line: a command for each kind of run; the others stand in groups beside this file."""

import atexit
import gc
import inspect
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from outvoted.cluster.command_line import on_clusters, on_configurations, on_runs, on_service
from outvoted.cluster.command_line.configurations import say_which
from outvoted.cluster.command_line.options import (
    CONFIG_HELP,
    DEFAULT_RUNS,
    Address,
    Debug,
    Name,
    Override,
    Resume,
    RetryFailed,
    Runs,
    Trusted,
    trusted,
)
from outvoted.cluster.console.ending import INTERRUPTED, carried_out, nothing_started, signals_heeded
from outvoted.cluster.console.terminal import console, errors, tolerate_any_terminal
from outvoted.cluster.jobs.kinds import COMMANDS, KindEntry, keys_in
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


def launched(command: str, kinds: Sequence[KindEntry]) -> Callable[..., None]:
    """Return the command that makes runs of some kinds."""
    examples = " or ".join(entry.example for entry in kinds)

    def run(  # noqa: PLR0913  # each is an option
        config: Annotated[Path, typer.Argument(help=CONFIG_HELP.format(examples))],
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
        keys = keys_in(config, command)
        say_which(config)
        with nothing_started():
            from outvoted.cluster.command_line.launching import Given, has_begun, make_run
            from outvoted.cluster.jobs.kinds import kind_meant
        kind = kind_meant(command, keys)
        resumes = resume or (start_or_resume and has_begun(name, runs))
        override = [*(override or ()), *(["cluster.retry_failed=true"] if retry_failed else ())]
        given = Given(config, override, name, address, resumes, runs, debug)
        if not dry_run:
            make_run(kind, keys, given)
            return
        with nothing_started():
            from outvoted.cluster.command_line.checking import check_run
        check_run(kind, keys, given)

    run.__doc__ = " ".join(entry.does for entry in kinds)
    return run


def or_best(run: Callable[..., None]) -> Callable[..., None]:
    """Return the command of sweeps, which also gives the configurations of their trials."""

    def sweep(
        place: Annotated[
            int | None, typer.Argument(help="With --best: which of the best, from 1.", metavar="N", min=1)
        ] = None,
        best: Annotated[
            bool,
            typer.Option("--best", help="Print the configuration of the best trial (N: the Nth) of a run."),
        ] = False,
        trial: Annotated[
            int | None,
            typer.Option(min=0, help="Print the configuration of this trial of a run."),
        ] = None,
        trust: Trusted = False,
        **given: Any,
    ) -> None:
        if not best and trial is None:
            if place is not None:
                raise OutvotedError("--best before the place of a trial", str(place), f"--best {place}")
            run(**given)
            return
        with nothing_started():
            from outvoted.cluster.command_line.sweeping import run_of, say_best
        say_best(run_of(given["config"], given["name"], given["runs"]), trusted(trust), place or 1, trial)

    config, *options = inspect.signature(run).parameters.values()
    *own, _ = inspect.signature(sweep).parameters.values()
    sweep.__signature__ = inspect.Signature([config, *own, *options])  # type: ignore[attr-defined]
    sweep.__doc__ = run.__doc__
    return sweep


for command, kinds in COMMANDS.items():
    made = launched(command, kinds)
    app.command(command)(or_best(made) if command == "sweep" else made)
for group in (on_runs, on_configurations, on_clusters, on_service):
    app.add_typer(group.commands)


def main() -> None:
    """Run the command line; a mistake of the user's ends in one message and exit code 2."""
    tolerate_any_terminal()
    atexit.register(
        gc.freeze
    )  # at its end the interpreter would look for garbage among all that was imported
    with carried_out(_told_end):
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
