"""Names of runs: they are names of folders too."""

import re

from outvoted.cluster.console.shown import shown
from outvoted.search.errors import OutvotedError

_LONGEST = 200  # bytes; file systems take 255, and some names beside a run's are longer than its own
_UNFIT = re.compile(r"[/\\\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def checked(name: str, where: str) -> str:
    """Return a name that a folder can have on every system; ``where`` says where it comes from.

    Raises:
        OutvotedError: it is empty or too long, begins or ends with what shells, listings or file systems
            treat specially, or holds a slash or a character that can't be seen.
    """
    remedy = "choose another --name: letters, digits, spaces, dots, hyphens and underscores will do"
    if len(name.encode("utf-8", "surrogateescape")) > _LONGEST:
        raise OutvotedError(
            expected=f"a name for the run of at most {_LONGEST} bytes",
            found=f"{len(name)} characters in {where}",
            remedy="choose a shorter --name",
        )
    if not name or name.startswith((".", "-")) or name != name.strip() or name.endswith("."):
        raise OutvotedError(
            expected="a name for the run that is a plain folder name, neither empty nor with a dot, a hyphen "
            "or a space at its ends",
            found=f"{shown(name)} from {where}",
            remedy=remedy,
        )
    if _UNFIT.search(name):
        raise OutvotedError(
            expected="a name for the run that is a plain folder name, of characters that can be seen, "
            "without slashes",
            found=f"{shown(name)} from {where}",
            remedy=f"{remedy}; --runs chooses the folder around it",
        )
    return name
