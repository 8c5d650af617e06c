"""Comparing what peers answer."""

import numpy as np

from outvoted.search.messages import Answers


def assert_same(one: Answers, other: Answers) -> None:
    """Compare answers bit by bit."""
    assert one.score.dtype == other.score.dtype == np.float32
    assert one.predicted.dtype == other.predicted.dtype == np.int16
    assert one.score.tobytes() == other.score.tobytes()
    assert one.predicted.tobytes() == other.predicted.tobytes()
    assert (one.gradient is None) == (other.gradient is None)
    assert (
        one.gradient is None or other.gradient is None or one.gradient.tobytes() == other.gradient.tobytes()
    )
