"""Rows of a sweep in their places."""

import numpy as np
import pytest

from outvoted.actors.sweeps.sweep_store import FAILED, STOPPED
from tests.analysis.sweeps.temperature.sweeps import arrange, layout, row

NAN = np.nan


def test_rows_find_their_places_by_rising_temperature_and_by_seed() -> None:
    rows = [row(t, s, e, test_accuracy=100 * t + 10 * s + e) for t in (4, 1) for s in (1, 0) for e in (2, 1)]
    found = arrange(rows, layout((4, 1), 2, 2)).curves["test_accuracy"]
    np.testing.assert_array_equal(found, [[[101, 102], [111, 112]], [[401, 402], [411, 412]]])


def test_lists_of_the_last_epoch_are_kept_and_those_before_left_out() -> None:
    rows = [row(1, 0, 1, gradient_median=[7.0, 8.0]), row(1, 0, 2)]
    found = arrange(rows, layout((1,), 1, 2))
    np.testing.assert_array_equal(found.gradient_median, [[[0.01, 0.02]]])
    np.testing.assert_array_equal(found.class_robustness, [[[[0.3, 0.5], [0.5, 0.7]]]])
    np.testing.assert_array_equal(found.correlation, [[[-0.7, -0.8, -0.75]]])
    np.testing.assert_array_equal(found.robustness, [[[[0.4, 0.6], [0.4, 0.6]]]])


def test_what_was_not_measured_is_nan() -> None:
    """A unit that failed, one stopped after its first epoch, one stopped before, one missing."""
    rows = [
        row(1, 0, 1, outcome=FAILED),
        row(1, 1, 1, outcome=STOPPED),
        row(2, 0, 0, outcome=STOPPED, robustness=None, test_accuracy=None),
    ]
    found = arrange(rows, layout((1, 2), 2, 2))
    np.testing.assert_array_equal(
        found.curves["test_accuracy"], [[[NAN, NAN], [0.9, NAN]], [[NAN, NAN], [NAN, NAN]]]
    )
    assert np.isnan(found.gradient_median).all()
    np.testing.assert_array_equal(found.robustness[0, 1], [[0.4, 0.6], [NAN, NAN]])


def test_none_within_a_row_is_nan() -> None:
    """As in a network that diverged, or without a pixel attack."""
    found = arrange([row(1, 0, 1, correlation=[-0.7, None, NAN], pixel_fooled=None)], layout((1,), 1))
    np.testing.assert_array_equal(found.correlation, [[[-0.7, NAN, NAN]]])
    assert found.pixel_fooled.shape == (1, 1, 2, 2)
    assert np.isnan(found.pixel_fooled).all()


def test_without_pixels_there_are_no_columns_for_them() -> None:
    found = arrange([row(1, 0, 1, pixel_fooled=None)], layout((1,), 1, pixels=0))
    assert found.fooled.shape == (1, 1, 0)


def test_fooled_is_the_mean_over_classes_that_were_attacked() -> None:
    found = arrange([row(1, 0, 1), row(1, 1, 1, pixel_fooled=[[NAN, NAN], [0.3, 0.5]])], layout((1,), 2))
    np.testing.assert_allclose(found.fooled, [[[0.2, 0.3], [0.3, 0.5]]])


@pytest.mark.filterwarnings("error")
def test_trained_temperatures_lie_near_the_best() -> None:
    accuracy = {0.5: (0.97, 0.93), 1: (0.98, 0.98), 4: (0.94, 0.94), 16: (0.1, NAN)}
    rows = [
        row(temperature, seed, 1, test_accuracy=value)
        for temperature, both in accuracy.items()
        for seed, value in enumerate(both)
    ]
    found = arrange(rows, layout((*accuracy, 64), 2))
    assert found.trained(0.031) == (0.5, 1)
    assert found.trained(0.05) == (0.5, 1, 4)
    assert found.trained(1) == (0.5, 1, 4, 16)
    assert arrange([row(1, 0, 1, outcome=FAILED)], layout((1,), 1)).trained(0.03) == ()
