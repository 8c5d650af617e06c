"""Kappa where it is undefined, and the consistency of errors by its definition."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from outvoted.analysis.studies.boundary.agreement import cohen_kappa, error_consistency, label_kappas
from outvoted.search.arrays import Ints

PAIR = arrays(np.int64, (2, 12), elements=st.integers(0, 3)).map(
    lambda said: np.hstack([said, [[0, 1], [1, 0]]])
)
"""Two raters, neither of whom gives one label alone."""


@settings(deadline=None)  # the first call loads much
@given(PAIR)
def test_raters_agree_fully_with_themselves_and_both_ways_alike(said: Ints) -> None:
    assert cohen_kappa(said[0], said[0]) == pytest.approx(1)
    matrix = label_kappas(said)
    assert matrix[0, 1] == matrix[1, 0]
    assert np.isnan(np.diag(matrix)).all()


def test_kappa_is_undefined_where_chance_gives_full_agreement() -> None:
    assert np.isnan(cohen_kappa(np.ones(3), np.ones(3)))
    assert np.isnan(cohen_kappa(np.empty(0), np.empty(0)))
    assert cohen_kappa(np.array([0, 1]), np.array([1, 0])) == -1


def test_error_consistency_is_that_of_geirhos() -> None:
    truth = np.zeros(20, np.int64)
    one, other = truth.copy(), truth.copy()
    one[:6] = 1
    other[2:10] = [1, 1, 2, 2, 1, 1, 1, 1]  # wrong together on four images, whatever the wrong label
    said = np.stack([truth, one, other])
    observed = 14 / 20  # 4 wrong together, 10 right together
    right_one, right_other = 14 / 20, 12 / 20
    expected = right_one * right_other + (1 - right_one) * (1 - right_other)
    found = error_consistency(said, 1, 3)
    assert found[1, 2] == pytest.approx((observed - expected) / (1 - expected))


def test_a_labeller_is_judged_by_the_other_labellers() -> None:
    labels = np.array([[0, 0, 1, 1], [0, 0, 1, 1], [0, 0, 1, 1], [1, 0, 1, 1]])
    network = np.array([[1, 0, 1, 1]])
    found = error_consistency(np.concatenate([labels, network]), 4, 2)
    assert found[3, 4] == pytest.approx(1)  # the last labeller errs where the network does
    assert found[0, 4] == pytest.approx(0)  # the first never errs


def test_without_other_labellers_nobody_is_right_or_wrong() -> None:
    said = np.array([[0, 1, 0], [0, 1, 1], [1, 1, 0]])
    alone = error_consistency(said, 1, 2)
    assert np.isnan(alone[0]).all()
    assert not np.isnan(alone[1, 2])
