"""The one error a user sees: what was expected, what was found, what to do."""

from collections.abc import Iterable
from difflib import get_close_matches


class OutvotedError(Exception):
    """A mistake that its reader can mend.

    The command line prints it without a traceback and exits with code 2.
    """

    def __init__(self, expected: str, found: str, remedy: str) -> None:
        super().__init__(expected, found, remedy)
        self.expected = expected
        self.found = found
        self.remedy = remedy

    def __str__(self) -> str:
        return f"expected: {self.expected}\nfound:    {self.found}\nto do:    {self.remedy}"


def suggestion(word: str, choices: Iterable[str]) -> str:
    """Say which of ``choices`` was probably meant by ``word``, or list them all."""
    names = sorted(choices)
    nearest = get_close_matches(word, names, n=1)
    return f"did you mean '{nearest[0]}'?" if nearest else f"choose from: {', '.join(names)}"
