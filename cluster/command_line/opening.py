"""A run that a command reads, and may write a report or labels into: at hand while it does."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from outvoted.cluster.console.terminal import console, phase, warn
from outvoted.cluster.storage.at_hand import fetched, put_back
from outvoted.cluster.storage.urls import url_of


@contextmanager
def opened_run(path: Path, console: Console = console) -> Iterator[Path]:
    """Have the folder of a run hold what the URL it stands for does, and put back there what is written.

    Args:
        console: where that is said.

    Raises:
        OutvotedError: the URL's bucket, credentials or endpoint are not right, or the disk refuses.
    """
    url = url_of(path)
    if url is None:
        yield path
        return
    with phase(console, f"fetching {url}"):
        fetched(path)
    try:
        yield path
    finally:
        refused = put_back(path)
        if refused is not None:
            warn(console, f"what was written is in {path} only: {refused.found}")
