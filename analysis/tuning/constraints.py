"""What a trial must fulfil to win: a measure that stays on one side of a bound."""

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from outvoted.search.errors import OutvotedError

_SIGNS: Mapping[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_FORM = re.compile(rf"\s*([A-Za-z][\w.+-]*?)\s*(>=|<=|>|<)\s*({_NUMBER})\s*")


@dataclass(frozen=True)
class Constraint:
    """A bound that a measure must keep.

    It is held to the value alone, of several runs the mean, whatever its interval: a trial is feasible if
    what was measured of it is. A measure that gave nothing keeps no bound.
    """

    measure: str
    sign: str
    bound: float

    @staticmethod
    def of(text: str) -> "Constraint":
        """Read a constraint, such as ``validity >= 0.97``.

        Raises:
            OutvotedError: it is none.
        """
        found = _FORM.fullmatch(text)
        if found is None or not math.isfinite(float(found[3])):
            share = "; shares are numbers from 0 to 1: 97 % is 0.97" if "%" in text else ""
            raise OutvotedError(
                expected="a constraint: a measure, one of >=, <=, > and <, and a number",
                found=f"'{text}'",
                remedy=f"write, say, 'validity >= 0.97'{share}",
            )
        return Constraint(found[1], found[2], float(found[3]))

    def holds(self, value: float | None) -> bool:
        """Tell whether a value keeps the bound; none doesn't."""
        return value is not None and _SIGNS[self.sign](value, self.bound)

    def violation(self, value: float | None) -> float | None:
        """Return by how much a value is beyond the bound: 0 or less where it is not; None for none."""
        if value is None:
            return None
        beyond = self.bound - value if self.sign.startswith(">") else value - self.bound
        return beyond if self.holds(value) or beyond > 0 else math.ulp(0.0)

    def __str__(self) -> str:
        return f"{self.measure} {self.sign} {self.bound:g}"
