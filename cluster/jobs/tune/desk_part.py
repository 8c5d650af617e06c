"""A part of the desk beside a sweep's driver, as its driver and its workers see it."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class DeskPart:
    """Passes calls on to one part of the actor."""

    actor: Any
    name: str

    def remote(self, what: str, *arguments: Any) -> Any:
        """Have it do something; return the call."""
        return self.actor.do.remote(self.name, what, *arguments)
