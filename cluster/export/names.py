"""Names of classes as names of folders: they come from strangers, and the folders go to any system."""

import re
import unicodedata
from collections.abc import Sequence

from outvoted.actors.data.files import counts
from outvoted.actors.data.formats.base import kind

_LONGEST = 80  # bytes; file systems take 255, of which archives and numbers need some
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)  # on Windows
_FORMULAS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # and what full-width ones become
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_PUNCTUATION = " ._-()+,&'"


def folder_names(names: Sequence[str]) -> tuple[str, ...]:
    """Return a folder's name for each class: its own, where all can be had and stand in the classes' order.

    Programs such as torchvision's ImageFolder number classes in the order of their folders' names. So if one
    of the names can't be a folder's, two are alike, or the order is another, each begins with its number.
    """
    safe = [_safe(name) for name in names]
    alike = len({name.casefold() for name in safe}) < len(safe)
    if tuple(safe) == tuple(names) and not alike and safe == sorted(safe) and not any(map(kind, safe)):
        return tuple(safe)
    digits = len(str(len(names) - 1))
    numbers = [f"{number:0{digits}}" for number in range(len(names))]
    if list(names) == [str(number) for number in range(len(names))]:
        return tuple(numbers)
    return tuple(f"{number}-{name}" for number, name in zip(numbers, safe, strict=True))


def no_formula(name: str) -> str:
    """Return a name as a cell of a table, which spreadsheets show and do not compute.

    One that they would take for a formula gets an apostrophe before it, unless it is a number.
    """
    if not name.lstrip().startswith(_FORMULAS) and not name.startswith(("\t", "\r", "\n")):
        return name
    return name if _NUMBER.fullmatch(name) else f"'{name}"


def _safe(name: str) -> str:
    """Return a name that can be a folder's on every system, and leads nowhere else."""
    plain = unicodedata.normalize("NFC", name)
    found = "".join(one if one.isalnum() or one in _PUNCTUATION else "_" for one in plain)
    found = found.encode()[:_LONGEST].decode("utf-8", "ignore").strip(" .-").lstrip("+' .-")
    if not found or _RESERVED.fullmatch(found) or not counts(found):
        found = f"{found}_"
    return found
