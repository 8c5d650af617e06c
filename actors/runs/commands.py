"""The commands that make runs: most are called like the kind of run they make."""

from collections.abc import Mapping, Sequence

_MADE_BY: Mapping[str, str] = {"tune": "sweep"}
"""The command, for kinds of runs that another kind shares it with."""


_TOLD_BY: Mapping[str, str] = {"sweep": "experiment", "tune": "vary"}
"""A key that only configurations of such a kind have, where a command makes runs of several."""


def described(kind: str) -> str:
    """Say which command makes runs of a kind, and of which files where it takes several: sweep with vary."""
    return f"{command_of(kind)} with {_TOLD_BY[kind]}" if kind in _TOLD_BY else kind


def commands_of(kinds: Sequence[str]) -> list[str]:
    """Say which commands make runs of some kinds, each once, and of which files if not of all."""
    found: dict[str, None] = {}
    for kind in kinds:
        sharing = {other for other in _TOLD_BY if command_of(other) == command_of(kind)}
        found[command_of(kind) if sharing <= set(kinds) else described(kind)] = None
    return list(found)


def command_of(kind: str) -> str:
    """Return the command that makes runs of a kind: what users know them by."""
    return _MADE_BY.get(kind, kind)
