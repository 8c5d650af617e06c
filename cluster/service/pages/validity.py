"""The share of a run's mistakes that are valid, from its `summary.json`: cheap for many runs."""

import json
import os
import stat
from functools import lru_cache
from pathlib import Path

_LONGEST = 4 << 20  # bytes; one of sixty kinds of targets has some kilobytes


def validity_of(run: Path) -> float | None:
    """Return the share, 0 to 1; None of a run that has none, or has not reported yet."""
    path = run / "summary.json"
    try:
        seen = path.stat(follow_symlinks=False)
    except OSError:
        return None
    return _read(path, seen.st_mtime_ns, seen.st_size)


@lru_cache(20_000)
def _read(path: Path, changed: int, size: int) -> float | None:
    """Read it once for each time it was written."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return None
            values = json.loads(file.read(_LONGEST))
    except (OSError, ValueError, RecursionError):
        return None
    found = values.get("validity") if isinstance(values, dict) else None
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    return float(found) if 0 <= found <= 1 else None
