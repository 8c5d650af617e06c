"""A run's main figures from its `summary.json`: cheap for many runs, and at hand before a report is read."""

import json
import math
import os
import stat
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

_LONGEST = 4 << 20  # bytes; one of sixty kinds of targets has some kilobytes


@dataclass(frozen=True)
class KnownFigures:
    """What is known at once; None of whatever is not.

    Attributes:
        validity, realistic: shares of the mistakes, 0 to 1.
        mistakes: how many.
    """

    validity: float | None = None
    realistic: float | None = None
    mistakes: float | None = None


def figures_of(run: Path) -> KnownFigures:
    """Return the figures of a run; all None of one that has not reported yet."""
    path = run / "summary.json"
    try:
        seen = path.stat(follow_symlinks=False)
    except OSError:
        return KnownFigures()
    return _read(path, seen.st_mtime_ns, seen.st_size)


@lru_cache(20_000)
def _read(path: Path, changed: int, size: int) -> KnownFigures:
    """Read it once for each time it was written."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return KnownFigures()
            values = json.loads(file.read(_LONGEST))
    except (OSError, ValueError, RecursionError):
        return KnownFigures()
    if not isinstance(values, dict):
        return KnownFigures()
    return KnownFigures(
        _number(values.get("validity"), 1.0),
        _number(values.get("realistic"), 1.0),
        _number(values.get("mistakes"), 1e15),
    )


def _number(value: Any, most: float) -> float | None:
    """Return a number from 0 to ``most``; None where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and 0 <= value <= most else None
