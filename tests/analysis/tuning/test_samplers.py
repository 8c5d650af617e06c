"""What each algorithm is for: it does better than random points on a problem that is known."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from outvoted.actors.sweeps.tuned_store import FINISHED
from outvoted.analysis.tuning.algorithms import CMAES, NSGA2, TPE, GaussianProcess, GridSearch, RandomPoints
from outvoted.analysis.tuning.algorithms.base import Algorithm, Goals
from outvoted.analysis.tuning.dimensions import Dimension
from outvoted.analysis.tuning.fronts import front
from outvoted.analysis.tuning.points import Point
from outvoted.analysis.tuning.schedule import Order, Schedule, TrialEnded
from outvoted.analysis.tuning.space import Space
from outvoted.cluster.jobs.tune.searchers import HyperOpt
from outvoted.search.errors import OutvotedError
from outvoted.search.settings import Settings
from tests.analysis.tuning.toys import BOUND, LISTED, MIXED, ONE, RANGES, TWO, installed, points, sweep

Measure = Callable[[Point], tuple[tuple[float, ...], tuple[float, ...]]]


def tried(
    algorithm: Algorithm, space: Space[Settings], goals: Goals, of: Measure, trials: int, seed: int
) -> list[Point]:
    """Return the points that a sweep tries."""
    schedule = Schedule(algorithm, space, goals, Order(trials, 2, seed))
    return points(sweep(schedule, lambda number, point: TrialEnded(number, FINISHED, *of(point))))


def bowl(point: Point) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return a height that is largest, 0, at (1, -2)."""
    return (-math.hypot(point.values["x"] - 1, point.values["y"] + 2),), ()


@pytest.mark.parametrize(
    ("algorithm", "trials"),
    [
        (TPE(), 40),
        pytest.param(CMAES(), 60, marks=installed("cmaes")),
        pytest.param(HyperOpt(), 60, marks=installed("hyperopt")),
        (GaussianProcess(startup=5), 15),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_finds_a_better_point_than_as_many_random_ones(algorithm: Algorithm, trials: int) -> None:
    def best(chosen: Algorithm, seed: int) -> float:
        return max(bowl(point)[0][0] for point in tried(chosen, RANGES, ONE, bowl, trials, seed))

    seeds = range(1 if isinstance(algorithm, GaussianProcess) else 3)
    found = [best(algorithm, seed) for seed in seeds]
    assert np.median(found) > np.median([best(RandomPoints(), seed) for seed in range(5)])


WIDE: Space[Settings] = Space(
    Settings, "{}", tuple(Dimension(f"x{index}", low=0.0, high=1.0) for index in range(5))
)
BOTH = Goals(("minimise", "minimise"))


def zdt1(point: Point) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the two objectives of Zitzler, Deb & Thiele (2000), whose front has all but x0 at 0."""
    first, *rest = point.values.values()
    height = 1 + 9 * sum(rest) / len(rest)
    return (first, height * (1 - math.sqrt(first / height))), ()


def hypervolume(values: Sequence[tuple[float, ...]]) -> float:
    """Return the area that two objectives to be minimised dominate, up to (1, 6)."""
    area, right = 0.0, 1.0
    for first, second in sorted((values[index] for index in front(values, BOTH.ways)), reverse=True):
        area += max(right - first, 0) * max(6 - second, 0)
        right = min(right, first)
    return area


def test_nsga2_finds_a_better_front_than_random_points() -> None:
    def area(chosen: Algorithm, seed: int) -> float:
        return hypervolume([zdt1(point)[0] for point in tried(chosen, WIDE, BOTH, zdt1, 150, seed)])

    found = [area(NSGA2(population=16), seed) for seed in range(3)]
    assert min(found) > max(area(RandomPoints(), seed) for seed in range(3))


@pytest.mark.parametrize("algorithm", [TPE(), NSGA2(population=10)], ids=lambda one: one.kind)
def test_constraints_are_respected(algorithm: Algorithm) -> None:
    def violation(point: Point) -> float:
        return float(point.values["x"] - point.values["y"])

    def kept(goals: Goals, seed: int) -> float:
        """Return the share of late points that keep x <= y, where the largest x is sought."""

        def of(point: Point) -> tuple[tuple[float, ...], tuple[float, ...]]:
            return (point.values["x"],), (violation(point),)[: goals.constraints]

        late = tried(algorithm, RANGES, goals, of, 60, seed)[30:]
        return float(np.mean([violation(point) <= 0 for point in late]))

    heeded, unknown = ([kept(goals, seed) for seed in range(3)] for goals in (BOUND, ONE))
    assert np.mean(heeded) > 1.5 * np.mean(unknown)


def test_what_an_algorithm_cannot_search_is_refused_before_anything_starts() -> None:
    with pytest.raises(OutvotedError, match="a range for rate, step, patience"):
        GridSearch().check(MIXED, ONE)
    for algorithm in (CMAES(), HyperOpt()):
        for goals, found in ((TWO, "2 objectives"), (BOUND, "constraints")):
            with pytest.raises(OutvotedError, match=found):
                algorithm.check(RANGES, goals)
    with pytest.raises(OutvotedError, match="a range of numbers"):
        CMAES().check(LISTED, ONE)


def test_an_algorithm_without_its_package_is_refused_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("outvoted.analysis.tuning.algorithms.base.find_spec", lambda name: None)
    for algorithm in (CMAES(), HyperOpt()):
        with pytest.raises(OutvotedError, match=f"pip install {algorithm.kind}"):
            algorithm.check(RANGES, ONE)
