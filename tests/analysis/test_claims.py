"""Intervals and verdicts, against numbers worked out by hand or looked up in tables."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from outvoted.analysis.report.claims import Claim, Side, ratio_interval, verdict
from outvoted.analysis.report.numbers import interval

VALUES = st.lists(st.floats(-1, 1), min_size=2, max_size=20)


def test_an_interval_is_students() -> None:
    # mean 2, standard deviation 1, three values: t(0.975, 2) = 4.3027, over the root of 3
    assert interval([1, 2, 3]) == pytest.approx((2, 2 - 2.4842, 2 + 2.4842), abs=1e-4)


def test_an_interval_is_the_one_of_a_t_test() -> None:
    values = np.random.default_rng(0).normal(size=8)
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert interval(values)[1:] == pytest.approx((expected.low, expected.high))


def test_what_is_not_a_number_is_passed_over() -> None:
    assert interval([1, np.nan, 2, 3]) == interval([1, 2, 3])


def test_one_value_has_a_mean_and_no_interval_and_none_has_neither() -> None:
    assert interval([0.5]) == (0.5, None, None)
    assert interval([np.nan]) == (None, None, None)
    assert interval([]) == (None, None, None)


@given(VALUES)
def test_an_interval_holds_its_mean_and_turns_round_with_its_values(values: list[float]) -> None:
    mean, low, high = interval(values)
    assert mean is not None
    assert low is not None
    assert high is not None
    assert low <= mean <= high
    assert interval([-value for value in values]) == (-mean, -high, -low)


def test_a_ratio_of_deviations_is_fishers() -> None:
    # variances 4 and 1 with 9 degrees of freedom each: F(0.975; 9, 9) = 4.026
    wanted = (2, (4 / 4.026) ** 0.5, (4 * 4.026) ** 0.5)
    assert ratio_interval([4], [1], (9, 9)) == pytest.approx(wanted, rel=1e-3)


@pytest.mark.parametrize(
    ("above", "below", "dof"), [([], [], (0, 0)), ([1.0], [0.0], (2, 2)), ([0.0], [1.0], (2, 2))]
)
def test_there_is_no_ratio_of_nothing(above: list[float], below: list[float], dof: tuple[int, int]) -> None:
    assert ratio_interval(above, below, dof) == (None, None, None)


@pytest.mark.parametrize(
    ("low", "high", "side", "bound", "expected"),
    [
        (0.1, 0.3, "above", 0, "holds"),
        (0.1, 0.3, "below", 0, "does not hold here"),
        (-0.3, -0.1, "above", 0, "does not hold here"),
        (-0.3, -0.1, "below", 0, "holds"),
        (-0.1, 0.5, "above", 0, "undecided"),
        (-0.41, -0.39, "below", -0.5, "does not hold here"),
        (-0.91, -0.89, "below", -0.5, "holds"),
        (0.8, 1.2, "above", 1, "undecided"),
        (0.8, 0.95, "above", 1, "does not hold here"),
        (0.0, 0.0, "above", 0, "undecided"),
        (-1.0, -1.0, "below", 0, "holds"),
        (None, None, "above", 0, "undecided"),
    ],
)
def test_a_verdict_needs_the_whole_interval_on_one_side(
    low: float | None, high: float | None, side: Side, bound: float, expected: str
) -> None:
    assert verdict((0.2, low, high), side, bound) == expected


def test_a_claim_is_judged_by_its_own_side_and_bound() -> None:
    claim = Claim("text", "basis", "r", side="below", bound=-0.5, unit="correlation")
    assert (claim.effect, claim.verdict) == (None, "undecided")
    found = claim.judged((-0.8, -0.9, -0.7), "here", single=True)
    assert (found.effect, found.low, found.high) == (-0.8, -0.9, -0.7)
    assert (found.verdict, found.where, found.single) == ("holds", "here", True)
    assert (found.text, found.computed_from, found.measure) == ("text", "basis", "r")
    assert claim.judged((-0.4, -0.45, -0.35)).verdict == "does not hold here"
