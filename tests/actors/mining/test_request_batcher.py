"""Joining the questions of several shards changes no answer and leaves no one waiting."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outvoted.actors.mining.asking import Ask, RequestBatcher, taking_turns
from outvoted.actors.panel.panel import LocalPanel
from outvoted.search.messages import (
    UNASKED,
    Candidates,
    InTurn,
    Questions,
    Replies,
    apart,
    asked_in_turn,
    together,
)
from tests.search.fakes import questions_of

Draw = Callable[[int, int], Candidates]
SECONDS = 20


class Gate:
    """Puts questions to a panel once its gate is open, and remembers its calls."""

    def __init__(self, panel: LocalPanel, error: Exception | None = None) -> None:
        self.panel, self.error = panel, error
        self.open = asyncio.Event()
        self.calls: list[dict[int, int]] = []
        self.under_way = self.most = 0

    async def ask(self, questions: Questions) -> Replies:
        """Answer, or fail, once the gate is open."""
        self.calls.append({peer: len(rows) for peer, rows in questions.rows.items()})
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await self.open.wait()
        self.under_way -= 1
        if self.error is not None:
            raise self.error
        return self.panel.ask(questions)


async def soon(*awaited: Awaitable[Replies]) -> list[Replies | BaseException]:
    """Wait for all, with their errors, but not for ever."""
    return await asyncio.wait_for(asyncio.gather(*awaited, return_exceptions=True), SECONDS)


async def settle() -> None:
    """Let everything run that can run."""
    for _ in range(20):
        await asyncio.sleep(0)


def same(one: Replies | BaseException, other: Replies) -> bool:
    """Tell whether replies are bitwise the same."""
    assert not isinstance(one, BaseException)
    return one.keys() == other.keys() and all(
        one[peer].score.tobytes() == answers.score.tobytes()
        and one[peer].predicted.tobytes() == answers.predicted.tobytes()
        for peer, answers in other.items()
    )


def questions(candidates: Draw, asker: int, number: int = 0) -> Questions:
    """Return what an asker wants to know: some rows from some of three peers."""
    rng = np.random.default_rng((asker, number))
    table = candidates(30, asker)
    return Questions(
        table, {peer: rng.integers(30, size=rng.integers(0, 30)) for peer in range(3) if rng.random() < 0.7}
    )


@settings(max_examples=25)
@given(askers=st.lists(st.integers(0, 10**6), min_size=1, max_size=6))
def test_what_was_joined_comes_apart_again(askers: list[int], panel: LocalPanel, candidates: Draw) -> None:
    asked = [questions(candidates, asker) for asker in askers]
    parts = apart(asked, panel.ask(together(asked)))
    assert all(same(part, panel.ask(alone)) for part, alone in zip(parts, asked, strict=True))


def test_joined_questions_stand_peer_by_peer_in_their_order(candidates: Draw) -> None:
    first, second = candidates(3, 1), candidates(2, 2)
    joined = together([questions_of({2: first}), Questions(second, dict.fromkeys((0, 2), np.arange(2)))])
    assert list(joined.rows) == [0, 2]
    assert len(joined.candidates) == 5  # each once
    np.testing.assert_array_equal(joined.of(2).seed_id, [*first.seed_id, *second.seed_id])
    np.testing.assert_array_equal(joined.of(2).composed, [*first.composed, *second.composed])
    np.testing.assert_array_equal(joined.of(0).composed, second.composed)


@pytest.mark.parametrize("calls", [1, 2, 5])
def test_every_asker_gets_the_answers_to_its_own_questions(
    calls: int, panel: LocalPanel, candidates: Draw
) -> None:
    async def climb(joiner: RequestBatcher, asker: int) -> bool:
        found = []
        for number in range(8):
            asked = questions(candidates, asker, number)
            found.append(same(await joiner.ask(asked), panel.ask(asked)))
            for _ in range(asker % 3):
                await asyncio.sleep(0)
        return all(found)

    async def all_climb() -> list[bool]:
        gate = Gate(panel)
        gate.open.set()
        joiner = RequestBatcher(gate.ask, calls)
        climbs = [climb(joiner, asker) for asker in range(7)]
        return list(await asyncio.wait_for(asyncio.gather(*climbs), SECONDS))

    assert asyncio.run(all_climb()) == [True] * 7


WAYS: dict[str, Callable[[Ask], Ask]] = {
    "for all together": lambda ask: RequestBatcher(taking_turns(ask), calls=1).ask,
    "for each by itself": lambda ask: taking_turns(RequestBatcher(ask, calls=2).ask),
}


@pytest.mark.parametrize("way", list(WAYS.values()), ids=list(WAYS))
def test_whoever_has_peers_take_turns_the_replies_are_the_same(
    way: Callable[[Ask], Ask], panel: LocalPanel, candidates: Draw
) -> None:
    def in_turns(asker: int) -> Questions:
        table, rng = candidates(30, asker), np.random.default_rng(asker)
        rows = {peer: np.flatnonzero(rng.random(30) < 0.7) for peer in range(3)}
        of = {peer: np.full(len(each), peer) for peer, each in rows.items()}
        labels = panel.ask(Questions(table, {0: np.arange(30)}))[0].predicted.astype(np.int64)
        return Questions(table, rows, InTurn(labels, of) if asker % 3 else None)

    async def run() -> list[Replies | BaseException]:
        gate = Gate(panel)
        gate.open.set()
        ask = way(gate.ask)
        return await soon(*(ask(in_turns(asker)) for asker in range(7)))

    for asker, found in enumerate(asyncio.run(run())):
        expected = asked_in_turn(panel.ask, in_turns(asker))
        assert same(found, expected)
        assert not asker % 3 or any((each.predicted == UNASKED).any() for each in expected.values())


def test_what_waits_travels_together(panel: LocalPanel, candidates: Draw) -> None:
    async def run() -> tuple[Gate, list[Replies | BaseException]]:
        gate = Gate(panel)
        joiner = RequestBatcher(gate.ask, calls=1)
        first = asyncio.create_task(joiner.ask(questions_of({0: candidates(3, 0)})))
        await settle()
        rest = [
            asyncio.create_task(joiner.ask(questions_of(asked)))
            for asked in (
                {0: candidates(5, 1), 1: candidates(2, 1)},
                {2: candidates(7, 2)},
                {0: candidates(1, 3)},
            )
        ]
        await settle()
        assert len(gate.calls) == 1
        gate.open.set()
        return gate, await soon(first, *rest)

    gate, replies = asyncio.run(run())
    assert gate.calls == [{0: 3}, {0: 6, 1: 2, 2: 7}]
    assert [[len(answers) for answers in reply.values()] for reply in known(replies)] == [
        [3],
        [5, 2],
        [7],
        [1],
    ]


def known(replies: Sequence[Replies | BaseException]) -> list[Replies]:
    """Return replies among which there must be no error."""
    return [reply for reply in replies if not isinstance(reply, BaseException)]


@pytest.mark.parametrize("calls", [1, 2, 3])
def test_no_more_calls_are_under_way_than_allowed(calls: int, panel: LocalPanel, candidates: Draw) -> None:
    async def run() -> int:
        gate = Gate(panel)
        joiner = RequestBatcher(gate.ask, calls)
        tasks = []
        for asker in range(6):
            tasks.append(asyncio.create_task(joiner.ask(questions_of({0: candidates(2, asker)}))))
            await settle()
        gate.open.set()
        assert len(known(await soon(*tasks))) == 6
        return gate.most

    assert asyncio.run(run()) == calls


def test_an_error_reaches_everyone_it_concerns_and_no_one_else(panel: LocalPanel, candidates: Draw) -> None:
    async def run() -> list[str]:
        gate = Gate(panel, ConnectionError("the cell is gone"))
        joiner = RequestBatcher(gate.ask, calls=1)
        tasks = [
            asyncio.create_task(joiner.ask(questions_of({0: candidates(2, asker)}))) for asker in range(3)
        ]
        await settle()
        gate.open.set()
        failed = await soon(*tasks)
        gate.error = None
        later = await soon(joiner.ask(questions_of({0: candidates(2, 9)})))
        assert len(known(later)) == 1
        return [str(error) for error in failed]

    assert asyncio.run(run()) == ["the cell is gone"] * 3


def test_after_a_pause_it_goes_on(panel: LocalPanel, candidates: Draw) -> None:
    async def run() -> None:
        gate = Gate(panel)
        gate.open.set()
        joiner = RequestBatcher(gate.ask, calls=2)
        for asker in range(5):
            asked = questions(candidates, asker)
            assert same((await soon(joiner.ask(asked)))[0], panel.ask(asked))
            await settle()
        assert gate.most == 1

    asyncio.run(run())


@pytest.mark.filterwarnings("ignore")
def test_an_asker_that_gives_up_harms_no_one(panel: LocalPanel, candidates: Draw) -> None:
    async def run() -> list[Replies]:
        gate = Gate(panel)
        joiner = RequestBatcher(gate.ask, calls=1)
        tasks = [
            asyncio.create_task(joiner.ask(questions_of({0: candidates(2, asker)}))) for asker in range(3)
        ]
        await settle()
        tasks[0].cancel()
        await settle()
        gate.open.set()
        return known(await asyncio.wait_for(asyncio.gather(*tasks[1:]), 1))

    assert len(asyncio.run(run())) == 2
