"""Whether one figure falls as another rises."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr

from outvoted.analysis.report.claims import monotonic

FIVE = (1.0, 2.0, 3.0, 4.0, 5.0)
Figures = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=3, max_size=6)


def test_five_settings_in_perfect_order_decide() -> None:
    falling, rising = monotonic(FIVE, FIVE[::-1]), monotonic(FIVE, FIVE)
    assert (falling.coefficient, rising.coefficient) == pytest.approx((-1, 1))
    assert falling.p == rising.p == pytest.approx(2 / 120)
    assert (falling.falls, rising.falls) == ("holds", "does not hold here")
    assert falling.chance == pytest.approx((-0.9, 0.9))


def test_one_swap_among_five_settings_leaves_it_undecided() -> None:
    found = monotonic(FIVE, (5.0, 4.0, 3.0, 1.0, 2.0))
    assert found.coefficient == pytest.approx(-0.9)
    assert found.p == pytest.approx(2 * 5 / 120)
    assert found.falls == "undecided"


def test_four_settings_never_decide() -> None:
    assert {monotonic(range(4), order).falls for order in permutations(range(4))} == {"undecided"}


@given(Figures)
@settings(max_examples=40)
def test_the_coefficient_is_spearmans_ties_and_all(pairs: list[tuple[int, int]]) -> None:
    first, second = zip(*pairs, strict=True)
    found = monotonic(first, second)
    if len(set(first)) == 1 or len(set(second)) == 1:
        assert found.coefficient is None
        assert found.falls == "undecided"
    else:
        assert found.coefficient == pytest.approx(spearmanr(first, second).statistic)
        assert found == monotonic(first, second)


def test_many_settings_are_shuffled_always_alike() -> None:
    rng = np.random.default_rng(3)
    first = rng.random(20)
    second = -first + 0.3 * rng.random(20)
    found = monotonic(first.tolist(), second.tolist())
    assert found == monotonic(first.tolist(), second.tolist())
    assert found.falls == "holds"
    assert found.p is not None
    assert 0 < found.p < 0.01
    low, high = found.chance or (0, 0)
    assert -0.6 < low < -0.3
    assert 0.3 < high < 0.6


@pytest.mark.parametrize("settings", [0, 1, 2])
def test_fewer_than_three_settings_have_no_order(settings: int) -> None:
    found = monotonic(range(settings), range(settings))
    assert (found.settings, found.coefficient, found.falls) == (settings, None, "undecided")
