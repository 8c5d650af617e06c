"""A limit follows from how long calls took, is never below its floor, and lets what is merely slow end."""

from hypothesis import given
from hypothesis import strategies as st

from outvoted.cluster.ray.pace import Pace


@given(took=st.lists(st.floats(0, 1e4), max_size=200))
def test_no_call_is_late_that_takes_no_longer_than_those_before(took: list[float]) -> None:
    pace = Pace(30, 600)
    for seconds in took:
        pace.took(seconds)
        assert pace.limit() >= max(30, 3 * seconds)


def test_little_is_known_before_three_calls_have_ended() -> None:
    pace = Pace(30, 600)
    limits = []
    for _ in range(4):
        limits.append(pace.limit())
        pace.took(1)
    assert limits == [600, 600, 600, 30]


@given(slow=st.floats(31, 470))
def test_what_is_slow_but_works_ends_at_last(slow: float) -> None:
    pace = Pace(30)
    tries = 0
    while slow > pace.limit():
        pace.give_up()
        tries += 1
        assert tries <= 4
    pace.took(slow)
    assert pace.limit() == 3 * slow


def test_what_was_long_ago_is_forgotten() -> None:
    pace = Pace(30)
    pace.took(1000)
    for _ in range(100):
        pace.took(1)
    assert pace.limit() == 30
