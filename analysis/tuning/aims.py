"""What a sweep's report says of its objectives and constraints: how they are called, written and compared."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import isnan

from outvoted.analysis.report.numbers import Form
from outvoted.analysis.tuning.objectives import ObjectiveSettings

_PERCENT = 100


@dataclass(frozen=True)
class Aim:
    """An objective: a measure's name and title, how its values are written, and which way it goes."""

    name: str
    title: str
    form: Form
    maximised: bool

    @property
    def sign(self) -> float:
        """What its values are multiplied by so that larger ones are better."""
        return 1.0 if self.maximised else -1.0

    @property
    def axis(self) -> str:
        """The title of an axis."""
        unit = "%" if self.form.factor == _PERCENT else self.form.unit.strip()
        return f"{self.title}, {unit}" if unit else self.title

    def write(self, measured: Iterable[float]) -> str:
        """Write a value with the ends of its interval, NaN where one is not known."""
        value, low, high = (None if isnan(each) else float(each) for each in measured)
        return replace(self.form, unit="")((value, low, high))


@dataclass(frozen=True)
class Bound:
    """A constraint."""

    text: str
    measure: str
    above: bool
    bound: float

    def holds(self, value: float) -> bool:
        """Say whether a value keeps to it; NaN does not."""
        return value >= self.bound if self.above else value <= self.bound


def objective_of(one: ObjectiveSettings) -> Aim:
    """Return what is said of an objective."""
    return Aim(one.measure, one.measure.replace("_", " "), Form(None), one.goal != "minimise")


def measure_called(name: str) -> Aim:
    """Return what is said of a measure."""
    return Aim(name, name.replace("_", " "), Form(None), True)


def constraint_of(text: str) -> Bound:
    """Return a constraint as it stands in a configuration."""
    found = re.fullmatch(r"\s*(\w+)\s*([<>]=?)\s*([-+.\de]+)\s*", text)
    assert found
    return Bound(text, found[1], found[2].startswith(">"), float(found[3]))
