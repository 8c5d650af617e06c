"""Laws of whoever watches the head: nobody waits for it in silence, and nobody waits for it for ever."""

import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from outvoted.cluster.ray import head
from outvoted.cluster.ray.head import (
    RAYS_OWN,
    SAID_SECONDS,
    HeadLostError,
    HeadSilence,
    answers,
    head_watched,
    patience,
)
from outvoted.search.errors import OutvotedError


def _heard(seconds: int, silence: HeadSilence, *, back: int = 10**6) -> dict[int, tuple[str | None, str]]:
    """Return what is said in which second, of a head that answers only from a second on."""
    news = {second: silence.hear(second >= back, float(second)) for second in range(1, seconds + 1)}
    return {second: said for second, said in news.items() if said is not None}


def test_silence_is_said_in_time_and_again_at_twice_the_age(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(RAYS_OWN, "1020")
    said = _heard(120, HeadSilence("h:1", False, 0.0))
    assert list(said) == [25, 50, 100]
    stands, sentence = said[25]
    assert stands == "the head of the cluster at h:1 has not answered for 25 s"
    assert sentence == f"{stands}; the run ends if it stays away for 1000 s"


def test_a_head_that_answers_is_no_news_and_one_that_answers_again_is() -> None:
    assert not _heard(100, HeadSilence("h:1", False, 0.0), back=1)
    said = _heard(100, HeadSilence("h:1", False, 0.0), back=40)
    assert said[40] == (None, "the head of the cluster at h:1 answers again, after 40 s")
    assert list(said) == [25, 40]


def test_a_head_is_lost_once_it_was_away_for_long() -> None:
    for alone, limit in ((False, 40), (True, 25)):
        silence = HeadSilence("h:1", alone, 0.0)
        _heard(limit - 1, silence)
        assert not silence.lost
        silence.hear(False, float(limit))
        assert silence.lost
        assert "--resume" in silence.error.remedy
        assert f"{limit} s" in silence.error.found
        assert ("h:1" in silence.error.expected) is not alone


def test_a_run_gives_up_before_ray_would_end_its_process(monkeypatch: pytest.MonkeyPatch) -> None:
    for given, limit in ((None, 40.0), ("600", 580.0), ("30", SAID_SECONDS), ("soon", 40.0)):
        monkeypatch.delenv(RAYS_OWN, raising=False)
        if given is not None:
            monkeypatch.setenv(RAYS_OWN, given)
        assert patience(alone=False) == limit
        assert patience(alone=True) == SAID_SECONDS


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    """Something that takes connections."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def _address(server: socket.socket) -> str:
    return f"127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize(("greeting", "alive"), [(b"\0\0\0\4\0\0\0\0\0", True), (b"", False)])
def test_a_head_lives_that_greets(greeting: bytes, alive: bool, listening: socket.socket) -> None:
    def greet() -> None:
        line, _ = listening.accept()
        with line:
            line.recv(1)
            line.sendall(greeting)

    threading.Thread(target=greet, daemon=True).start()
    assert answers(_address(listening)) is alive


def test_a_head_that_stands_still_or_is_gone_does_not_answer(listening: socket.socket) -> None:
    assert not answers(_address(listening), 0.05)  # its system takes the connection; nobody says a word
    listening.close()
    assert not answers("127.0.0.1:1")
    assert not answers("nonsense")


@dataclass
class _Run:
    """What one run was told."""

    stands: list[str | None] = field(default_factory=list)
    aloud: list[str] = field(default_factory=list)
    closed: list[OutvotedError] = field(default_factory=list)

    def say(self, how: str | None, aloud: str | None) -> None:
        self.stands.append(how)
        self.aloud += [] if aloud is None else [aloud]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A head that can be silenced, in a world where seconds are short; and how the command was ended."""
    world = SimpleNamespace(answers=True, ended=[])
    context = SimpleNamespace(gcs_address="h:1")
    monkeypatch.setattr("ray.get_runtime_context", lambda: context)
    monkeypatch.setattr(head, "answers", lambda address: world.answers)
    monkeypatch.setattr(head, "end_command", world.ended.append)
    for name, seconds in (("SAID_SECONDS", 0.05), ("_PAUSE_SECONDS", 0.01), ("ENDING_SECONDS", 0.2)):
        monkeypatch.setattr(head, name, seconds)
    return world


def _work() -> None:
    while True:
        time.sleep(0.001)


def test_a_run_that_lost_the_head_ends_wherever_it_is(quick: SimpleNamespace) -> None:
    run = _Run()
    quick.answers = False
    with pytest.raises(HeadLostError), head_watched(run.say, run.closed.append, alone=True):
        _work()
    assert len(run.aloud) == 1
    assert not run.closed
    assert not quick.ended
    assert not head._watches


def test_a_run_within_a_run_hears_the_same_and_says_nothing_twice(quick: SimpleNamespace) -> None:
    outer, inner, ended = _Run(), _Run(), []

    def part() -> None:
        try:
            with head_watched(inner.say, inner.closed.append, alone=True):
                _work()
        except OutvotedError as error:  # as `recorded` does, which writes down how each run ends
            ended.append(error)
            raise

    quick.answers = False
    with pytest.raises(HeadLostError), head_watched(outer.say, outer.closed.append, alone=True):
        part()
    assert ended
    assert outer.stands == inner.stands
    assert len(outer.aloud) == 1
    assert not inner.aloud


def test_a_call_that_never_returns_does_not_keep_the_command(quick: SimpleNamespace) -> None:
    run = _Run()
    quick.answers = False
    with pytest.raises(HeadLostError), head_watched(run.say, run.closed.append, alone=True):
        threading.Event().wait(1.0)
    assert [type(error) for error in (*run.closed, *quick.ended)] == [HeadLostError, HeadLostError]


def test_what_fails_while_the_head_is_away_is_the_heads_fault(quick: SimpleNamespace) -> None:
    for away, raised in ((False, ValueError), (True, HeadLostError)):
        quick.answers = not away
        with pytest.raises(raised), head_watched(_Run().say, _Run().closed.append, alone=True):
            raise ValueError("from Ray")


def test_a_run_whose_raylet_has_ended_says_so_before_ray_ends_it(
    quick: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, process = _Run(), subprocess.Popen(["sleep", "60"])
    monkeypatch.setattr(head, "raylet", lambda: process.pid)
    assert not head.has_ended(process.pid)
    process.kill()
    with pytest.raises(HeadLostError, match="raylet"), head_watched(run.say, run.closed.append, alone=False):
        _work()
    assert head.has_ended(process.pid)  # though nobody has taken note of its end
    process.wait()
    assert head.has_ended(process.pid)


def test_nothing_comes_after_the_end(quick: SimpleNamespace) -> None:
    for _ in range(20):
        quick.answers = False
        try:
            with head_watched(_Run().say, _Run().closed.append, alone=True):
                time.sleep(0.05)  # about when it gives up
        except HeadLostError:
            pass
        time.sleep(0.02)
    assert not head._watches
