"""Mean and deviation, by hand."""

import numpy as np
import pandas as pd
import pytest

from outvoted.analysis.report.numbers import Spread, spread

NAN = np.nan


@pytest.mark.filterwarnings("error")
def test_a_spread_is_of_what_is_there() -> None:
    assert spread([1.0, 2.0, NAN, 3.0]) == Spread(2.0, 1.0)
    assert spread(pd.Series([0.5, None], dtype=float)) == Spread(0.5, None)
    assert spread([NAN]) == spread([]) == Spread(None, None)


def test_it_is_written_in_percent() -> None:
    assert Spread(0.4123, 0.008).percent() == "41.2 ± 0.8"
    assert Spread(0.05, None).percent("+") == "+5.0"
    assert Spread(None, None).percent() == "–"
