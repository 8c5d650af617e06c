"""How figures change with the temperature, by hand."""

import numpy as np
import pytest

from outvoted.analysis.sweeps.temperature.report import differences, trends

NAN = np.nan
TEMPERATURES = np.array([0.25, 1.0, 4.0, 16.0])


@pytest.mark.filterwarnings("error")
def test_trends_by_hand() -> None:
    """Ranks 2 1 3 4 against 1 2 3 4: 1 - 6 (1 + 1) / (4 15) = 0.8."""
    values = np.array(
        [
            [0.4, 0.2, NAN, 0.1, 0.5],
            [0.3, 0.1, 0.6, NAN, 0.5],
            [0.2, 0.3, 0.7, NAN, 0.5],
            [0.1, 0.4, 0.9, 0.2, 0.5],
        ]
    )
    np.testing.assert_allclose(trends(TEMPERATURES, values), [-1, 0.8, 1, NAN, NAN])


def test_differences_are_of_the_lowest_and_highest_that_any_seed_has() -> None:
    values = np.array([[NAN, NAN, NAN], [0.9, 0.8, NAN], [0.5, 0.5, 0.5], [0.2, NAN, 0.1]])
    np.testing.assert_allclose(differences(TEMPERATURES, values), [0.7, NAN, NAN])


def test_one_temperature_has_no_difference() -> None:
    np.testing.assert_array_equal(differences(TEMPERATURES[:1], np.array([[0.3, 0.4]])), [NAN, NAN])
    np.testing.assert_array_equal(differences(TEMPERATURES[:0], np.empty((0, 1))), [NAN])
