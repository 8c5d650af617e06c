"""Whose code may be imported: what an import path names runs with the rights of whoever has it imported."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel

from outvoted.search.errors import OutvotedError

_KEY = "outvoted.trust"
_KIND = "kind"
"""The key that tells the variants of a union apart; an import path stands there for a user's own class."""
_FACTORY = "factory"
"""The key of a function that makes a network."""
_VARY = "vary"
"""The key of a sweep below which values stand that will be put at other keys: any may name code."""
_IMPORT_PATH = re.compile(r"\w+(\.\w+)*:\w+(\.\w+)*")
_LOOK = "look at that code, then add --trust (in Python trust=True) if it is yours"
_OTHER = "delete it: it is then made again from the configuration; or put back what was written there"


@dataclass(frozen=True)
class Trust:
    """Which import paths may be imported.

    Settings are made with one as the context of their validation; made without, they import nothing.

    Attributes:
        paths: those that may be; None for all.
        place: what is being read, for messages.
        remedy: what its reader can do about a path that may not be imported.
        rights: whose rights the code would have.
    """

    paths: frozenset[str] | None
    place: str = "these settings"
    remedy: str = _LOOK
    rights: str = "it runs as you"

    @property
    def context(self) -> dict[str, "Trust"]:
        """Return the context for pydantic's validation."""
        return {_KEY: self}

    def at(self, place: object) -> "Trust":
        """Return the same trust in what is read at a place: a file, say."""
        return replace(self, place=str(place))

    def check(self, path: str, what: str) -> None:
        """Refuse an import path that may not be imported.

        Args:
            path: MODULE:NAME.
            what: names it, such as "network 'a'".

        Raises:
            OutvotedError: it says what would be imported.
        """
        if self.paths is None or path in self.paths:
            return
        named = "only the configuration's code" if self.remedy == _OTHER else "no code"
        raise OutvotedError(
            expected=f"{named} to be imported to read {self.place}: {self.rights}",
            found=f"{what}, which would import {path}",
            remedy=self.remedy,
        )

    def check_all(self, values: Any, what: str = "") -> None:
        """Refuse plain values, as JSON holds them, that name an import path which may not be imported.

        Raises:
            OutvotedError: see :meth:`check`.
        """
        for key, path in import_paths(values):
            self.check(path, what or key)


NOTHING = Trust(frozenset())
"""For what a stranger may have written: nothing is imported."""
EVERYTHING = Trust(None)
"""For what the user has written, or answers for."""


def named_by(*settings: BaseModel) -> Trust:
    """Return the trust in what lies where a user's own settings are at work: the code they name, no other."""
    named = (import_paths(one.model_dump(mode="json")) for one in settings)
    return Trust(frozenset(path for found in named for _, path in found), remedy=_OTHER)


def import_paths(values: Any, within: str = "") -> Iterator[tuple[str, str]]:
    """Find all import paths in plain values of settings, as pairs: the keys that lead there, the path."""
    pairs = values.items() if isinstance(values, Mapping) else enumerate(values) if _is_list(values) else ()
    for key, value in pairs:
        place = f"{within}.{key}" if within else str(key)
        if isinstance(value, str) and (key == _FACTORY or (key == _KIND and ":" in value)):
            yield place, value
        elif key == _VARY:
            yield from ((place, text) for text in _texts(value) if _IMPORT_PATH.fullmatch(text))
        else:
            yield from import_paths(value, place)


def _texts(values: Any) -> Iterator[str]:
    """Yield all texts within plain values."""
    if isinstance(values, str):
        yield values
    elif isinstance(values, Mapping):
        for value in values.values():
            yield from _texts(value)
    elif _is_list(values):
        for value in values:
            yield from _texts(value)


def _is_list(values: Any) -> bool:
    return isinstance(values, list | tuple)


def trust_of(context: Any) -> Trust:
    """Return the trust in a context of validation; where it says nothing, nothing is trusted."""
    found = context.get(_KEY, NOTHING) if isinstance(context, Mapping) else NOTHING
    return found if isinstance(found, Trust) else NOTHING
