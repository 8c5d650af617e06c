"""Spearman's rho over images, and its interval over pairs."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from outvoted.analysis.studies.boundary.agreement import spearman

GRID = np.arange(60).reshape(12, 5)


def test_rho_is_that_of_scipy_and_lies_in_its_interval() -> None:
    random = np.random.default_rng(1)
    one = random.integers(0, 4, 60).astype(float)
    other = one + random.normal(0, 1, 60).round()
    rho, low, high = spearman(one, other, GRID)
    assert rho is not None
    assert low is not None
    assert high is not None
    assert rho == pytest.approx(spearmanr(one, other).statistic)
    assert low < rho < high


def test_whole_pairs_are_drawn() -> None:
    """If all images of a pair are alike, five of them say no more than one."""
    random = np.random.default_rng(2)
    one, other = random.normal(size=(2, 12))
    alone = spearman(one, other, np.arange(12).reshape(12, 1))
    repeated = spearman(np.repeat(one, 5), np.repeat(other, 5), GRID)
    assert repeated == pytest.approx(alone, abs=0.02)


def test_there_is_no_rho_where_all_images_are_alike() -> None:
    assert spearman(np.zeros(60), np.arange(60.0), GRID) == (None, None, None)


def test_the_same_seed_gives_the_same_interval() -> None:
    one = np.random.default_rng(3).normal(size=(2, 60))
    assert spearman(one[0], one[1], GRID, 5) == spearman(one[0], one[1], GRID, 5)
