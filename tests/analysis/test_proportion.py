"""Shares with their intervals."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outvoted.analysis.report.numbers import proportion


def test_the_interval_is_wilsons() -> None:
    n, p, z = 50, 0.2, 1.959963984540054
    middle, half = (p + z**2 / (2 * n)), z * (p * (1 - p) / n + z**2 / (4 * n**2)) ** 0.5
    found = proportion(10, 50)
    low, high = ((middle + side) / (1 + z**2 / n) for side in (-half, half))
    assert (found.value, found.low, found.high) == pytest.approx((p, low, high))
    assert found.percent() == "20 (11–33)"


@settings(deadline=None)
@given(st.integers(1, 10**6).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_a_share_lies_within_its_interval(counts: tuple[int, int]) -> None:
    found = proportion(*counts)
    assert found.value is not None
    assert found.low is not None
    assert found.high is not None
    assert 0 <= found.low <= found.value + 1e-12
    assert found.value - 1e-12 <= found.high <= 1
    assert found.high > found.low


def test_of_nothing_there_is_no_share() -> None:
    found = proportion(0, 0)
    assert (found.value, found.low, found.high) == (None, None, None)
    assert found.percent() == "–"
