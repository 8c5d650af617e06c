"""Dials: a transform in a person's hands, as numbers from 0 to 1 that stay within the realism budget."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

import numpy as np

from outvoted.search.arrays import Floats
from outvoted.search.errors import OutvotedError
from outvoted.search.streams import Purpose, uniforms
from outvoted.search.transforms.base import Transform
from outvoted.search.transforms.chain import Chain

_TRIED = 1000
"""Random moves that are tried in turn where a transform has no knobs."""
_UNITS = {"deg": "degrees", "px": "pixels", "levels": "grey levels", "share": "share"}
"""How names of parameters and measures end, and the unit that says."""


@dataclass(frozen=True)
class Dial:
    """One number from 0 to 1 that a person may turn.

    Attributes:
        name: what it changes, as runs record it.
        home: where it changes nothing.
        low, high: what it measures at 0 and at 1, with all other dials at home.
        steps: how many equal steps lead from 0 to 1; None if every number is another image.
    """

    name: str
    home: float
    low: float
    high: float
    steps: int | None = None

    @property
    def words(self) -> str:
        """What it changes, without the unit."""
        return words_of(self.name)

    @property
    def unit(self) -> str:
        """The unit of what it measures, "" if it has none."""
        return unit_of(self.name)


def words_of(name: str) -> str:
    """Say what a parameter or measure changes, without the unit: translate x for translate_x_px."""
    what, _, last = name.rpartition("_")
    return (what if what and last in _UNITS else name).replace("_", " ")


def unit_of(name: str) -> str:
    """Say in which unit a parameter or measure is, "" if it has none."""
    return _UNITS.get(name.rpartition("_")[2], "")


class Dials:
    """All dials of a transform, in the order of its parts.

    A transform with knobs has a dial for each. Where one has none, as pixel swaps, the dials are how many
    random moves are made, and which: moves that would leave the budget are passed over.
    """

    def __init__(self, transform: Transform) -> None:
        self._hands = tuple(_hands(transform))
        self.all = tuple(dial for hand in self._hands for dial in hand.dials)

    @property
    def home(self) -> tuple[float, ...]:
        """The values at which nothing changes."""
        return tuple(dial.home for dial in self.all)

    def composed(self, values: Sequence[float]) -> Floats:
        """Return the composed transform that the dials stand for, shape (1, transform.size).

        Args:
            values: one from 0 to 1 for each dial.

        Raises:
            OutvotedError: they are not.
        """
        wanted = np.array(values, np.float64).reshape(-1)
        if len(wanted) != len(self.all) or not ((wanted >= 0) & (wanted <= 1)).all():
            raise OutvotedError(
                expected=f"{len(self.all)} numbers from 0 to 1, one for each dial of the transform",
                found=f"{len(wanted)}" + (", some of them outside" if len(wanted) == len(self.all) else ""),
                remedy="take the dials in the order in which they are listed",
            )
        ends = np.cumsum([len(hand.dials) for hand in self._hands])[:-1]
        parts = zip(self._hands, np.split(wanted, ends), strict=True)
        return np.concatenate([hand.composed(own) for hand, own in parts], axis=1)


class _Hand(ABC):
    """Turns the dials of a transform that is not made of others; ``names`` are its measures' in the whole."""

    def __init__(self, part: Transform, names: Sequence[str]) -> None:
        self.part, self.names = part, names

    @property
    @abstractmethod
    def dials(self) -> tuple[Dial, ...]: ...

    @abstractmethod
    def composed(self, values: Floats) -> Floats: ...


class _Knobs(_Hand):
    """A dial for each knob."""

    @cached_property
    def dials(self) -> tuple[Dial, ...]:
        homes = self.part.home
        if len(self.names) != len(homes):  # of a user's own: nothing says what its knobs measure
            prefix = _prefix(self.part, self.names)
            return tuple(Dial(f"{prefix}knob{k}", home, 0, 1) for k, home in enumerate(homes, 1))
        ends = []
        for end in (0.0, 1.0):
            values = np.tile(np.array(homes), (len(homes), 1))
            np.fill_diagonal(values, end)
            ends.append(self.part.describe(self._placed(values)).diagonal().tolist())
        rows = zip(self.names, homes, *ends, strict=True)
        return tuple(Dial(name, home, low, high) for name, home, low, high in rows)

    def composed(self, values: Floats) -> Floats:
        return self._placed(values[None])

    def _placed(self, values: Floats) -> Floats:
        return self.part.compose(self.part.identity(len(values)), self.part.place(values))


class _Moves(_Hand):
    """How many random moves are made, and which."""

    @cached_property
    def dials(self) -> tuple[Dial, ...]:
        prefix, most = _prefix(self.part, self.names), sum(1 for _ in self._onward(0))
        if not most:
            return ()
        return (
            Dial(f"{prefix}moves", 0.0, 0, most, most),
            Dial(f"{prefix}draw", 0.0, 0, _TRIED, _TRIED),
        )

    def composed(self, values: Floats) -> Floats:
        found = self.part.identity(1)
        if not len(values):
            return found
        moves = round(values[0] * self.dials[0].high)
        for onward in islice(self._onward(round(values[1] * _TRIED)), moves):
            found = onward
        return found

    def _onward(self, draw: int) -> Iterator[Floats]:
        """Give what is composed after each move that stays within the budget."""
        steps = np.arange(_TRIED)
        drawn = uniforms(0, Purpose.MOVE, np.full(_TRIED, draw), steps, self.part.draws)
        found = self.part.identity(1)
        for move in self.part.sample(drawn):
            onward = self.part.compose(found, move[None])
            if self.part.within_budget(onward)[0]:
                found = onward
                yield found


def _hands(transform: Transform) -> Iterator[_Hand]:
    first = 0
    for part in transform.parts if isinstance(transform, Chain) else (transform,):
        names = transform.measures[first : first + len(part.measures)]
        first += len(part.measures)
        yield _Knobs(part, names) if part.knobs else _Moves(part, names)


def _prefix(part: Transform, names: Sequence[str]) -> str:
    """Return what a chain puts before the names of a part."""
    return names[0][: -len(part.measures[0])] if names else ""
