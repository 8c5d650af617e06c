"""Which names a service answers to, and where it may listen."""

import ipaddress
import re
from collections.abc import Collection
from pathlib import Path
from urllib.parse import urlsplit

from outvoted.cluster.service.guard.tokens import FILES, FOLDER, is_set_up
from outvoted.cluster.service.guard.visitors import Role
from outvoted.search.errors import OutvotedError
from outvoted.search.shown import shown

_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(:[0-9]{1,5})?", re.IGNORECASE)


def name_in(header: str) -> str | None:
    """Return the host's name in a Host header, in small letters, without a port; None where there is none."""
    found = _HOST.fullmatch(header)
    return found[1].strip("[]").rstrip(".").lower() if found else None


def names_of(host: str, allowed: Collection[str]) -> frozenset[str]:
    """Return the names that requests may call a service by.

    Any other name in a request that reached it was made to point here by somebody else (DNS rebinding).

    Args:
        host: where it listens.
        allowed: more names, as the user gave them.
    """
    own = {host.lower()} - {"", "0.0.0.0", "::"}
    return frozenset(_LOCAL | own | {name_in(name) or name.lower() for name in allowed})


def is_same(origin: str, host: str) -> bool:
    """Return whether an Origin header names the host of a Host header; schemes differ behind a proxy."""
    try:
        found = urlsplit(origin)
        port = found.port
    except ValueError:
        return False
    usual = {"http": 80, "https": 443}.get(found.scheme)
    if usual is None or found.hostname is None:
        return False
    asked = _HOST.fullmatch(host)
    there = int(asked[2][1:]) if asked and asked[2] else usual
    return found.hostname == name_in(host) and (port or usual) == there


def is_local(host: str) -> bool:
    """Return whether only this machine reaches what listens at an address."""
    try:
        return host.lower() == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_binding(host: str, allowed: Collection[str], runs: Path) -> None:
    """Refuse to listen where others reach it, unless that was prepared.

    Args:
        allowed: names that requests may call it by.

    Raises:
        OutvotedError: no token was set up, or nothing says by which name others will ask for it.
    """
    if is_local(host):
        return
    token = runs / FOLDER / FILES[Role.FULL]
    if not is_set_up(runs):
        raise OutvotedError(
            expected=f"a token in {token} before the service listens at {shown(host)}, where others reach it",
            found="none",
            remedy="start `outvoted serve` once without --host, which makes one, or put one there "
            "(umask 077; at least 32 characters); then give it to those who may use the service",
        )
    if not allowed:
        raise OutvotedError(
            expected=f"the name by which others ask for a service that listens at {shown(host)}",
            found="no --allow-host",
            remedy="add --allow-host NAME, the host as it stands in browsers' address bar, say "
            "mining.example.org; it may be given several times",
        )
