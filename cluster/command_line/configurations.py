"""`outvoted configs`: the configurations that come with the package."""

from pathlib import Path

from outvoted.cluster.configuration.ready import file_of, hides_ready, named, ready
from outvoted.cluster.console.terminal import console, say_aligned
from outvoted.cluster.jobs.kinds import ENTRIES


def say_ready() -> None:
    """Print a row for each ready configuration, in the order of their commands."""
    known = ready().values()
    rows = [
        (kind, one.name, one.time.replace(" on two cores", ""), one.does)
        for kind in ENTRIES
        for one in known
        if one.kind == kind
    ]
    say_aligned([("command", "name", "on two cores", "what it does"), *rows])
    console.print("\n`outvoted configs NAME > my.yaml` copies one, to change it.", soft_wrap=True)


def print_ready(name: str) -> None:
    """Print a ready configuration as it is.

    Raises:
        OutvotedError: there is none of this name.
    """
    console.print(named(name.removesuffix(".yaml")).text, soft_wrap=True, end="")


def say_which(given: Path) -> None:
    """Say where a file of the user's is taken though a ready configuration has the same name."""
    if hides_ready(given):
        console.print(
            f"note: {file_of(given)} in this folder is taken, not the {given} that comes with outvoted",
            soft_wrap=True,
        )
