"""Whose code may be imported: what an import path names runs with the rights of whoever has it imported."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from outvoted.search.errors import OutvotedError
from outvoted.search.settings import Settings

_KEY = "outvoted.trust"
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
    """

    paths: frozenset[str] | None
    place: str = "these settings"
    remedy: str = _LOOK

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
        named = "no code of its own to be needed" if self.remedy == _LOOK else "only the configuration's code"
        raise OutvotedError(
            expected=f"{named} to read {self.place}: what is imported runs as you",
            found=f"{what}, which would import {path}",
            remedy=self.remedy,
        )


NOTHING = Trust(frozenset())
"""For what a stranger may have written: nothing is imported."""
EVERYTHING = Trust(None)
"""For what the user has written, or answers for."""


def named_by(*settings: Settings) -> Trust:
    """Return the trust in what lies where a user's own settings are at work: the code they name, no other."""
    return Trust(frozenset(path for one in settings for path in one.imports), remedy=_OTHER)


def trust_of(context: Any) -> Trust:
    """Return the trust in a context of validation; where it says nothing, nothing is trusted."""
    found = context.get(_KEY, NOTHING) if isinstance(context, Mapping) else NOTHING
    return found if isinstance(found, Trust) else NOTHING
