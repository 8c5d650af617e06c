"""Ray Tune's own search algorithms, as what suggests trials.

Of those that Tune ships, HyperOpt's is offered: it is maintained, and runs with current versions. Optuna's is
asked directly instead, since Tune's wrapper of it knows no conditions and tells it of no constraints.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from outvoted.analysis.tuning.algorithms import BUILT_IN
from outvoted.analysis.tuning.algorithms.base import (
    Algorithm,
    Goals,
    Learnt,
    Suggester,
    refuse_several,
    refuse_without,
)
from outvoted.analysis.tuning.dimensions import Dimension
from outvoted.analysis.tuning.points import Point, Value
from outvoted.analysis.tuning.space import Space
from outvoted.search.settings import choice

if TYPE_CHECKING:
    from ray.tune.search import Searcher

_VALUE = "value"


class HyperOpt(Algorithm):
    """HyperOpt's tree-structured Parzen estimators (Bergstra et al. 2011), each key by itself.

    For one objective without constraints; of a key that doesn't hold in a trial, the value is drawn in vain.
    """

    kind: Literal["hyperopt"] = "hyperopt"
    startup: Annotated[int, Field(ge=1, le=10_000)] = 20
    """Trials that are drawn at random before anything is learnt."""

    @property
    def adaptive(self) -> bool:
        """Yes."""
        return True

    def check(self, space: Space[Any], goals: Goals) -> None:
        """Refuse several objectives, and constraints."""
        refuse_several(goals, self.kind)
        refuse_without("hyperopt", self.kind)

    def begun(self, space: Space[Any], goals: Goals, seed: int, kept: Mapping[int, Point]) -> Suggester:
        """Begin a search of Tune's."""
        from ray.tune.search.hyperopt import HyperOptSearch

        searcher = HyperOptSearch(n_initial_points=self.startup, random_state_seed=seed)
        return SearcherSuggester(space, goals, searcher)


class SearcherSuggester(Suggester):
    """Asks a searcher of Tune's for a value of every key, and tells it what came of its trials.

    A trial with another point than was suggested is told as failed: a searcher learns only of its own.
    """

    def __init__(self, space: Space[Any], goals: Goals, searcher: "Searcher") -> None:
        """Begin with a searcher that knows of no space yet."""
        self._space, self._searcher = space, searcher
        self._suggested: dict[int, Point] = {}
        domains = {one.path: _domain(one) for one in space.dimensions}
        searcher.set_search_properties(_VALUE, "max" if goals.ways[0] == "maximise" else "min", domains)

    def suggest(self, number: int) -> Point:
        """Ask for the point of a trial."""
        found = self._searcher.suggest(str(number))
        values = {one.path: _value(one, found[one.path]) for one in self._space.dimensions}
        self._suggested[number] = self._space.point(values)
        return self._suggested[number]

    def tell(self, number: int, learnt: Learnt) -> None:
        """Tell the searcher."""
        own = learnt.point == self._suggested.pop(number)
        if own and learnt.values is not None:
            self._searcher.on_trial_complete(str(number), {_VALUE: learnt.values[0]})
        else:
            self._searcher.on_trial_complete(str(number), error=True)


def _domain(dimension: Dimension) -> Any:
    """Return what Tune calls a key's values; listed ones by their places."""
    from ray import tune

    low, high = dimension.low, dimension.high
    if dimension.values is not None:
        places = len(dimension.values)
        return tune.randint(0, places) if dimension.ordered else tune.choice(range(places))
    if dimension.integer:
        return (tune.lograndint if dimension.log else tune.randint)(int(low), int(high) + 1)
    return (tune.loguniform if dimension.log else tune.uniform)(low, high)


def _value(dimension: Dimension, found: Any) -> Value:
    """Return a key's value; rounding must not take it out of its range."""
    if dimension.values is not None:
        return dimension.values[int(found)]
    within = min(max(found, dimension.low), dimension.high)
    return int(within) if dimension.integer else float(within)


if TYPE_CHECKING:
    AnyAlgorithm = Algorithm
else:
    AnyAlgorithm = choice(Algorithm, *BUILT_IN, HyperOpt)
    """Any algorithm, also Tune's own, told apart by its ``kind``; a user's own by its import path."""
