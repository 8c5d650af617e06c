"""Whatever becomes of tasks: what hangs is ended, what is slow is let be, and nobody waits in silence."""

from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outvoted.cluster.ray.events import SaySentence, StopRun
from outvoted.cluster.ray.work_watch import ROOM_SECONDS, EndTask, TaskSigned, WorkWatch


class Machines:
    """Tasks as a watch sees them, a second at a time; each signs every five seconds."""

    def __init__(self, *names: str) -> None:
        self.now, self.watch, self.beats, self.cpu = 0.0, WorkWatch(0.0), 0, 0.0
        self.said: list[tuple[float, SaySentence]] = []
        self.ended: list[tuple[float, EndTask]] = []
        self.stopped: BaseException | None = None
        for name in names:
            self.watch.asked(name, name, self.now)

    def sign(self, *names: str, moves: bool = True, computes: bool = True) -> None:
        self.beats += moves
        self.cpu += 5.0 * computes
        for name in names:
            self.watch.signed(TaskSigned(name, "10.0.0.3", self.beats, self.cpu), self.now)

    def seconds(self, count: int) -> Iterator[int]:
        for second in range(count):
            self.now += 1
            yield second
            for order in self.watch.step(self.now, lambda: ["10.0.0.9"]):
                match order:
                    case SaySentence():
                        self.said.append((self.now, order))
                    case EndTask():
                        self.ended.append((self.now, order))
                        if not order.begun:
                            self.watch.asked(order.task, str(order.task), self.now)
                    case StopRun(error):
                        self.stopped = self.stopped or error

    @property
    def aloud(self) -> list[tuple[float, str]]:
        return [(when, one.text) for when, one in self.said if one.text is not None]


@pytest.mark.parametrize(
    ("signs", "moves", "computes", "by", "why"),
    [
        (False, False, False, 61, "has not answered for 61 s"),
        (True, False, False, 61, "has not answered for 61 s"),
        (True, False, True, 601, "has computed for 601 s without getting a step further"),
    ],
    ids=["stands still", "waits for ever", "computes for ever"],
)
def test_work_that_hangs_is_said_to_within_30_seconds_and_ended(
    signs: bool, moves: bool, computes: bool, by: int, why: str
) -> None:
    world = Machines("votes of a")
    world.sign("votes of a")
    for second in world.seconds(by + 5):
        if signs and second % 5 == 0 and not world.ended:
            world.sign("votes of a", moves=moves, computes=computes)
    when, first = world.aloud[0]
    assert when <= 30
    assert first.startswith("stalled for 25 s: node 10.0.0.9 is gone, ")
    ((ended, order),) = world.ended
    assert ended <= by + 5
    assert order.said == f"votes of a on node 10.0.0.3 {why}"


@settings(deadline=None, max_examples=50)
@given(every=st.integers(1, 100), steps=st.integers(1, 20))
def test_work_that_gets_further_is_never_ended(every: int, steps: int) -> None:
    world = Machines("training a")
    world.sign("training a")
    for second in world.seconds(every * steps):
        if second % 5 == 0:
            world.sign("training a", moves=second % every < 5)
    assert not world.ended
    assert world.stopped is None


def test_what_is_merely_slow_is_let_be_longer_each_time_that_it_was_ended() -> None:
    world, lived = Machines(), []
    for _ in range(4):
        world.watch.asked("a", "a", world.now)
        world.sign("a")
        began, before = world.now, len(world.ended)
        for _ in world.seconds(1000):
            if len(world.ended) > before:
                break
        lived.append(world.now - began)
    assert all(later > earlier for earlier, later in pairwise(lived))


def test_those_that_wait_for_room_wait_for_as_long_as_others_run() -> None:
    world = Machines("a", "b")
    for second in world.seconds(3 * int(ROOM_SECONDS)):
        if second % 5 == 0:
            world.sign("a")
    assert world.stopped is None
    world.watch.ended("a", world.now)
    for _ in world.seconds(int(ROOM_SECONDS) + 2):
        pass
    assert str(world.stopped).startswith("expected: room for b within 600 s")
    assert "b has not begun, though others have ended" in world.aloud[-1][1]
    assert any(3 * ROOM_SECONDS < when <= 3 * ROOM_SECONDS + 30 for when, _ in world.aloud)


def test_before_any_has_begun_all_wait_for_room() -> None:
    world = Machines("a", "b")
    for _ in world.seconds(30):
        pass
    assert world.aloud == [(25, "stalled for 25 s: node 10.0.0.9 is gone, waiting for room for a and 1 more")]


@pytest.mark.parametrize("trials", [False, True])
def test_what_was_given_to_a_process_that_stands_still_is_taken_back(trials: bool) -> None:
    world = Machines()
    world.watch = WorkWatch(0.0, ends_unbegun=not trials)
    for name in ("a", "b", "c"):
        world.watch.asked(name, name, 0.0)
    world.sign("a", "b")
    world.watch.ended("b", 0.0)
    for second in world.seconds(125):
        if second % 5 == 0:
            world.sign("a")
    if trials:
        assert world.ended == []
        return
    ((when, order),) = world.ended
    assert (order.task, order.begun, when) == ("c", False, 122)
    assert order.said == "c has not begun for 121 s, though others have ended"
    world.sign("c")
    for second in world.seconds(200):
        if second % 5 == 0:
            world.sign("a", "c")
    assert len(world.ended) == 1


def test_it_is_said_when_work_goes_on_again_and_what_was_ended_is_not_heard() -> None:
    world = Machines("a")
    world.sign("a")
    for second in world.seconds(40):
        if second % 5 == 0:
            world.sign("a", moves=second > 30)
    assert [text for _, text in world.aloud][1:] == ["the run goes on, after 35 s"]
    assert world.said[-1][1] == SaySentence(None, state=True)
    world.watch.ended("a", world.now)
    world.sign("a")
    world.watch.told("a", world.now)
    assert not world.watch.tasks
