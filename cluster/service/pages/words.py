"""How pages write numbers, times and addresses."""

import math
from urllib.parse import quote

from outvoted.analysis.report.numbers import DASH


def ago(seconds: float | None) -> str:
    """Say an age in a word or two: 4 s, 12 min, 3 h, 5 days."""
    if seconds is None or not math.isfinite(seconds):
        return DASH
    for unit, size, most in (("s", 1, 100), ("min", 60, 7200), ("h", 3600, 48 * 3600)):
        if seconds < most:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 86400:.0f} days"


def count(number: float | None) -> str:
    """Write a number of things: 2,403; a dash where it is unknown."""
    return DASH if number is None or not math.isfinite(number) else f"{number:,.0f}"


def percent(share: float | None) -> str:
    """Write a share, 0 to 1: 98.0%; a dash where it is unknown."""
    return DASH if share is None or not math.isfinite(share) else f"{100 * share:.1f}%"


def rate(per_second: float | None) -> str:
    """Write how much is done in a second; in a minute or an hour where that is little."""
    if per_second is None or not math.isfinite(per_second):
        return DASH
    for unit, factor in (("s", 1.0), ("min", 60.0), ("h", 3600.0)):
        if per_second * factor >= 1 or unit == "h":
            return f"{per_second * factor:,.0f}/{unit}" if per_second else f"0/{unit}"
    return DASH


def path(*steps: str) -> str:
    """Return an address on this server: each step is one segment of it, whatever characters it holds."""
    return "/" + "/".join(quote(step, safe="~") for step in steps)
