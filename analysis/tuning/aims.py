"""What a sweep's report says of what trials are judged by: how it is called, written and compared."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import isnan

from outvoted.analysis.report.numbers import Form
from outvoted.analysis.tuning.measures import measure_called
from outvoted.analysis.tuning.objectives import Goal

_PERCENT = 100


@dataclass(frozen=True)
class Aim:
    """An objective: a measure's name and title, how its values are written, and which way it goes."""

    name: str
    title: str
    form: Form
    goal: Goal

    @staticmethod
    def of(kind: str, name: str, goal: Goal | None = None) -> "Aim":
        """Take a measure of a kind of run, with its usual goal where none is given.

        Raises:
            OutvotedError: there is none of that name.
        """
        found = measure_called(kind, name)
        return Aim(name, found.title, found.form, goal or found.goal)

    @property
    def maximised(self) -> bool:
        """Whether more is better."""
        return self.goal == "maximise"

    @property
    def sign(self) -> float:
        """What its values are multiplied by so that larger ones are better."""
        return 1.0 if self.maximised else -1.0

    @property
    def axis(self) -> str:
        """The title of an axis."""
        unit = "%" if self.form.factor == _PERCENT else self.form.unit.strip()
        return f"{self.title}, {unit}" if unit else self.title

    @property
    def wanted(self) -> str:
        """The title, and which way is better."""
        return f"{self.title} ({'higher' if self.maximised else 'lower'})"

    def write(self, measured: Iterable[float]) -> str:
        """Write a value with the ends of its interval, NaN where one is not known."""
        value, low, high = (None if isnan(each) else float(each) for each in measured)
        return replace(self.form, unit="")((value, low, high))
