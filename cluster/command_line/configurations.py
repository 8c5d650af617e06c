"""`outvoted configs`, `keys` and `schema`: ready configurations, and what may stand in one."""

import json
from pathlib import Path

from outvoted.actors.runs.commands import command_of
from outvoted.cluster.configuration.ready import file_of, hides_ready, named, ready
from outvoted.cluster.console.terminal import console, say_aligned
from outvoted.cluster.jobs.kinds import COMMANDS, ENTRIES, KINDS, kind_called


def say_ready() -> None:
    """Print a row for each ready configuration, in the order of their commands."""
    known = ready().values()
    rows = [
        (command_of(kind), one.name, one.time.replace(" on two cores", ""), one.does)
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


def say_keys(kind: str | None, prefix: str | None, markdown: bool) -> None:
    """Print every key of a kind of run, or of all; with a prefix only those whose paths begin with it.

    Raises:
        OutvotedError: there is no such kind, or no such key.
    """
    from outvoted.cluster.configuration.keys import as_markdown, as_text, beginning, packaged, sections

    kinds = (
        ENTRIES if kind is None else [entry.name for entry in COMMANDS.get(kind, ())] or [kind_called(kind)]
    )
    found = sections({name: packaged(name) for name in kinds})
    if prefix is not None:
        found = beginning(found, prefix)
    for line in as_markdown(found) if markdown else as_text(found):
        console.print(line, soft_wrap=True)


def say_schema(kind: str) -> None:
    """Print the JSON schema of the configuration of a kind of run.

    Raises:
        OutvotedError: there is no such kind.
    """
    form = KINDS[kind_called(kind)].form
    from outvoted.cluster.configuration.schema import schema_of

    console.print(json.dumps(schema_of(form, kind), indent=1, ensure_ascii=False), soft_wrap=True)


def say_which(given: Path) -> None:
    """Say where a file of the user's is taken though a ready configuration has the same name."""
    if hides_ready(given):
        console.print(
            f"note: {file_of(given)} in this folder is taken, not the {given} that comes with outvoted",
            soft_wrap=True,
        )
