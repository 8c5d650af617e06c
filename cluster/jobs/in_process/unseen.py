"""Bars for a run that nobody watches."""

from rich.progress import Progress

from outvoted.cluster.console.terminal import Terminal


def unseen() -> Progress:
    """Return bars that are never drawn, on a terminal that prints nothing."""
    return Progress(console=Terminal(quiet=True), disable=True)
