"""Loading the images of a command: before anything starts, it says what they were understood to be."""

from collections.abc import Callable

from rich.console import Console

from outvoted.actors.data.datasets import Dataset
from outvoted.cluster.console.bars import phase


def loaded(load: Callable[[], Dataset], console: Console) -> Dataset:
    """Load a data set and print what was understood.

    Raises:
        OutvotedError: see :func:`outvoted.actors.data.datasets.load`.
    """
    with phase(console, "reading the images"):
        data = load()
        words = data.understood
    console.print(words, soft_wrap=True)
    return data
