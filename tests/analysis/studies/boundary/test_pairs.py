"""Pairs of classes, and the way between them."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from outvoted.analysis.studies.boundary.study import Pairs, interpolate
from outvoted.search.arrays import Floats
from outvoted.search.errors import OutvotedError

VECTORS = arrays.arrays(np.float64, 100, elements=st.floats(-4, 4))


def test_the_usual_pairs_are_fifteen_with_every_class_three_times() -> None:
    pairs = Pairs().of(10)
    assert len(set(pairs)) == 15
    assert all(first < second for first, second in pairs)
    assert Counter(label for pair in pairs for label in pair) == dict.fromkeys(range(10), 3)


@given(first=VECTORS, second=VECTORS)
def test_a_way_leads_straight_from_end_to_end(first: Floats, second: Floats) -> None:
    alphas = Pairs().alphas
    way = interpolate(first, second, alphas)
    assert alphas.tolist() == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1])
    assert np.array_equal(way[0], first)
    assert np.array_equal(way[-1], second)
    np.testing.assert_allclose(np.diff(way, axis=0), np.tile((second - first) / 10, (10, 1)), atol=1e-12)


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ([(3, 1)], r"i < j in every pair, not \[3, 1\]"),
        ([(2, 2)], r"i < j in every pair, not \[2, 2\]"),
        ([(0, 1), (0, 1)], r"every pair once, not \[0, 1\] 2 times"),
        ([(0, 1), (0, 2)], "class 0 comes 2 times, class 2 1|class 0 comes 2 times, class 1 1"),
        ([(-1, 2)], "at least 0"),
    ],
)
def test_pairs_that_break_the_design_are_refused(chosen: list[tuple[int, int]], said: str) -> None:
    with pytest.raises(OutvotedError, match=said):
        Pairs(chosen=tuple(chosen))


def test_pairs_can_be_chosen() -> None:
    pairs = Pairs(chosen=((0, 1), (1, 2), (0, 2)))
    assert pairs.of(3) == ((0, 1), (1, 2), (0, 2))
    assert pairs.of(10) == ((0, 1), (1, 2), (0, 2))


def test_other_than_ten_classes_need_pairs_of_their_own() -> None:
    with pytest.raises(OutvotedError, match="none, for the 3 classes"):
        Pairs().of(3)
    with pytest.raises(OutvotedError, match=r"found: +\[1, 2\]"):
        Pairs(chosen=((0, 1), (1, 2), (0, 2))).of(2)
