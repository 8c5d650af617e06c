"""Numbers of a report: their intervals by hand or looked up in tables, and how they are written."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from outvoted.analysis.report.numbers import (
    COUNT,
    DECIMAL,
    PERCENT,
    SHARE,
    Beside,
    Form,
    Number,
    Proportion,
    Spread,
    interval,
    nan_mean,
    proportion,
    spread,
)

NAN = np.nan
VALUES = st.lists(st.floats(-1, 1), min_size=2, max_size=20)


@pytest.mark.filterwarnings("error")
def test_a_spread_is_of_what_is_there() -> None:
    assert spread([1.0, 2.0, NAN, 3.0]) == Spread(2.0, 1.0)
    assert spread(pd.Series([0.5, None], dtype=float)) == Spread(0.5, None)
    assert spread([NAN]) == spread([]) == Spread(None, None)


@pytest.mark.filterwarnings("error")
def test_means_over_an_axis_leave_out_what_is_not_there() -> None:
    values = np.array([[1.0, NAN, NAN], [3.0, 5.0, NAN]])
    np.testing.assert_array_equal(nan_mean(values, 0), [2, 5, NAN])
    np.testing.assert_array_equal(nan_mean(values, 1), [1, 4])


def test_the_interval_is_wilsons() -> None:
    n, p, z = 50, 0.2, 1.959963984540054
    middle, half = (p + z**2 / (2 * n)), z * (p * (1 - p) / n + z**2 / (4 * n**2)) ** 0.5
    found = proportion(10, 50)
    low, high = ((middle + side) / (1 + z**2 / n) for side in (-half, half))
    assert (found.value, found.low, found.high) == pytest.approx((p, low, high))
    assert Form(0, 100)(found) == "20 (11–33)"


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


@pytest.mark.parametrize(
    ("form", "value", "text"),
    [
        (COUNT, 12345, "12,345"),
        (COUNT, 12344.6, "12,345"),
        (DECIMAL, 2.96, "3.0"),
        (SHARE, 0.4123, "41.2%"),
        (PERCENT, Spread(0.4123, 0.008), "41.2 ± 0.8"),
        (SHARE, Spread(0.5, 0.1), "50.0 ± 10.0%"),
        (Form(1, 100, "+"), Spread(0.05, None), "+5.0"),
        (Form(1, 100, "+"), Spread(0.05, 0.01), "+5.0 ± 1.0"),
        (Form(0, 100), Proportion(5, 25, 0.2, 0.109, 0.33), "20 (11–33)"),
        (Form(2), (0.5, 0.25, 0.75), "0.50 ± 0.25"),
        (Form(2), (0.5, 0.25, 1.5), "0.50 (0.25–1.50)"),
        (SHARE, (0.5, 0.25, 1.0), "50.0% (25.0–100.0)"),
        (Form(2), (0.5, None, None), "0.50"),
        (COUNT, Beside(507.4, 63), "507 [63]"),
        (COUNT, Beside(507.4, None), "507"),
        (COUNT, "already written", "already written"),
    ],
)
def test_every_number_is_written_in_one_way(form: Form, value: Number | str, text: str) -> None:
    assert form(value) == text


@pytest.mark.parametrize(
    "value", [None, Spread(None, None), Proportion(0, 0, None, None, None), (None, None, None)]
)
def test_what_was_not_measured_is_a_dash(value: Number) -> None:
    for form in (COUNT, DECIMAL, SHARE, Form(2, sign="+")):
        assert form(value) == "–"


def test_the_ends_of_an_interval_are_written_alike() -> None:
    assert Form(1, 100, "+").span(-0.01, 0.03) == "-1.0 to +3.0"
    assert PERCENT.span(None, 0.03) == "–"
