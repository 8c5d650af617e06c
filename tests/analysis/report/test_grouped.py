"""Shares, means and rates of what comes in groups: worth, reciprocals, and how often intervals cover."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outvoted.analysis.report.grouped import independent, mean_in_groups, rate
from outvoted.analysis.report.numbers import interval, wilson


def test_the_interval_of_a_rate_is_that_of_its_reciprocal() -> None:
    found, spent = [3.0, 0.0, 1.0, 2.0], [10.0, 5.0, 30.0, 20.0]
    one, other = rate(found, spent), rate(spent, found)
    assert one[0] == pytest.approx(6 / 65)
    assert [1 / end for end in one if end] == pytest.approx([other[0], other[2], other[1]])


def test_rates_of_nothing_and_of_a_single_unit_have_no_interval() -> None:
    assert rate([], []) == rate([0.0], [0.0]) == (None, None, None)
    assert rate([0.0, 0.0], [2.0, 3.0]) == (0.0, None, None)
    assert rate([1.0], [4.0]) == (0.25, None, None)


def test_the_interval_of_a_rate_covers_it_nearly_as_often_as_it_says() -> None:
    rng, truth, inside = np.random.default_rng(0), 0.3, 0
    for _ in range(400):
        spent = rng.gamma(2, 10, 60)
        _, low, high = rate(rng.poisson(truth * spent), spent)
        inside += (low or 0) <= truth <= (high or 0)
    assert 0.91 < inside / 400 < 0.99


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=12))
def test_what_is_in_groups_is_worth_no_more_than_if_it_were_independent(drawn: list[tuple[int, int]]) -> None:
    groups = [(min(pair), max(pair)) for pair in drawn]
    hits, of = [one for one, _ in groups], [each for _, each in groups]
    assert 0 <= independent(hits, of) <= sum(of)
    assert independent(hits[::-1], of[::-1]) == pytest.approx(independent(hits, of))


def test_groups_that_are_all_alike_are_worth_one_each() -> None:
    assert independent([1, 0, 1, 1, 0], [1] * 5) == pytest.approx(5)
    assert independent([4, 0] * 500, [4] * 1000) == pytest.approx(1000, rel=0.01)
    assert independent([3], [5]) == 1


def test_groups_of_hits_alone_or_of_none_are_worth_one_each() -> None:
    """A seed on which all twenty searches succeed says no more than that it is an easy one."""
    assert independent([20] * 7, [20] * 7) == independent([0] * 7, [20] * 7) == 7
    assert independent([], []) == 0


def test_the_interval_of_a_share_in_groups_covers_it_as_often_as_it_says() -> None:
    rng, inside = np.random.default_rng(1), 0
    for _ in range(400):
        hits = rng.binomial(5, rng.beta(1.4, 0.6, 80))  # of mean 0.7
        low, high = wilson(hits.sum() / 400, independent(hits, [5] * 80))
        inside += low <= 0.7 <= high
    assert 0.92 < inside / 400 < 0.98


def test_means_of_groups_of_one_have_the_usual_interval() -> None:
    values = [3.0, 1.0, 2.5, 7.0]
    assert mean_in_groups(values, [1] * 4) == pytest.approx(interval(values))
    assert mean_in_groups([], []) == (None, None, None)
    assert mean_in_groups([6.0, 0.0], [2, 0]) == (3.0, None, None)


def test_the_interval_of_a_mean_in_groups_covers_it_as_often_as_it_says() -> None:
    rng, inside = np.random.default_rng(2), 0
    for _ in range(400):
        of = rng.integers(0, 6, 80)
        _, low, high = mean_in_groups(of * rng.normal(2, 1, 80) + rng.normal(0, np.sqrt(of)), of)
        inside += (low or 0) <= 2 <= (high or 0)
    assert 0.92 < inside / 400 < 0.98
