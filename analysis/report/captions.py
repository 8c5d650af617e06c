"""Saying in a picture which class was taken for which."""

from collections.abc import Sequence

from outvoted.actors.runs.run_record import RunRecord

_LONGEST = 20


def caption(record: RunRecord, label: int, predicted: int) -> str:
    """Return "label → wrong class": numbers on one line, or the names of the run's classes on two."""
    return confusion(record.data.class_names if record.data is not None else None, label, predicted)


def confusion(names: Sequence[str] | None, label: int, predicted: int) -> str:
    """Return the same where the names of the classes are at hand, or known not to be."""
    if names is None or max(label, predicted) >= len(names):
        return f"{label} → {predicted}"
    return f"{_short(names[label])} →\n{_short(names[predicted])}"


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"
