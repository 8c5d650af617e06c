"""Who asks: a role, and what their forms must carry."""

from dataclasses import dataclass
from enum import IntEnum

from starlette.requests import Request
from starlette.types import Scope

_KEY = "visitor"


class Role(IntEnum):
    """What a visitor may do.

    Whoever labels sees neither results nor what others said: people are to judge images by what they see.
    """

    READING = 1
    """Look at runs, and put images to their panels."""
    LABELLING = 2
    """Label images, and see nothing else."""
    FULL = 3
    """Everything: start, stop and change runs, read and label."""


@dataclass(frozen=True)
class Visitor:
    """Whoever a request is from.

    Attributes:
        role: what they may do; None where nobody is known: they may log in.
        session: an id of the browser's session, by which it is counted; empty for programs.
        csrf: what forms carry as the field ``csrf``, and scripts as the header ``X-CSRF-Token``; empty for
            programs, whose bearer token no other page can send.
    """

    role: Role | None = None
    session: str = ""
    csrf: str = ""

    def may(self, role: Role) -> bool:
        """Return whether they may do what a role may."""
        return self.role in (role, Role.FULL)


def introduce(scope: Scope, visitor: Visitor) -> None:
    """Note who a request is from, for those who answer it, and what pages ask of that."""
    scope.setdefault("state", {}).update(
        {
            _KEY: visitor,
            "csrf": visitor.csrf,
            "may_write": visitor.may(Role.FULL),
            "may_read": visitor.may(Role.READING),
            "may_label": visitor.may(Role.LABELLING),
            "may_log_out": bool(visitor.session),
        }
    )


def visitor_of(request: Request) -> Visitor:
    """Return who a request is from; where no gate stands before the application, whoever runs it."""
    found = request.scope.get("state", {}).get(_KEY, Visitor(Role.FULL))
    assert isinstance(found, Visitor)
    return found
