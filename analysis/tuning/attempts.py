"""A single value of a varied key, put into the configuration to see whether its settings take it there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from outvoted.analysis.tuning.dimensions import Dimension
from outvoted.analysis.tuning.points import Point, Value
from outvoted.analysis.tuning.space import Space
from outvoted.search.errors import OutvotedError, Problem
from outvoted.search.explaining import explained
from outvoted.search.key_paths import TAGS, NoSuchPlaceError, annotations_at, place_of, put
from outvoted.search.shown import shown

WHERE = "vary"
"""Where values stand, in messages."""
_UNKNOWN = ("extra_forbidden", "invalid_key")


@dataclass(frozen=True)
class Attempt:
    """What came of it.

    Attributes:
        unknown: says that there is no such key here.
        wrong: what is wrong with the value.
        keys: the whole configuration, as JSON with all defaults; None where something is wrong, which may be
            only that the value does not go with others.
    """

    unknown: Problem | None = None
    wrong: tuple[Problem, ...] = ()
    keys: Mapping[str, Any] | None = None


def attempt(
    space: Space[Any], held: Mapping[str, Value], one: Dimension, value: Value, where: str = WHERE
) -> Attempt:
    """Put a value at a key, where the keys before it have the values ``held``."""
    values = space.values_of(Point.of(held))
    try:
        places = put(space.form, values, one.keys, value)
    except NoSuchPlaceError as error:
        return Attempt(_nowhere(error, one))
    try:
        made = space.form.model_validate(values, context=space.trust.context)
    except ValidationError as error:
        told = explained(space.form, error, where).problems
        found = _told(space, error, told, one, places)
    except OutvotedError as error:  # of code that is named
        found = Attempt(wrong=(Problem("", error.expected, error.found, error.remedy),))
    else:
        return Attempt(keys=made.model_dump(mode="json"))
    return found


def _nowhere(error: NoSuchPlaceError, one: Dimension) -> Problem:
    if isinstance(error.here, list):
        remedy = f"choose one of them, * for all of them, or vary {error.place} as a whole"
    else:
        remedy = f"leave out .{error.key}" if error.place else "name keys of the configuration"
    return Problem("", error.wanted, f"{shown(error.key)} in {shown(one.path)}", remedy)


def _told(
    space: Space[Any],
    error: ValidationError,
    problems: Sequence[Problem],
    one: Dimension,
    places: Sequence[str],
) -> Attempt:
    """Take what is wrong with the key or its value out of all that is wrong with the configuration."""
    types = {place_of(space.form, item["loc"]): item["type"] for item in error.errors(include_url=False)}
    wrong: list[Problem] = []
    for problem in problems:
        said = _for_all(problem, one, places)
        if types.get(problem.place) in _UNKNOWN and any(_in(place, problem.place) for place in places):
            return Attempt(_known_elsewhere(space, said, one))
        if any(_in(problem.place, _whole(place)) for place in places) and said not in wrong:
            wrong.append(said)
    return Attempt(wrong=tuple(wrong))


def _in(inner: str, outer: str) -> bool:
    return f"{inner}.".startswith(f"{outer}.")


def _whole(place: str) -> str:
    """Return the place that a wrong value is told of: a wrong kind is told of what it is the kind of."""
    before, _, last = place.rpartition(".")
    return before if last in TAGS else place


def _for_all(problem: Problem, one: Dimension, places: Sequence[str]) -> Problem:
    """Say of the varied key what is said of one of the places at which it stands."""
    texts = {name: getattr(problem, name) for name in ("expected", "found", "remedy")}
    for place in places:
        texts = {name: text.replace(place, one.path) for name, text in texts.items()}
    return replace(problem, place="", **texts)


def _known_elsewhere(space: Space[Any], problem: Problem, one: Dimension) -> Problem:
    """Add of which other kinds the key is one."""
    *parents, last = one.keys
    around = annotations_at(space.form, parents)
    kinds = [
        str(model.model_fields[tag].default)
        for model in around
        for tag in TAGS
        if last in getattr(model, "model_fields", {}) and tag in model.model_fields
    ]
    if not kinds:
        return problem
    return replace(problem, remedy=f"{problem.remedy}; {last} is a key of {' and '.join(kinds)}")
