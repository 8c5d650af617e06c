"""One varied key: its values or range, where it holds, and its place between 0 and 1."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from outvoted.analysis.tuning.points import Value, text_of


@dataclass(frozen=True)
class Condition:
    """Where a key holds.

    Attributes:
        on: the path of a key that is decided earlier, and must hold too.
        allowed: the values which that must have; one of them.
    """

    on: str
    allowed: tuple[Value, ...]

    @cached_property
    def _texts(self) -> frozenset[str]:
        return frozenset(map(text_of, self.allowed))

    def holds(self, values: Mapping[str, Value]) -> bool:
        """Return whether it does, given the values of keys that hold."""
        return self.on in values and text_of(values[self.on]) in self._texts


@dataclass(frozen=True)
class Dimension:
    """A varied key: one of listed values, or a number of a range.

    Attributes:
        path: of the key, as it is written in ``vary``; ``*`` stands for every item of a list.
        values: those that are listed, plain; None where there is a range.
        low, high: the ends of the range, both included; 0 without one.
        log: whether orders of magnitude are equally likely in the range.
        integer: whether it is a range of whole numbers.
        ordered: whether the listed values are rising numbers.
        conditions: all must hold, or the key isn't varied.
    """

    path: str
    values: tuple[Value, ...] | None = None
    low: float = 0
    high: float = 0
    log: bool = False
    integer: bool = False
    ordered: bool = False
    conditions: tuple[Condition, ...] = ()

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The path, key by key."""
        return tuple(self.path.split("."))

    @cached_property
    def _places(self) -> Mapping[str, int]:
        return {text_of(value): place for place, value in enumerate(self.values or ())}

    def holds(self, values: Mapping[str, Value]) -> bool:
        """Return whether the key is varied, given the values of the earlier ones that are."""
        return all(condition.holds(values) for condition in self.conditions)

    def has(self, value: Value) -> bool:
        """Return whether a value is one of those listed, or lies in the range."""
        if self.values is not None:
            return text_of(value) in self._places
        kinds = (int,) if self.integer else (int, float)
        return type(value) in kinds and self.low <= value <= self.high

    def index(self, value: Value) -> int:
        """Return the place of a value among those listed.

        Raises:
            KeyError: it is not one of them.
        """
        return self._places[text_of(value)]

    def at(self, unit: float) -> Value:
        """Return the value at a number from 0 to 1 (1 is the last one), equally likely wherever it lies."""
        if self.values is not None:
            return self.values[min(int(unit * len(self.values)), len(self.values) - 1)]
        low, high = self.low, self.high
        if self.integer:
            return min(int(low) + int(unit * (int(high) - int(low) + 1)), int(high))
        if self.log:
            return min(max(math.exp(math.log(low) + unit * (math.log(high) - math.log(low))), low), high)
        return min(max(low + unit * (high - low), low), high)

    def unit(self, value: Value) -> float:
        """Return a number from 0 to 1 at which a value is; of those it takes, the one in the middle."""
        if self.values is not None:
            return (self.index(value) + 0.5) / len(self.values)
        low, high = self.low, self.high
        if self.integer:
            return float((value - low + 0.5) / (high - low + 1))
        if self.log:
            return (math.log(value) - math.log(low)) / (math.log(high) - math.log(low))
        return float((value - low) / (high - low))
