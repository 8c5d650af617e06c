"""Progress bars on the terminal."""

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)


def bars(console: Console) -> Progress:
    """Return bars with a name, how far, how many, details, and the time left, in the end the time taken."""
    return Progress(
        TextColumn("{task.description:<9}"),
        BarColumn(bar_width=18),
        MofNCompleteColumn(),
        TextColumn("{task.fields[details]}"),
        TimeRemainingColumn(compact=True, elapsed_when_finished=True),
        console=console,
    )
