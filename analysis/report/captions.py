"""Saying in a picture which class was taken for which."""

from outvoted.actors.runs.run_record import RunRecord

_LONGEST = 20


def caption(record: RunRecord, label: int, predicted: int) -> str:
    """Return "label → wrong class": numbers on one line, or the names of the run's classes on two."""
    names = record.data.class_names if record.data is not None else None
    if names is None or max(label, predicted) >= len(names):
        return f"{label} → {predicted}"
    return f"{_short(names[label])} →\n{_short(names[predicted])}"


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"
