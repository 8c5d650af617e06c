"""Who may label: names that can be told apart, and are nobody else's."""

import re
from collections.abc import Iterable

from outvoted.search.errors import OutvotedError

SIMULATED = "simulated"
MOST = 200
"""As many people may label one run."""
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")


def checked(name: str, known: Iterable[str], where: str = "") -> str:
    """Return the name of a person who labels, if it is plain and can be told from the others'.

    Args:
        name: as it was given.
        known: the names of all who have labelled.
        where: what to say of the place it was found in, such as "line 3 of labels.csv".

    Raises:
        OutvotedError: it has other characters than letters, digits, hyphens and underscores, begins like
            those of simulated labellers, or is another's but for capitals; or there are ``MOST`` already.
    """
    known = set(known)
    found = f"{name[:60]!a}" + (f" in {where}" if where else "")
    if not _PLAIN.fullmatch(name):
        raise OutvotedError(
            expected="a labeller's name of at most 40 letters a-z, digits, hyphens and underscores",
            found=found,
            remedy="choose another name; initials or a number will do",
        )
    if name.lower().startswith(SIMULATED):
        raise OutvotedError(
            expected="the name of a person",
            found=f"{found}: such names are reserved for simulated labellers",
            remedy="choose a name that does not begin that way",
        )
    alike = [other for other in known if other != name and other.lower() == name.lower()]
    if alike:  # one file on some systems, two on others
        raise OutvotedError(
            expected=f"a name that differs from '{alike[0]}' by more than capitals",
            found=found,
            remedy=f"continue as '{alike[0]}', or choose another name",
        )
    if name not in known and len(known) >= MOST:
        raise OutvotedError(
            expected=f"at most {MOST} labellers of one run",
            found=f"{found}, one too many",
            remedy="continue under an existing name, or remove files of labellers who are not needed",
        )
    return name
