"""Laws of racing, on trials whose searches succeed with a known probability."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outvoted.actors.sweeps.tuned_store import FINISHED, STOPPED
from outvoted.analysis.tuning.algorithms import RandomPoints
from outvoted.analysis.tuning.algorithms.base import Goals
from outvoted.analysis.tuning.constraints import Constraint
from outvoted.analysis.tuning.dimensions import Dimension
from outvoted.analysis.tuning.objectives import Measured
from outvoted.analysis.tuning.racing import Form, Race, Racing, Rival, clopper_pearson, interval
from outvoted.analysis.tuning.schedule import Finished, Order, Schedule, StartTrial, TrialEnded, Wait
from outvoted.analysis.tuning.space import Space
from outvoted.search.arrays import Bools
from outvoted.search.settings import Settings

MILESTONES, EACH = 10, 50
RACING = Racing(("success",), ("maximise",), ("binomial",))


def share(hits: Bools) -> Measured:
    return Measured(float(hits.mean()), of=len(hits))


@dataclass
class Raced:
    """How a sweep went: which trials were stopped, the share of searches made, what each had in the end."""

    stopped: list[int]
    made: float
    finals: list[float]


def raced(rates: list[float], seed: int, racing: Racing = RACING) -> Raced:
    """Race trials whose searches succeed with the given probabilities, four at a time."""
    drawn = np.random.default_rng(seed).random((len(rates), MILESTONES * EACH)) < np.array(rates)[:, None]
    space: Space[Settings] = Space(Settings, "{}", (Dimension("x", low=0.0, high=1.0),))
    schedule = Schedule(RandomPoints(), space, Goals(("maximise",)), Order(len(rates), 4, 0, racing))
    running: list[StartTrial] = []
    made, stopped = 0, []
    while not isinstance(step := schedule.next(), Finished):
        if isinstance(step, StartTrial):
            running.append(step)
            continue
        assert isinstance(step, Wait)
        start = running.pop()
        assert start.race is not None
        hits = drawn[start.number]
        for milestone in range(1, MILESTONES + 1):
            so_far = share(hits[: milestone * EACH])
            if start.race.lost(milestone, MILESTONES, [so_far], []):
                stopped.append(start.number)
                break
        made += so_far.of
        outcome = STOPPED if start.number in stopped else FINISHED
        schedule.hear(TrialEnded(start.number, outcome, (so_far.value,)))
    return Raced(stopped, made / drawn.size, drawn.mean(1).tolist())


def test_the_eventual_best_is_stopped_no_more_often_than_the_stated_error() -> None:
    wrongly = 0
    for seed in range(200):
        rates = [0.5] * 8  # all alike: the hardest case
        found = raced(rates, seed)
        best = max(range(len(rates)), key=found.finals.__getitem__)
        wrongly += best in found.stopped
    assert wrongly / 200 <= RACING.error


def test_racing_saves_most_of_the_work_on_a_grid_of_which_few_are_good() -> None:
    rates = np.linspace(0.1, 0.7, 24)
    made = [raced(np.random.default_rng(seed).permutation(rates).tolist(), seed).made for seed in range(20)]
    assert np.mean(made) < 0.5


@given(hits=st.integers(0, 40), more=st.integers(0, 40), tail=st.floats(1e-6, 0.4))
def test_an_exact_interval_misses_a_share_no_more_often_than_it_says(
    hits: int, more: int, tail: float
) -> None:
    of = hits + more
    if of == 0:
        return
    low, high = clopper_pearson(hits, of, tail)
    assert 0 <= low <= hits / of <= high <= 1
    at_low = binomial_at_least(hits, of, low)
    assert hits == 0 or at_low == pytest.approx(tail, rel=1e-6)


def binomial_at_least(hits: int, of: int, share: float) -> float:
    from scipy.stats import binom

    return float(binom.sf(hits - 1, of, share))


def test_other_intervals_are_widened_as_they_were_made() -> None:
    symmetric, geometric = Measured(10.0, 8.0, 12.0, 10**6), Measured(10.0, 5.0, 20.0, 10**6)
    assert interval(symmetric, "other", 0.025) == pytest.approx((8, 12))
    assert interval(geometric, "other", 0.025) == pytest.approx((5, 20))
    assert interval(symmetric, "other", 1e-3) == pytest.approx((10 - 2 * 1.5767, 10 + 2 * 1.5767), rel=1e-3)
    low, high = interval(geometric, "other", 1e-3) or (0, 0)
    assert low * high == pytest.approx(100)
    assert low > 0
    assert interval(Measured(None), "other", 0.01) is None
    assert interval(Measured(3.0), "other", 0.01) is None


TWO = Racing(("success", "inferences"), ("maximise", "minimise"), ("binomial", "other"))


@pytest.mark.parametrize(
    ("success", "inferences", "lost"),
    [
        ((10, 200), (900.0, 880.0, 920.0), True),  # worse in both
        ((10, 200), (90.0, 80.0, 100.0), False),  # cheaper: may enter the front
        ((190, 200), (900.0, 880.0, 920.0), False),  # better: may enter the front
        ((98, 200), (310.0, 280.0, 340.0), False),  # nothing is sure yet
    ],
)
def test_with_several_objectives_only_what_cannot_enter_the_front_is_stopped(
    success: tuple[int, int], inferences: tuple[float, float, float], lost: bool
) -> None:
    race = Race(TWO, (Rival(0, (0.5, 300.0)), Rival(1, (0.9, 2000.0))))
    so_far = [Measured(success[0] / success[1], of=success[1]), Measured(*inferences, of=100)]
    assert bool(race.lost(2, 10, so_far, [])) == lost


def test_a_trial_that_surely_breaks_a_constraint_is_stopped_whoever_its_rivals_are() -> None:
    bound: tuple[Constraint, Form] = (Constraint.of("validity >= 0.97"), "binomial")
    race = Race(Racing(("success",), ("maximise",), ("binomial",), (bound,)), ())
    good = [Measured(0.9, of=500)]
    assert "breaks validity >= 0.97" in (race.lost(1, 10, good, [Measured(0.8, of=500)]) or "")
    assert race.lost(1, 10, good, [Measured(0.96, of=50)]) is None
    assert race.lost(1, 10, good, [Measured(None)]) is None


def test_nothing_is_stopped_before_its_grace_at_its_end_or_without_a_value() -> None:
    race = Race(Racing(("success",), ("maximise",), ("binomial",), grace=3), (Rival(0, (0.9,)),))
    hopeless = [Measured(0.01, of=500)]
    looks = [bool(race.lost(milestone, 5, hopeless, [])) for milestone in range(1, 6)]
    assert looks == [False, False, True, True, False]
    assert race.lost(3, 5, [Measured(None)], []) is None


@pytest.mark.parametrize("few", [Measured(5.0, 5.0, 5.0, 100), Measured(5.0, 4.9, 5.1, 6)])
def test_values_that_are_all_alike_or_of_few_seeds_stop_nobody(few: Measured) -> None:
    race = Race(Racing(("moves",), ("minimise",), ("other",)), (Rival(0, (1.0,)),))
    assert race.lost(1, 10, [few], []) is None
    assert race.lost(1, 10, [Measured(5.0, 4.9, 5.1, 60)], []) is not None


def test_no_race_is_lost_by_an_objective_that_has_no_interval() -> None:
    race = Race(
        Racing(("success", "cells"), ("maximise", "maximise"), ("binomial", None)), (Rival(0, (0.9, 50.0)),)
    )
    assert race.lost(1, 10, [Measured(0.1, of=500), Measured(3.0, of=500)], []) is None
