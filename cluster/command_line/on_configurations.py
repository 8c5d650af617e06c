"""Commands on configurations, and on this machine."""

from pathlib import Path
from typing import Annotated

import typer

from outvoted.cluster.command_line.configurations import (
    print_ready,
    say_keys,
    say_ready,
    say_schema,
    say_which,
)
from outvoted.cluster.command_line.options import CONFIG_HELP, DEFAULT_RUNS, Address, Debug, Override, Runs
from outvoted.cluster.console.ending import nothing_started
from outvoted.cluster.jobs.kinds import ENTRIES, keys_in, kind_of_keys

commands = typer.Typer()


@commands.command()
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


@commands.command()
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


@commands.command()
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


@commands.command()
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


@commands.command()
def schema(kind: Annotated[str, typer.Argument(help="mine, scan, ...")], debug: Debug = False) -> None:
    """Print the JSON schema of a configuration, for editors."""
    say_schema(kind)


@commands.command()
def doctor(runs: Runs = DEFAULT_RUNS, debug: Debug = False) -> None:
    """Print versions, devices, and where data sets are found."""
    from outvoted.cluster.command_line.machine import say_machine

    say_machine(runs)
