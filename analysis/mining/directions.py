"""Directions in which a transform can be moved one by one: what two axes of a landscape are."""

import re
from dataclasses import dataclass

import numpy as np

from outvoted.search.arrays import Bools, Floats
from outvoted.search.errors import OutvotedError, suggestion
from outvoted.search.transforms import Transform

_USUAL = ("rotation", "scale")
_MOVED = 1e-9


@dataclass(frozen=True)
class Direction:
    """Knobs that are turned together, and the measures that they change.

    Attributes:
        name: as the user gave it.
        knobs, measures: places in the transform's lists.
    """

    name: str
    knobs: tuple[int, ...]
    measures: tuple[int, ...]

    def along(self, described: Floats) -> Floats:
        """Return where described transforms, (n, measures), lie: the mean of the direction's measures."""
        return np.asarray(described[:, list(self.measures)].mean(1))


def two_directions(transform: Transform, x: str | None, y: str | None) -> tuple[Direction, Direction]:
    """Find two directions by name; left out, rotation and scale where there are such, else the first two.

    A direction is one of the transform's measures, or the words that it begins with: ``rotation`` for
    rotation_deg, and ``scale`` for scale_x and scale_y together.

    Raises:
        OutvotedError: the transform has no such direction, not two, or these have a measure in common.
    """
    there = _directions(transform)
    usual = _USUAL if set(_USUAL) <= set(there) else tuple(there)
    across = _named(x or usual[0], there) if there else None
    free = [name for name, one in there.items() if across and not _shared(one, across)]
    if across is None or not free:
        raise OutvotedError(
            expected="a transform with two directions to move in",
            found=f"{', '.join(there) or 'none'} in {type(transform).__name__}, the run's",
            remedy="choose a run with another search.transform: affine has six directions",
        )
    along = _named(y or next(name for name in (*usual, *free) if name in free), there)
    if _shared(across, along):
        raise OutvotedError(
            expected="two directions that do not overlap",
            found=f"'{across.name}' and '{along.name}'",
            remedy=f"replace one of them by: {', '.join(free)}",
        )
    return across, along


def _directions(transform: Transform) -> dict[str, Direction]:
    """Name all directions: measures with knobs of their own, then the words that several begin with."""
    moves = _moved_by(transform)
    single = {}
    for measure, name in enumerate(transform.measures):
        knobs = np.flatnonzero(moves[:, measure])
        if len(knobs) and not np.delete(moves[knobs], measure, axis=1).any():
            single[name] = Direction(name, tuple(knobs.tolist()), (measure,))
    return {**single, **_together(single)}


def _together(single: dict[str, Direction]) -> dict[str, Direction]:
    """Name what begins alike: one direction, or those that differ by x and y alone."""
    words = {name.rsplit("_", cut)[0] for name in single for cut in range(1, name.count("_") + 1)}
    found = {}
    for word in sorted(words - set(single)):
        some = {name: one for name, one in single.items() if name.startswith(f"{word}_")}
        if len({re.sub("_[xy](?=_|$)", "", name) for name in some}) == 1:
            knobs = tuple(knob for one in some.values() for knob in one.knobs)
            found[word] = Direction(
                word, knobs, tuple(measure for one in some.values() for measure in one.measures)
            )
    return found


def _moved_by(transform: Transform) -> Bools:
    """Tell which knob, turned alone from end to end, changes which measure; shape (knobs, measures)."""
    count = transform.knobs
    if not count:
        return np.zeros((0, len(transform.measures)), np.bool_)
    ends = np.tile(np.array(transform.home), (2 * count, 1))
    for knob in range(count):
        ends[2 * knob : 2 * knob + 2, knob] = 0, 1
    described = transform.describe(transform.compose(transform.identity(len(ends)), transform.place(ends)))
    return np.asarray(np.abs(described[1::2] - described[::2]) > _MOVED)


def _named(name: str, there: dict[str, Direction]) -> Direction:
    if name not in there:
        raise OutvotedError(
            expected=f"a direction of the run's transform: {', '.join(there)}",
            found=f"'{name}'",
            remedy=suggestion(name, there),
        )
    return there[name]


def _shared(one: Direction, other: Direction) -> bool:
    return bool(set(one.measures) & set(other.measures))
