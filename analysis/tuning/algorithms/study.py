"""A sampler of Optuna as what suggests trials: asked and told, on a study that lives in memory alone."""

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from outvoted.analysis.tuning.algorithms.base import Goals, Learnt, Suggester
from outvoted.analysis.tuning.dimensions import Dimension
from outvoted.analysis.tuning.points import Point
from outvoted.analysis.tuning.space import Space

if TYPE_CHECKING:
    import optuna

_UNKNOWN = 1e12
"""By how much a constraint counts as violated where nobody can tell; samplers add violations up."""


class StudySuggester(Suggester):
    """Asks a sampler for points, key by key, and tells it what came of them.

    A key that lists its values is a category, by its index; a grid of rising numbers, and a range, are
    numbers. A key is asked for only where its conditions hold.
    """

    def __init__(
        self, space: Space[Any], goals: Goals, made: Callable[[], "optuna.samplers.BaseSampler"]
    ) -> None:
        """Begin with the sampler that ``made`` makes."""
        import optuna
        from optuna.study import StudyDirection

        self._space = space
        self._distributions = {one.path: _distribution(one) for one in space.dimensions}
        self._open: dict[int, tuple[optuna.Trial, Point]] = {}
        with _quiet():
            sampler = made()
            directions = [StudyDirection[way.upper().replace("ISE", "IZE")] for way in goals.ways]
            self._study = optuna.create_study(directions=directions, sampler=sampler)

    def suggest(self, number: int) -> Point:
        """Ask for the point of a trial."""
        chosen: dict[str, Any] = {}
        with _quiet():
            trial = self._study.ask()
            for dimension in self._space.dimensions:
                if dimension.holds(chosen):
                    chosen[dimension.path] = _asked(trial, dimension)
        point = self._space.point(chosen)
        self._open[number] = trial, point
        return point

    def tell(self, number: int, told: Learnt) -> None:
        """Tell the study; a trial with another point takes the place of the one that was suggested."""
        import optuna

        trial, suggested = self._open.pop(number)
        if told.values is None or not self._space.holds(told.point):
            self._study.tell(trial, state=optuna.trial.TrialState.FAIL)
            return
        for index, violation in enumerate(told.violations):
            trial.set_constraint(str(index), min(violation, _UNKNOWN))
        if told.point == suggested:
            self._study.tell(trial, list(told.values))
            return
        instead = self._study.tell(trial, state=optuna.trial.TrialState.FAIL)
        params = self._params(told.point.values)
        known = {path: self._distributions[path] for path in params}
        self._study.add_trial(
            optuna.trial.create_trial(
                params=params,
                distributions=known,
                values=list(told.values),
                system_attrs=instead.system_attrs,  # its generation, and its constraints
            )
        )

    def _params(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return a point's values as the study knows them."""
        here = [one for one in self._space.dimensions if one.path in values]
        return {
            one.path: values[one.path] if one.values is None else one.index(values[one.path]) for one in here
        }


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what Optuna says of itself out of the terminal: that a study began, or what is experimental."""
    import optuna

    said = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        optuna.logging.set_verbosity(said)


def _distribution(dimension: Dimension) -> "optuna.distributions.BaseDistribution":
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if dimension.values is not None:
        count = len(dimension.values)
        return IntDistribution(0, count - 1) if dimension.ordered else CategoricalDistribution(range(count))
    low, high = dimension.low, dimension.high
    if dimension.integer:
        return IntDistribution(int(low), int(high), log=dimension.log)
    return FloatDistribution(low, high, log=dimension.log)


def _asked(trial: "optuna.Trial", dimension: Dimension) -> Any:
    """Ask for one key's value."""
    path, low, high = dimension.path, dimension.low, dimension.high
    if dimension.values is not None:
        places = range(len(dimension.values))
        last = places[-1]
        place = (
            trial.suggest_int(path, 0, last) if dimension.ordered else trial.suggest_categorical(path, places)
        )
        return dimension.values[place]
    if dimension.integer:
        return trial.suggest_int(path, int(low), int(high), log=dimension.log)
    return trial.suggest_float(path, low, high, log=dimension.log)
