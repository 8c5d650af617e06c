"""Loading the images of a command: before anything starts, it says what they were understood to be."""

from collections.abc import Callable

from rich.console import Console

from outvoted.actors.datasets import Dataset


def loaded(load: Callable[[], Dataset], console: Console) -> Dataset:
    """Load a data set and print what was understood.

    Raises:
        OutvotedError: see :func:`outvoted.actors.datasets.load`.
    """
    with console.status("reading the images"):
        data = load()
        words = data.understood
    console.print(words, markup=False, highlight=False, soft_wrap=True)
    return data
