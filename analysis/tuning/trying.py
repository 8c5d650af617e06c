"""Points of a space tried before anything starts: a trial that would be refused is refused then."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from outvoted.analysis.tuning.attempts import WHERE
from outvoted.analysis.tuning.conditions import label
from outvoted.analysis.tuning.points import Point, Value
from outvoted.analysis.tuning.space import Space, options
from outvoted.search.errors import OutvotedError, Problem
from outvoted.search.explaining import explained
from outvoted.search.key_paths import NoSuchPlaceError
from outvoted.search.settings import Settings
from outvoted.search.shown import shown

Config = TypeVar("Config", bound=Settings)
_MOST, _OF_RANGES = 2000, 300
"""Points that are tried, and where keys have ranges."""
_OTHERS = 3
"""Other values that a key is given to see whether a point is still refused."""


def try_points(space: Space[Config], check: Callable[[Config], object]) -> str | None:
    """Make the configuration of each point, and have it checked.

    Of more points than can be made in a few seconds, some are tried: every value and end of each key, and
    points drawn at random.

    Args:
        check: raises OutvotedError.

    Returns:
        A remark where not every point was tried.

    Raises:
        OutvotedError: points are refused; it names the values that are to blame at the first of them.
    """
    count = space.count()
    tried, refused = 0, list[tuple[Point, OutvotedError]]()
    for point in space.examples(_OF_RANGES if count is None else _MOST):
        tried += 1
        error = _refusal(space, point, check)
        if error is not None:
            refused.append((point, error))
    if refused:
        raise _told(space, check, *refused[0], len(refused), tried)
    if count is not None and tried < count:
        return f"{tried:,} of the {count:,} points were checked; a trial at another may still be refused"
    return None


def _refusal(space: Space[Config], point: Point, check: Callable[[Config], object]) -> OutvotedError | None:
    try:
        check(space.configured(point))
    except ValidationError as error:
        return explained(space.form, error, WHERE)
    except NoSuchPlaceError as error:
        return OutvotedError(error.wanted, shown(error.key), f"vary {error.place} as a whole")
    except OutvotedError as error:
        return error
    return None


def _told(
    space: Space[Config],
    check: Callable[[Config], object],
    point: Point,
    error: OutvotedError,
    refused: int,
    tried: int,
) -> OutvotedError:
    """Name the values of a refused point without which it would not be."""
    blamed = _blamed(space, check, point, error)
    if not blamed:
        return error  # whatever varies
    said = " and ".join(f"{path}: {_shown(value)}" for path, value in blamed.items())
    many = f" ({refused:,} of {tried:,} points are refused)" if refused > 1 else ""
    apart = "leave this value out" if len(blamed) == 1 else "keep these values apart with `when`"
    expected, found = error.expected, f"{error.found}, at {said}{many}"
    remedy = f"{error.remedy}; or {apart}"
    problems = [Problem(f"{WHERE}.{path}", expected, found, remedy) for path in list(blamed)[:1]]
    return OutvotedError(expected, found, remedy, problems)


def _shown(value: Value) -> str:
    return label(value) if not isinstance(value, Mapping) or len(value) == 1 else shown(value)


def _blamed(
    space: Space[Config], check: Callable[[Config], object], point: Point, error: OutvotedError
) -> dict[str, Any]:
    """Return those values of a point with another of which it is not refused in the same words."""
    values = point.values
    firsts = {one.path: options(one)[0] for one in space.dimensions}
    found = {}
    for one in space.dimensions:
        if one.path not in values:
            continue
        others = [value for value in options(one) if value != values[one.path]][:_OTHERS]
        if not others:
            found[one.path] = values[one.path]
        for value in others:
            other = _refusal(space, space.point(firsts | values | {one.path: value}), check)
            if other is None or other.expected != error.expected:
                found[one.path] = values[one.path]
                break
    return found
