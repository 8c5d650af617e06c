"""Laws of the order in which trials are suggested, started and told, for any algorithm."""

from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from outvoted.actors.sweeps.tuned_store import FAILED, FINISHED, STOPPED
from outvoted.analysis.tuning.algorithms.base import Algorithm, Goals, Learnt, Suggester
from outvoted.analysis.tuning.constraints import Constraint
from outvoted.analysis.tuning.points import Point
from outvoted.analysis.tuning.racing import Racing
from outvoted.analysis.tuning.schedule import (
    Finished,
    Order,
    Schedule,
    StartTrial,
    TrialEnded,
    Wait,
)
from outvoted.analysis.tuning.space import Space
from tests.analysis.tuning.toys import ONE, RANGES, Table, recorded, sweep

RACING = Racing(("success",), ("maximise",), ("binomial",))


class Listening(Algorithm):
    """Suggests points of few different values that depend on all it was told, and notes what it was told."""

    kind: str = "tests:Listening"
    learns: bool = True
    different: int = 1000

    @property
    def adaptive(self) -> bool:
        return self.learns

    def check(self, space: Space[Any], goals: Goals) -> None:
        """Take everything."""

    def begun(self, space: Space[Any], goals: Goals, seed: int, kept: Mapping[int, Point]) -> Suggester:
        return Listener(self.different)


class Listener(Suggester):
    def __init__(self, different: int) -> None:
        self._different = different
        self.told: list[int] = []
        self.knew: list[list[int]] = []
        self._random = Random(0)

    def suggest(self, number: int) -> Point:
        assert number == len(self.knew)
        self.knew.append(list(self.told))
        return Point.of({"x": self._random.randrange(self._different)})

    def tell(self, number: int, learnt: Learnt) -> None:
        self.told.append(number)
        self._random = Random(f"{self._random.random()} {learnt}")


def outcome(number: int, point: Point) -> TrialEnded:
    random = Random(point.text)
    return TrialEnded(number, random.choice([FINISHED, FINISHED, STOPPED, FAILED]), (random.random(),))


trials, parallels, seeds = st.integers(1, 30), st.integers(1, 8), st.integers(0, 100)


@given(trials=trials, parallel=parallels, seed=seeds, different=st.integers(1, 40))
def test_a_suggestion_knows_exactly_the_trials_it_may_know_in_their_order(
    trials: int, parallel: int, seed: int, different: int
) -> None:
    schedule = Schedule(Listening(different=different), RANGES, ONE, Order(trials, parallel, 0))
    sweep(schedule, outcome, Random(seed))
    listener = schedule._suggester
    assert isinstance(listener, Listener)
    assert listener.knew == [list(range(max(0, number + 1 - parallel))) for number in range(trials)]


@given(
    trials=trials,
    parallel=parallels,
    seed=seeds,
    different=st.integers(1, 40),
    learns=st.booleans(),
    racing=st.sampled_from([None, RACING]),
    kills=st.lists(st.integers(0, 30), max_size=4),
)
@settings(deadline=None)
def test_whatever_ends_first_and_wherever_it_is_killed_a_sweep_ends_with_the_same_trials(
    trials: int,
    parallel: int,
    seed: int,
    different: int,
    learns: bool,
    racing: Racing | None,
    kills: list[int],
) -> None:
    algorithm, order = Listening(learns=learns, different=different), Order(trials, parallel, 0, racing)
    whole = sweep(Schedule(algorithm, RANGES, ONE, order), outcome)
    assert sorted(whole) == list(range(trials))
    kept: Table = {}
    for most in [*sorted(kills), trials]:
        schedule = Schedule(algorithm, RANGES, ONE, order, recorded(kept))
        kept = sweep(schedule, outcome, Random(seed), most=most, before=kept)
    assert kept == whole


@given(trials=trials, parallel=parallels, seed=seeds, learns=st.booleans())
def test_as_many_run_as_may_and_never_more(trials: int, parallel: int, seed: int, learns: bool) -> None:
    algorithm = Listening(learns=learns, different=10**9)
    schedule = Schedule(algorithm, RANGES, ONE, Order(trials, parallel, 0))
    running: list[StartTrial] = []
    order, began = Random(seed), 0
    while not isinstance(step := schedule.next(), Finished):
        if isinstance(step, StartTrial):
            running.append(step)
            began += 1
            continue
        assert isinstance(step, Wait)
        assert 1 <= len(running) <= parallel
        assert learns or len(running) == parallel or began == trials
        ended = running.pop(order.randrange(len(running)))
        schedule.hear(outcome(ended.number, ended.point))
    assert step == Finished(trials)
    assert began == trials


def test_a_trial_races_against_the_best_of_those_it_may_know_that_ended_as_planned() -> None:
    ends = [FINISHED, FINISHED, STOPPED, FINISHED, FAILED]
    values, violations = [0.3, 0.9, 0.8, 0.5, 0.0], [0.0, 0.5, 0.0, -1.0, 0.0]
    racing = replace(RACING, constraints=((Constraint.of("validity >= 0.9"), "binomial"),))
    goals, order = Goals(("maximise",), 1), Order(8, 2, 0, racing)
    schedule = Schedule(Listening(), RANGES, goals, order)
    rivals: list[list[int]] = []
    running: list[StartTrial] = []
    while not isinstance(step := schedule.next(), Finished):
        if isinstance(step, StartTrial):
            assert step.race is not None
            rivals.append([rival.number for rival in step.race.rivals])
            running.append(step)
            continue
        number = running.pop().number
        which = number % len(ends)
        schedule.hear(TrialEnded(number, ends[which], (values[which],), (violations[which],)))
    assert rivals == [[], [], [0], [0], [0], [3], [3], [3]]
