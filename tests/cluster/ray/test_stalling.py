"""Stalls are told: not too early, not too often, with the machines that are gone, and when they are over."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outvoted.cluster.ray.stalling import Stall


class Watched:
    """A stall with a clock and machines that are set by hand, and what it said."""

    def __init__(self, **machines: bool) -> None:
        self.now, self.said = 0.0, list[str]()
        self.machines = machines or {"10.0.0.1": True}
        self.stall = Stall(self.said.append, lambda: self.now, lambda: self.machines)

    def after(self, seconds: float, state: object) -> list[str]:
        """Let time pass, a state be heard twice a second, and return what was said meanwhile."""
        before, end = len(self.said), self.now + seconds
        while self.now < end:
            self.now += 0.5
            self.stall.hear(state)
        return self.said[before:]


@given(gaps=st.lists(st.floats(1, 80), max_size=20))
def test_a_run_that_goes_on_is_never_called_stalled(gaps: list[float]) -> None:
    run = Watched()
    assert not any(run.after(gap, number) for number, gap in enumerate(gaps))


def test_a_stall_is_told_within_two_minutes_and_then_ever_more_rarely() -> None:
    run = Watched()
    run.after(1, 0)
    assert [text.split(":")[0] for text in run.after(120, 0)] == ["no search has ended for 90 s"]
    assert len(run.after(3600, 0)) == 5


def test_its_end_is_told_once() -> None:
    run = Watched()
    run.after(100, 0)
    assert run.after(10, 1) == ["the run goes on, after 100 s"]
    assert run.after(60, 2) == []


@pytest.mark.parametrize(
    ("machines", "said"),
    [
        ({"10.0.0.1": True, "10.0.0.2": True}, "all machines are there"),
        ({"10.0.0.1": True, "10.0.0.3": False}, "machine 10.0.0.3 is gone, 1 is left"),
        ({f"10.0.0.{n}": n > 4 for n in range(9)}, "machines 10.0.0.0, 10.0.0.1, 10.0.0.2, ... are gone"),
    ],
)
def test_machines_that_are_gone_are_named(machines: dict[str, bool], said: str) -> None:
    run = Watched(**machines)
    (text,) = run.after(100, 0)
    assert said in text
