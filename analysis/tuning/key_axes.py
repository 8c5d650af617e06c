"""Where a key's values lie on an axis: numbers by their size or its logarithm, others side by side."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from outvoted.analysis.tuning.points import Value
from outvoted.analysis.tuning.value_texts import canonical, told_apart, value_text
from outvoted.analysis.tuning.variation import Variation
from outvoted.search.arrays import Floats
from outvoted.search.shown import visible

LARGEST = 1e100
"""Of numbers that can be drawn, whose squares can be summed too; no key or measure has larger ones."""
_ORDERS = 20.0  # a list of at least three positive numbers of such a ratio is drawn with a logarithmic axis
_MARGIN, _LISTED_MARGIN = 0.04, 0.08  # of an axis, beyond its ends


@dataclass(frozen=True)
class KeyAxis:
    """An axis for the values of a key.

    Attributes:
        key: its path.
        name: as much of the end of the path as tells it from the other keys.
        listed: the values that the sweep lists, and those tried that it lists no more; empty for a range.
        numbers: whether they are numbers.
        log: whether their orders of magnitude are drawn.
        ends: the least and the largest place.
    """

    key: str
    name: str
    listed: tuple[Value, ...]
    numbers: bool
    log: bool
    ends: tuple[float, float]

    def places(self, points: Iterable[Mapping[str, Value]]) -> Floats:
        """Return where the key's values in some points lie, NaN where it does not hold; shape (points,)."""
        return np.array([self.place(point[self.key]) if self.key in point else np.nan for point in points])

    def place(self, value: Value) -> float:
        """Return where a value lies: a number as it is, or its logarithm to 10; others counted from 0."""
        if self.numbers:
            return float(np.log10(value) if self.log else value)
        return float(self._order.get(canonical(value), np.nan))

    def index(self, value: Value) -> int:
        """Return the place of a value among those listed."""
        return self._order[canonical(value)]

    def text(self, value: Value) -> str:
        """Write a value so that it differs from the others that are listed."""
        place = self._order.get(canonical(value))
        return value_text(value) if place is None else self.texts[place]

    @cached_property
    def texts(self) -> list[str]:
        """What is written for the listed values."""
        return told_apart(self.listed)

    @cached_property
    def _order(self) -> Mapping[str, int]:
        return {canonical(value): k for k, value in enumerate(self.listed)}

    @property
    def span(self) -> tuple[float, float]:
        """The ends of the axis with a margin."""
        low, high = self.ends
        margin = _LISTED_MARGIN if self.listed else _MARGIN
        beyond = margin * (high - low) if self.numbers and high > low else 0.5
        return low - beyond, high + beyond

    def ticks(self, most: int = 6) -> tuple[list[float], list[str]]:
        """Return places and texts of some values: of the listed ones, or round numbers of a range."""
        if self.listed:
            few = [self.listed[k] for k in _some(len(self.listed), most if self.numbers else 40)]
            return list(map(self.place, few)), list(map(self.text, few))
        values = _round_powers(self.ends, most) if self.log else round_numbers(self.ends, most)
        return list(map(self.place, values)), [f"{value:.4g}" for value in values]


def round_numbers(ends: tuple[float, float], most: int = 6) -> list[float]:
    """Return round numbers between two, evenly apart."""
    low, high = ends
    if not high > low:
        return [low]
    rough = 10.0 ** np.floor(np.log10((high - low) / most))
    step = next(rough * k for k in (1, 2, 2.5, 5, 10, 20) if (high - low) / (rough * k) <= most - 0.999)
    first, last = np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9)
    return [float(f"{k * step:.12g}") for k in np.arange(first, last + 1)]


def _round_powers(ends: tuple[float, float], most: int) -> list[float]:
    """Return round numbers between two powers of ten, evenly apart in their logarithms as far as can be."""
    low, high = 10 ** ends[0] * (1 - 1e-9), 10 ** ends[1] * (1 + 1e-9)
    powers = range(int(np.floor(ends[0])), int(np.ceil(ends[1])) + 1)
    for parts in ((1, 2, 5), (1, 3), (1,)):
        found = [
            float(f"{part}e{k}") for k in powers for part in parts if low <= float(f"{part}e{k}") <= high
        ]
        if 2 <= len(found) <= most:
            return found
    found = [float(f"1e{k}") for k in powers if low <= float(f"1e{k}") <= high]
    if len(found) > most:
        return [found[k] for k in _some(len(found), most)]
    return [float(f"{10**end:.3g}") for end in ends]


def key_axes(
    keys: Sequence[str], vary: Mapping[str, Variation], points: Iterable[Mapping[str, Value]]
) -> tuple[KeyAxis, ...]:
    """Return an axis for each key.

    Args:
        keys: their paths.
        vary: how they are varied.
        points: what was tried.
    """
    tried = list(points)
    names = short_names(keys)
    return tuple(
        _axis(key, names[key], vary.get(key), [point[key] for point in tried if key in point]) for key in keys
    )


def short_names(keys: Sequence[str]) -> dict[str, str]:
    """Return the end of each path that tells it from all others: ``strategy`` for ``search.strategy``."""
    found = {}
    for key in keys:
        parts = key.split(".")
        ends = (".".join(parts[-k:]) for k in range(1, len(parts)))
        others = [f".{other}" for other in keys if other != key]
        free = (end for end in ends if not any(other.endswith(f".{end}") for other in others))
        found[key] = visible(next(free, key))
    return found


def _axis(key: str, name: str, varied: Variation | None, tried: Sequence[Value]) -> KeyAxis:
    listed, given = _listed(varied), _range(varied)
    if given is None:
        listed = _each_once([*listed, *tried])
    numbers = all(map(_is_number, [*listed, *tried]))
    if not numbers:
        listed = listed or _each_once(tried)
        return KeyAxis(key, name, tuple(listed), False, False, (0.0, max(len(listed) - 1.0, 0.0)))
    values = [float(value) for value in [*listed, *tried, *(given or ())]]
    log = min(values) > 0 and (_by_orders(listed) if given is None else _of_magnitudes(varied))
    ends = (min(values), max(values))
    low, high = np.log10(ends) if log else ends
    return KeyAxis(key, name, tuple(sorted(listed)), True, log, (float(low), float(high)))


def _of_magnitudes(varied: Variation | None) -> bool:
    return varied is not None and varied.log_uniform is not None


def _each_once(values: Iterable[Value]) -> list[Value]:
    found = dict[str, Value]()
    for value in values:
        found.setdefault(canonical(value), value)
    return list(found.values())


def _listed(varied: Variation | None) -> list[Value]:
    return [] if varied is None else list(varied.grid or varied.choice or ())


def _range(varied: Variation | None) -> tuple[float, float] | None:
    return None if varied is None else varied.uniform or varied.log_uniform or varied.randint


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST


def _by_orders(values: Sequence[Value]) -> bool:
    return len(values) > 2 and max(values) >= _ORDERS * min(values)


def _some(count: int, most: int) -> list[int]:
    return sorted({round(k) for k in np.linspace(0, count - 1, min(count, most))})
