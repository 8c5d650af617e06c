"""What a report calls classes, and numbers that may be missing."""

from collections.abc import Sequence

from outvoted.actors.runs.run_record import RunRecord


def class_names(record: RunRecord, classes: int) -> Sequence[str]:
    """Return the names of a run's classes; their numbers where they have none, or another number of them."""
    named = record.data.class_names if record.data is not None else None
    return named if named and len(named) == classes else tuple(map(str, range(classes)))


def percent(share: float | None) -> str:
    """Write a share, 0 to 1, in percent."""
    return "–" if share is None else f"{share:.1%}"
