"""Linear, nonlinear, saturated: the bounds against root finding, the counts against plain loops."""

import math

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import expit

from outvoted.analysis.sweeps.temperature.robustness import (
    linear_bound,
    regime_counts,
    regime_shares,
    saturated_bound,
)
from outvoted.search.errors import OutvotedError

PAPER = [2.0**power for power in range(-6, 5)]
temperatures = st.floats(1 / 64, 1000)


def distance(net: float, temperature: float) -> float:
    """From (net, f(net)) to the tangent at 0, a line a x + b y + c = 0, by the textbook's formula."""
    a, b, c = 1 / (4 * temperature), -1, 0.5
    return float(abs(a * net + b * expit(net / temperature) + c) / math.hypot(a, b))


def derivative(net: float, temperature: float) -> float:
    return float(expit(net / temperature) * expit(-net / temperature) / temperature)


@pytest.mark.parametrize("temperature", PAPER)
def test_bounds_are_the_roots_that_scipy_finds(temperature: float) -> None:
    r1 = brentq(lambda net: distance(net, temperature) - 0.05, 0, 1000, xtol=1e-13)
    r2 = brentq(lambda net: derivative(net, temperature) - 0.0005, 0, 1000, xtol=1e-13)
    assert linear_bound(temperature) == pytest.approx(r1, rel=1e-9)
    assert saturated_bound(temperature) == pytest.approx(r2, rel=1e-9)


@given(temperatures, st.floats(0.001, 1), st.floats(0.00001, 0.1))
def test_thresholds_are_met_at_the_bounds(temperature: float, near: float, flat: float) -> None:
    assert distance(linear_bound(temperature, near), temperature) == pytest.approx(near, rel=1e-6)
    r2 = saturated_bound(temperature, flat)
    if r2 == 0:
        assert derivative(0, temperature) <= flat
    else:
        assert derivative(r2, temperature) == pytest.approx(flat, rel=1e-6)


def test_the_distance_grows_up_to_the_bound_and_beyond() -> None:
    nets = np.linspace(0, 10, 2001)
    for temperature in PAPER:
        within = np.array([distance(net, temperature) <= 0.05 for net in nets])
        assert (within == (nets <= linear_bound(temperature))).all()


@given(temperatures, temperatures)
def test_the_linear_bound_grows_with_the_temperature(one: float, other: float) -> None:
    low, high = sorted([one, other])
    assume(low < 0.999 * high)
    assert linear_bound(low) < linear_bound(high)


@given(temperatures, st.floats(0.001, 1), st.floats(0.001, 1))
def test_bounds_are_monotone_in_the_threshold(temperature: float, one: float, other: float) -> None:
    low, high = sorted([one, other])
    assert linear_bound(temperature, low) <= linear_bound(temperature, high)
    assert saturated_bound(temperature, low) >= saturated_bound(temperature, high)


def test_thresholds_of_the_paper_leave_room_for_the_nonlinear() -> None:
    assert all(linear_bound(temperature) < saturated_bound(temperature) for temperature in PAPER)


@pytest.mark.parametrize("temperature", [0, -1, math.nan, math.inf])
def test_a_temperature_that_is_not_above_0_is_refused(temperature: float) -> None:
    for bound in (linear_bound, saturated_bound):
        with pytest.raises(OutvotedError, match="a temperature above 0"):
            bound(temperature)
        with pytest.raises(OutvotedError, match="a threshold above 0"):
            bound(1.0, temperature)
    with pytest.raises(OutvotedError, match="a temperature above 0"):
        regime_counts(torch.zeros(1, 2, 3), [temperature])


def test_each_network_has_its_temperature() -> None:
    with pytest.raises(OutvotedError, match="3 temperatures"):
        regime_counts(torch.zeros(2, 2, 3), [1.0, 2.0, 3.0])


def regime(net: float, temperature: float) -> int:
    """By the definitions: flat or not, then near the tangent or not."""
    if derivative(net, temperature) <= 0.0005:
        return 2
    return int(distance(net, temperature) > 0.05)


@given(st.lists(st.sampled_from([*PAPER, 350.0, 500.0]), min_size=1, max_size=4), st.integers(0, 99))
def test_counts_are_those_of_a_plain_loop(chosen: list[float], seed: int) -> None:
    random = torch.Generator().manual_seed(seed)
    scales = torch.tensor(chosen, dtype=torch.float64).view(-1, 1, 1)
    nets = 4 * scales * torch.randn(len(chosen), 6, 5, generator=random, dtype=torch.float64)
    expected = np.zeros((len(chosen), 3), np.int64)
    for index, temperature in enumerate(chosen):
        for net in nets[index].flatten().tolist():
            expected[index, regime(net, temperature)] += 1
    found = regime_counts(nets, chosen)
    assert found.dtype == torch.int64
    assert (found.numpy() == expected).all()
    assert (regime_counts(-nets, chosen) == found).all()


@given(st.lists(temperatures, min_size=1, max_size=4), st.integers(1, 7), st.integers(0, 99))
def test_batches_add_up_and_fractions_sum_to_one(chosen: list[float], cut: int, seed: int) -> None:
    nets = 20 * torch.randn(len(chosen), 8, 5, generator=torch.Generator().manual_seed(seed))
    whole = regime_counts(nets, chosen)
    assert (regime_counts(nets[:, :cut], chosen) + regime_counts(nets[:, cut:], chosen) == whole).all()
    assert (whole.sum(1) == 8 * 5).all()
    torch.testing.assert_close(regime_shares(whole).sum(1), torch.ones(len(chosen), dtype=torch.float64))


def test_where_linear_and_saturated_meet_saturated_goes_first() -> None:
    r1, r2 = linear_bound(350.0), saturated_bound(350.0)
    assert 0 < r2 < r1
    nets = torch.tensor([0.0, r2 * 0.99, r2 * 1.01, r1 * 0.99, r1 * 1.01, math.inf]).view(1, 2, 3)
    assert regime_counts(nets, [350.0]).tolist() == [[2, 0, 4]]
    assert regime_counts(nets, [500.0]).tolist() == [[0, 0, 6]]


def test_nan_is_in_no_regime() -> None:
    nets = torch.tensor([[[math.nan, 0.0]], [[math.nan, math.nan]]])
    found = regime_counts(nets, [1.0, 1.0])
    assert found.tolist() == [[1, 0, 0], [0, 0, 0]]
    assert regime_shares(found)[0].tolist() == [1, 0, 0]
    assert regime_shares(found)[1].isnan().all()
