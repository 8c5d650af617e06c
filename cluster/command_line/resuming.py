"""What a command says when a signal, or the loss of its cluster, interrupts it: how to resume its run."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import typer

from outvoted.actors.runs.run_folder import RunFolder
from outvoted.cluster.console.ending import INTERRUPTED, last_words
from outvoted.cluster.console.terminal import command, errors
from outvoted.cluster.ray.head import HeadLostError
from outvoted.cluster.storage.urls import given_as


@contextmanager
def resumable(
    name: str, config: Path, override: Sequence[str], path: Path, address: str = "local"
) -> Iterator[str]:
    """Within the block a command makes a run, and is given the command that resumes it.

    Where a signal interrupts it, exit as shells expect; there, and where the cluster is lost, say how to
    resume a run that had begun.
    """
    sets = [part for item in override for part in ("--set", item)]
    where: list[str | Path] = ["--runs", given_as(path.parent), "--name", path.name]
    joined = [] if address == "local" else ["--address", address]
    again = command("outvoted", name, config, *sets, *where, *joined, "--resume")
    began = RunFolder(path).changed_at()
    try:
        with last_words(partial(_say_kept, path, again)):
            yield again
    except KeyboardInterrupt as cut:
        said = f"\nInterrupted{f' by {cut}' if str(cut) else ''}"
        if RunFolder(path).changed_at() == began:
            errors.print(f"{said} before anything started.", soft_wrap=True)
        else:
            _say_kept(path, again, said)
        raise typer.Exit(INTERRUPTED) from None
    except HeadLostError:
        if RunFolder(path).changed_at() != began:
            _say_kept(path, again)
        raise


def _say_kept(path: Path, again: str, interrupted: str = "") -> None:
    """Say how to resume a run, and whether anything is kept that it recorded."""
    where = given_as(path)
    if any(path.glob("*/**/[!._]*.parquet")):
        said = f"{interrupted}; what" if interrupted else "What"
        errors.print(f"{said} was done is kept in {where}. Resume it with:", soft_wrap=True)
    else:
        said = f"{interrupted} before anything" if interrupted else "Nothing"
        errors.print(f"{said} was recorded in {where}. Resume it with:", soft_wrap=True)
    errors.print(f"  {again}", soft_wrap=True)
