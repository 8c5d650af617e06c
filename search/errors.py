"""The one error a user sees: what was expected, what was found, what to do."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_LISTED = 50  # names, at most


@dataclass(frozen=True)
class Problem:
    """What is wrong with one key of a configuration, by its path; by none where keys don't go together."""

    place: str
    expected: str
    found: str
    remedy: str


class OutvotedError(Exception):
    """A mistake that its reader can mend.

    The command line prints it without a traceback and exits with code 2.

    Attributes:
        expected, found, remedy: what it says.
        problems: the same key by key, where keys of a configuration are wrong.
    """

    def __init__(self, expected: str, found: str, remedy: str, problems: Sequence[Problem] = ()) -> None:
        expected, found, remedy = map(printable, (expected, found, remedy))
        super().__init__(expected, found, remedy)
        self.expected = expected
        self.found = found
        self.remedy = remedy
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return f"expected: {self.expected}\nfound:    {self.found}\nto do:    {self.remedy}"

    def _render_traceback_(self) -> list[str]:
        """Return what a notebook shows (IPython asks for it by this name): the message, no traceback."""
        return [f"{type(self).__name__}", *str(self).splitlines()]


def printable(text: str) -> str:
    """Write what no terminal and no file of text can take as \\xNN: control codes, bytes that are no UTF-8.

    Names of files may hold both; Python gives the latter as lone surrogates.
    """
    try:
        raw = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # other lone surrogates
        raw = text.encode("utf-8", "backslashreplace")
    return _CONTROL.sub(lambda code: f"\\x{ord(code[0]):02x}", raw.decode("utf-8", "backslashreplace"))


def suggestion(word: str, choices: Iterable[str]) -> str:
    """Say which of ``choices`` was probably meant by ``word``, or list them: all, or the first of many."""
    names = sorted(choices)
    nearest = get_close_matches(word, names, n=1)
    if nearest:
        return f"did you mean '{nearest[0]}'?"
    more = f" and {len(names) - _LISTED:,} others" if len(names) > _LISTED else ""
    return f"choose from: {', '.join(names[:_LISTED])}{more}"
