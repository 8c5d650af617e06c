"""Means of what is there, against numbers worked out by hand."""

import numpy as np
import pytest

from outvoted.analysis.sweeps.temperature.measurements import mean

NAN = np.nan


@pytest.mark.filterwarnings("error")
def test_means_leave_out_what_is_not_there() -> None:
    values = np.array([[1.0, NAN, NAN], [3.0, 5.0, NAN]])
    np.testing.assert_array_equal(mean(values, 0), [2, 5, NAN])
    np.testing.assert_array_equal(mean(values, 1), [1, 4])
