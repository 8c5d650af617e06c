"""What a sweep searches: the points of a space, and the configuration that each of them stands for."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from random import Random
from typing import Any, Generic, TypeVar

from outvoted.analysis.tuning.dimensions import Dimension
from outvoted.analysis.tuning.points import Point, Value, text_of
from outvoted.search.key_paths import EVERY, TAGS, put
from outvoted.search.settings import Settings
from outvoted.search.trust import EVERYTHING, Trust

Config = TypeVar("Config", bound=Settings)
_CONTEXTS = 20
_TANGLED = 10_000
"""Combinations of values that conditions ask about, beyond which points are not counted one by one."""


@dataclass(frozen=True)
class Space(Generic[Config]):
    """Varied keys, and the configuration that they are keys of; `making.space_of` makes and checks it.

    Attributes:
        form: of the configuration.
        base: the configuration as JSON.
        dimensions: the varied keys in the order of ``vary``, but keys that others lie within, or whose
            conditions they are, come before these.
        trust: what a point's values may import.
    """

    form: type[Config]
    base: str
    dimensions: tuple[Dimension, ...]
    trust: Trust = EVERYTHING

    @cached_property
    def paths(self) -> Mapping[str, Dimension]:
        """The dimensions by the paths of their keys."""
        return {one.path: one for one in self.dimensions}

    def point(self, values: Mapping[str, Value]) -> Point:
        """Return the point at values; those of keys that don't hold are left out.

        Raises:
            KeyError: a key that holds has none.
        """
        found: dict[str, Value] = {}
        for one in self.dimensions:
            if one.holds(found):
                found[one.path] = values[one.path]
        return Point.of(found)

    def at(self, units: Sequence[float]) -> Point:
        """Return the point at a number from 0 to 1 for each dimension; see ``Dimension.at``."""
        return self.point({one.path: one.at(unit) for one, unit in zip(self.dimensions, units, strict=True)})

    def holds(self, point: Point) -> bool:
        """Return whether a point is one of this space: a value that may be for each key that holds."""
        values = point.values
        held = [one for one in self.dimensions if one.holds(values)]
        return {one.path for one in held} == values.keys() and all(one.has(values[one.path]) for one in held)

    def count(self) -> int | None:
        """Count the points; None where a key has a range. Too tangled conditions are not counted with."""
        if any(one.values is None for one in self.dimensions):
            return None
        counts: dict[str, int] = {text_of({}): 1}  # by what later conditions ask about
        for place, one in enumerate(self.dimensions):
            asked = {condition.on for later in self.dimensions[place + 1 :] for condition in later.conditions}
            before, counts = counts, {}
            for text, count in before.items():
                values = json.loads(text)
                more = [{one.path: value} for value in one.values or ()] if one.holds(values) else [{}]
                for found in ({**values, **added} for added in more):
                    known = text_of({path: value for path, value in found.items() if path in asked})
                    counts[known] = counts.get(known, 0) + count
            if len(counts) > _TANGLED:
                return math.prod(len(other.values or ()) for other in self.dimensions)
        return sum(counts.values())

    def points(self) -> Iterator[Point]:
        """Yield every point once, the first key slowest; a range gives its ends alone."""
        return map(Point.of, combinations(self.dimensions))

    def examples(self, most: int) -> Iterator[Point]:
        """Yield different points: all of them, or ``most``, that leave no listed value and no end out.

        The first points differ from one another in a single key; the last ones are drawn at random, from the
        same numbers each time. Of more values than points, some are left out, evenly.
        """
        count = self.count()
        if count is not None and count <= most:
            yield from self.points()
            return
        seen = dict.fromkeys(self._one_by_one())
        if len(seen) > most:
            first = list(seen)
            seen = dict.fromkeys(first[place * len(first) // most] for place in range(most))
        yield from seen
        random = Random(0)
        for _ in range(10 * most):
            if len(seen) >= most:
                return
            point = self.at([random.random() for _ in self.dimensions])
            if point not in seen:
                seen[point] = None
                yield point

    def _one_by_one(self) -> Iterator[Point]:
        """Yield points with every value and end of each key, where it holds, with the first of the others."""
        for one in self.dimensions:
            firsts = {other.path: options(other)[0] for other in self.dimensions}
            for held in islice(contexts(one, self.dimensions), _CONTEXTS):
                for value in options(one, self.dimensions):
                    yield self.point(firsts | held | {one.path: value})

    def values_of(self, point: Point, changes: Mapping[str, Value] | None = None) -> dict[str, Any]:
        """Return the configuration (as JSON) with a point's values put in, then ``changes`` by their paths.

        Nothing is imported, and nothing checked.
        """
        found: dict[str, Any] = json.loads(self.base)
        values = point.values
        for one in self.dimensions:
            if one.path in values:
                put(self.form, found, one.keys, values[one.path])
        for path, value in (changes or {}).items():
            put(self.form, found, path.split("."), value)
        return found

    def configured(self, point: Point, changes: Mapping[str, Value] | None = None) -> Config:
        """Return the configuration with a point's values put in, then ``changes`` by their paths.

        Raises:
            ValidationError: together they are not what the form takes.
            OutvotedError: they name code that is not there, or not trusted.
        """
        values = self.values_of(point, changes)
        return self.form.model_validate(values, context=self.trust.context)


def options(one: Dimension, among: Sequence[Dimension] = ()) -> tuple[Value, ...]:
    """Return the values of a key where they are listed, else those of its range that matter.

    They are its ends, and what the conditions of the keys ``among`` name.
    """
    if one.values is not None:
        return one.values
    named = [condition for other in among for condition in other.conditions if condition.on == one.path]
    inner = (value for condition in named for value in condition.allowed)
    return tuple(dict.fromkeys((one.at(0), one.at(1), *inner)))


def combinations(
    dimensions: Sequence[Dimension], among: Sequence[Dimension] | None = None
) -> Iterator[dict[str, Value]]:
    """Yield every combination of the options of keys that may hold together, the first key slowest.

    Args:
        dimensions: keys whose conditions are among those before them.
        among: as of :func:`options`; the same keys where it is left out.
    """
    if not dimensions:
        yield {}
        return
    *before, last = dimensions
    among = dimensions if among is None else among
    for values in combinations(before, among):
        if not last.holds(values):
            yield values
            continue
        for value in options(last, among):
            yield {**values, last.path: value}


def contexts(one: Dimension, dimensions: Sequence[Dimension]) -> Iterator[dict[str, Value]]:
    """Yield the combinations of the keys that decide on another in which it holds."""
    above, needed = ancestors(one, dimensions), [one]
    for other in reversed(above):
        if any(condition.on == other.path for known in needed for condition in known.conditions):
            needed.append(other)  # it must hold too
    conditions = [condition for known in needed for condition in known.conditions]
    narrowed = []
    for other in above:
        asked = [condition for condition in conditions if condition.on == other.path]
        fitting = (
            value
            for value in options(other, dimensions)
            if all(condition.holds({other.path: value}) for condition in asked)
        )
        narrowed.append(replace(other, values=tuple(fitting)) if asked else other)
    return (held for held in combinations(narrowed, dimensions) if one.holds(held))


def ancestors(one: Dimension, dimensions: Sequence[Dimension]) -> list[Dimension]:
    """Return the keys that decide on another: those of its conditions, and those that it lies within."""
    wanted: set[str] = set()
    for other in reversed(dimensions[: dimensions.index(one)]):
        inner = [one, *(known for known in dimensions if known.path in wanted)]
        named = {condition.on for known in inner for condition in known.conditions}
        if other.path in named or any(encloses(other.keys, known.keys) for known in inner):
            wanted.add(other.path)
    return [other for other in dimensions if other.path in wanted]


def encloses(outer: Sequence[str], inner: Sequence[str]) -> bool:
    """Return whether what stands at the path ``inner`` depends on what is put at ``outer``.

    It lies within it, or ``outer`` says of which kind that is which it lies in.
    """
    if outer[-1] in TAGS and len(outer) <= len(inner) and overlap(outer[:-1], inner[: len(outer) - 1]):
        return list(outer) != list(inner)
    return len(outer) < len(inner) and overlap(outer, inner[: len(outer)])


def overlap(one: Sequence[str], other: Sequence[str]) -> bool:
    """Return whether two paths may lead to one place."""
    return len(one) == len(other) and all(
        a == b or (EVERY in (a, b) and (a + b).replace(EVERY, "").isdigit()) or _same_number(a, b)
        for a, b in zip(one, other, strict=True)
    )


def _same_number(one: str, other: str) -> bool:
    return one.isdigit() and other.isdigit() and one.lstrip("0") == other.lstrip("0")
