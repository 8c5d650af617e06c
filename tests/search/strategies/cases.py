"""Every strategy once, small, with what the laws must know of it; and the one that docs/python.md shows."""

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from outvoted.search.climb import Rules
from outvoted.search.strategies import (
    PBIL,
    Auto,
    Bayesian,
    EvolutionStrategy,
    FirstOfAll,
    Genetic,
    Gradient,
    Hillclimb,
    MapElites,
    RandomSearch,
    Strategy,
)
from outvoted.search.strategies.map_elites import FirstOfEachKind
from tests.search.runs import rules_of

BUDGET = 30
"""Candidates of a search that counts them in generations."""
POPULATION = 6
AHEAD = 4


@dataclass(frozen=True)
class Case:
    """A strategy, and from which of the target's answers on it asks the peers.

    Attributes:
        promising: takes the position's score, the candidate's score, and whether its class is wrong.
        candidates: how many a search tries at most; None where patience alone ends it.
        drawn: whether it draws random numbers.
    """

    strategy: Strategy
    promising: Callable[[np.float32, np.float32, bool], bool]
    candidates: int | None = BUDGET
    drawn: bool = True

    @property
    def name(self) -> str:
        """The strategy's name."""
        return self.strategy.label

    def rules(self) -> Rules:
        """Rules of small searches."""
        return rules_of(self.strategy)

    def speculating(self, speculative: int) -> Rules:
        """The same searches, with another number of speculative candidates."""
        return rules_of(self.strategy.model_copy(update={"speculative": speculative}))


def _strides() -> Any:
    """The class that the page shows, importable so that it can be pickled."""
    page = (Path(__file__).parents[3] / "docs" / "python.md").read_text()
    (code,) = re.findall(r"```python file=strides.py\n(.*?)```", page, re.DOTALL)
    module = sys.modules["strides_of_the_page"] = ModuleType("strides_of_the_page")
    exec(code, module.__dict__)
    return module.__dict__["Strides"]


Strides = _strides()


def tries_in_turn(rules: Rules) -> bool:
    """Whether the first acceptable candidate is taken; if not, generations are judged as a whole."""
    return isinstance(rules.strategy.acceptance, FirstOfAll)


def goes_on(rules: Rules) -> bool:
    """Whether a search goes on after its first mistake."""
    return isinstance(rules.strategy.acceptance, FirstOfEachKind)


def _lower(here: np.float32, there: np.float32, wrong: bool) -> bool:
    return bool(there < here)


def _long(here: np.float32, there: np.float32, wrong: bool) -> bool:
    return wrong or bool(there <= here - 0.3)


def _wrong(here: np.float32, there: np.float32, wrong: bool) -> bool:
    return wrong


def _either(here: np.float32, there: np.float32, wrong: bool) -> bool:
    return wrong or bool(there < here)


STEPWISE = (
    Case(Hillclimb(speculative=AHEAD), _lower, None),
    Case(RandomSearch(speculative=AHEAD), _wrong, None),
    Case(Strides(speculative=AHEAD), _long, None),
)
CASES = (
    *STEPWISE,
    Case(Genetic(population=POPULATION, candidates=BUDGET + 5, parents=3), _either),
    Case(PBIL(population=POPULATION, candidates=BUDGET, bits=3), _either),
    Case(EvolutionStrategy(population=POPULATION, candidates=BUDGET), _either),
    Case(MapElites(population=POPULATION, candidates=BUDGET, bins=2), _either),
    Case(Gradient(steps=6, trial=6, descent=8), _wrong, 6, drawn=False),
    Case(Bayesian(steps=6, trial=6), _wrong, 6, drawn=False),
    Case(Auto(), _wrong, 48, drawn=False),
)
