"""Spaces, and what comes of their points, for tests."""

from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from random import Random

import pytest

from outvoted.actors.sweeps.tuned_store import FAILED, FINISHED
from outvoted.analysis.tuning.algorithms import (
    BUILT_IN,
    CMAES,
    NSGA2,
    TPE,
    GaussianProcess,
    GridSearch,
    RandomPoints,
)
from outvoted.analysis.tuning.algorithms.base import Algorithm, Goals
from outvoted.analysis.tuning.dimensions import Condition, Dimension
from outvoted.analysis.tuning.points import Point
from outvoted.analysis.tuning.schedule import (
    Finished,
    KnownTrial,
    Order,
    RecordedTrial,
    Schedule,
    StartTrial,
    TrialEnded,
    Wait,
)
from outvoted.analysis.tuning.space import Space
from outvoted.cluster.jobs.tune.searchers import HyperOpt
from outvoted.search.settings import Settings


def installed(package: str) -> pytest.MarkDecorator:
    """Skip where an optional package is missing."""
    return pytest.mark.skipif(find_spec(package) is None, reason=f"{package} is not installed")


LISTED: Space[Settings] = Space(
    Settings,
    "{}",
    (
        Dimension("strategy", values=("hill", "gradient", None)),
        Dimension(
            "step", values=(0.1, 0.5, 1.0), ordered=True, conditions=(Condition("strategy", ("gradient",)),)
        ),
        Dimension("budget", values=({"turn": 5}, {"turn": 10})),
    ),
)
MIXED: Space[Settings] = Space(
    Settings,
    "{}",
    (
        Dimension("rate", low=1e-4, high=1.0, log=True),
        Dimension("strategy", values=("hill", "gradient")),
        Dimension("step", low=0.0, high=2.0, conditions=(Condition("strategy", ("gradient",)),)),
        Dimension("patience", low=1, high=500, integer=True),
    ),
)
RANGES: Space[Settings] = Space(
    Settings, "{}", (Dimension("x", low=-4.0, high=4.0), Dimension("y", low=-4.0, high=4.0))
)

ONE, TWO = Goals(("maximise",)), Goals(("maximise", "minimise"))
BOUND = Goals(("maximise",), constraints=1)

CASES: dict[str, tuple[Algorithm, Space[Settings], Goals]] = {
    "grid": (GridSearch(), LISTED, ONE),
    "random": (RandomPoints(), MIXED, TWO),
    "tpe": (TPE(startup=4), MIXED, ONE),
    "tpe of two objectives": (TPE(startup=4), MIXED, TWO),
    "tpe with a constraint": (TPE(startup=4), MIXED, BOUND),
    "tpe of a list": (TPE(startup=4), LISTED, ONE),
    "nsga2": (NSGA2(population=4), MIXED, TWO),
    "nsga2 with a constraint": (NSGA2(population=4), LISTED, BOUND),
    "cmaes": (CMAES(), MIXED, ONE),
    "gp": (GaussianProcess(startup=4), RANGES, ONE),
    "hyperopt": (HyperOpt(startup=4), MIXED, ONE),
}
"""Every algorithm, on a space and goals that it takes."""

assert {type(algorithm) for algorithm, *_ in CASES.values()} == {*BUILT_IN, HyperOpt}

OPTIONAL = ("cmaes", "hyperopt")
"""Cases whose package is called alike, and may be missing."""
every_case = pytest.mark.parametrize(
    "case", [pytest.param(case, marks=installed(case) if case in OPTIONAL else ()) for case in CASES]
)
Table = dict[int, tuple[Point, TrialEnded]]
"""Trials that have ended, by their numbers."""
Outcomes = Callable[[int, Point], TrialEnded]


def outcomes(goals: Goals, fails: bool = True) -> Outcomes:
    """Return what comes of a trial: a function of its point alone, which fails now and then."""

    def of(number: int, point: Point) -> TrialEnded:
        drawn = Random(point.text)
        if fails and drawn.random() < 0.15:
            return TrialEnded(number, FAILED)
        values = tuple(drawn.random() if drawn.random() > 0.1 else None for _ in goals.ways)
        return TrialEnded(
            number, FINISHED, values, tuple(drawn.uniform(-1, 1) for _ in range(goals.constraints))
        )

    return of


def sweep(
    schedule: Schedule,
    of: Outcomes,
    order: Random | None = None,
    most: int = 10**9,
    before: Table | None = None,
) -> Table:
    """Run trials, which end in a random order, until all or ``most`` have; return what is recorded then."""
    running: list[StartTrial] = []
    ended = dict(before or {})
    while len(ended) < most:
        match schedule.next():
            case StartTrial() as start:
                running.append(start)
            case KnownTrial(number, point, same_as):
                ended[number] = point, replace(ended[same_as][1], number=number)
            case Wait():
                start = running.pop(order.randrange(len(running)) if order else 0)
                ended[start.number] = start.point, of(start.number, start.point)
                schedule.hear(ended[start.number][1])
            case Finished():
                assert not running
                break
    return ended


def begun(
    case: str, trials: int | None = None, parallel: int = 3, seed: int = 0, before: Table | None = None
) -> Schedule:
    """Begin a schedule, or go on from what is recorded ``before``."""
    algorithm, space, goals = CASES[case]
    order = Order(trials or trials_of(case), parallel, seed)
    return Schedule(algorithm, space, goals, order, recorded(before or {}))


def trials_of(case: str) -> int:
    """Return how many trials a sweep of a case has: few where a suggestion costs much."""
    return 9 if case == "gp" else 24


def recorded(ended: Table) -> list[RecordedTrial]:
    """Return what a table of trials gives."""
    return [RecordedTrial(number, point, what) for number, (point, what) in sorted(ended.items())]


def points(ended: Table) -> list[Point]:
    """Return the points in the order of the trials."""
    return [ended[number][0] for number in range(len(ended))]
