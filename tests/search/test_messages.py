"""What travels: rows stay together, peers take turns, log-odds turn into probabilities."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outvoted.search.arrays import AnyArray, Texts
from outvoted.search.messages import (
    UNASKED,
    Answers,
    Candidates,
    InTurn,
    Questions,
    Replies,
    TakeGradient,
    apart,
    asked_first,
    asked_in_turn,
    probability,
    together,
)

SCORES = st.floats(width=32, allow_nan=False)


def candidates(n: int) -> Candidates:
    composed = np.arange(n * 6, dtype=np.float32).reshape(n, 6)
    return Candidates(np.arange(n, dtype=np.int32) * 10, composed)


@pytest.mark.parametrize(
    "chosen",
    [np.array([4, 0, 0]), np.array([False, True, False, True, False]), slice(1, 4), np.empty(0, np.int64)],
    ids=["indices", "mask", "slice", "nothing"],
)
def test_chosen_rows_stay_together(chosen: AnyArray | slice) -> None:
    every = candidates(5)
    part = every.rows(chosen)
    expected = np.arange(5)[chosen]
    assert len(part) == len(expected)
    assert part.seed_id.tolist() == (expected * 10).tolist()
    assert part.composed[:, 0].tolist() == (expected * 6).tolist()


@given(cuts=st.sets(st.integers(0, 7), max_size=3))
@settings(max_examples=30)
def test_gradients_travel_with_their_rows_through_cutting_and_joining(cuts: set[int]) -> None:
    flags = np.array([*TakeGradient, *TakeGradient, 0], np.uint8)
    asked = replace(candidates(7), take_gradient=flags)
    texts = np.array([f"why {row}" for row in range(7)], object)
    said = Answers(np.arange(7, dtype=np.float32), np.arange(7, dtype=np.int16), asked.composed * 2, texts)
    edges = [slice(*pair) for pair in pairwise([0, *sorted(cuts), 7])]
    questions = Candidates.joined([asked.rows(rows) for rows in edges])
    answers = Answers.joined([said.rows(rows) for rows in edges])
    for joined, whole in ((questions, asked), (answers, said)):
        for one, other in zip(vars(joined).values(), vars(whole).values(), strict=True):
            assert (one.dtype, one.tolist()) == (other.dtype, other.tolist())


def test_parts_of_which_nothing_is_said_join_those_of_which_something_is() -> None:
    fine = Answers(np.zeros(2, np.float32), np.zeros(2, np.int16))
    failed = Answers(
        np.full(1, np.nan, np.float32), np.full(1, -1, np.int16), None, np.array(["why"], object)
    )
    joined = Answers.joined([fine, failed]).failure
    assert joined is not None
    assert joined.tolist() == ["", "", "why"]
    assert Answers.joined([fine, fine]).failure is None


def test_without_gradients_there_are_none_after_joining() -> None:
    assert Candidates.joined([candidates(2), candidates(3)]).take_gradient is None
    said = Answers(np.zeros(4, np.float32), np.zeros(4, np.int16))
    assert Answers.joined([said, said]).gradient is None


def test_messages_are_as_long_as_their_rows() -> None:
    assert len(candidates(3)) == 3
    assert len(Answers(np.zeros(4, np.float32), np.zeros(4, np.int16))) == 4


@given(scores=st.lists(SCORES, min_size=1))
@settings(max_examples=100)
def test_probability_keeps_the_order_and_stays_in_its_bounds(scores: list[float]) -> None:
    with np.errstate(all="raise"):
        found = probability(np.sort(np.array(scores, np.float32)))
    assert found.dtype == np.float64
    assert ((found >= 0) & (found <= 1)).all()
    assert (np.diff(found) >= 0).all()


@given(chance=st.floats(1e-9, 1 - 1e-9))
@settings(max_examples=100)
def test_probability_undoes_log_odds(chance: float) -> None:
    odds = np.log(np.array([chance])) - np.log1p(-np.array([chance]))
    assert probability(odds)[0] == pytest.approx(chance, rel=1e-6)


@given(score=SCORES)
@settings(max_examples=60)
def test_opposite_scores_are_complementary_chances(score: float) -> None:
    one, two = probability(np.array([score, -score], np.float32))
    assert one + two == pytest.approx(1)


def test_what_is_unknown_stays_unknown() -> None:
    assert np.isnan(probability(np.array([np.nan], np.float32))[0])


PEERS, TABLE = 4, 12


def answers_of(peer: int, asked: Candidates) -> Answers:
    """A peer's answers, from each candidate's seed alone: a class that is 0 or 1, sometimes none."""
    place = asked.seed_id // 10 * 7 + 3 * peer
    none = place % 11 == 0
    score = np.where(none, np.nan, place).astype(np.float32)
    failure = np.where(none, "no answer", "").astype(object) if none.any() else None
    gradient = None if asked.take_gradient is None else asked.composed + peer
    return Answers(score, np.where(none, -1, place % 2).astype(np.int16), gradient, failure)


def reasons(said: Answers) -> Texts:
    """Why there are no answers, "" where there are."""
    return np.full(len(said), "", object) if said.failure is None else said.failure


class Heard:
    """Answers at once, and keeps who was asked about which seeds, call by call."""

    def __init__(self) -> None:
        self.calls: list[dict[int, list[int]]] = []

    def ask(self, questions: Questions) -> Replies:
        assert questions.turns is None
        self.calls.append({peer: questions.of(peer).seed_id.tolist() for peer in questions.rows})
        return {peer: answers_of(peer, questions.of(peer)) for peer in questions.rows}


def drawn(seed: int, gradients: bool = False) -> Questions:
    """Some peers are asked about some rows, each in a turn of its own or together with others."""
    chance = np.random.default_rng(seed)
    table = candidates(TABLE).rows(chance.permutation(TABLE))
    if gradients:
        table = replace(table, take_gradient=np.ones(TABLE, np.uint8))
    asked = [peer for peer in range(PEERS) if chance.random() < 0.8] or [0]
    rows = {peer: chance.permutation(TABLE)[: chance.integers(1, TABLE + 1)] for peer in asked}
    if seed % 5 == 0:
        return Questions(table, rows)
    turns = {peer: chance.integers(0, 3, len(each)) for peer, each in rows.items()}
    return Questions(table, rows, InTurn(chance.integers(0, 2, TABLE), turns))


def one_by_one(questions: Questions) -> dict[tuple[int, int], int]:
    """Which class each peer answers about each row where its turn comes, found row by row."""
    found: dict[tuple[int, int], int] = {}
    for row in range(TABLE):
        objected = False
        for turn in range(3):
            before = objected
            for peer, rows in questions.rows.items():
                at = np.flatnonzero(rows == row)
                own = 0 if questions.turns is None else questions.turns.of[peer][at]
                if len(at) and own == turn and not before:
                    said = int(answers_of(peer, questions.candidates.rows(np.array([row]))).predicted[0])
                    found[peer, row] = said
                    objected |= questions.turns is not None and said != questions.turns.labels[row]
    return found


@given(seed=st.integers(0, 10**6), gradients=st.booleans())
def test_nobody_is_asked_about_what_one_before_has_objected_to(seed: int, gradients: bool) -> None:
    questions, heard = drawn(seed, gradients), Heard()
    replies = asked_in_turn(heard.ask, questions)
    expected = one_by_one(questions)
    assert list(replies) == list(questions.rows)
    for peer, rows in questions.rows.items():
        said, all_of_it = replies[peer], answers_of(peer, questions.of(peer))
        known = np.array([(peer, row) in expected for row in rows.tolist()])
        assert said.predicted[known].tolist() == [expected[peer, row] for row in rows[known].tolist()]
        assert set(said.predicted[~known].tolist()) <= {UNASKED}
        np.testing.assert_array_equal(said.score[known], all_of_it.score[known])
        if said.gradient is not None and all_of_it.gradient is not None:
            np.testing.assert_array_equal(said.gradient[known], all_of_it.gradient[known])
        assert (said.gradient is None) == (all_of_it.gradient is None)
        assert reasons(said)[known].tolist() == reasons(all_of_it)[known].tolist()
    asked = [(peer, seed) for call in heard.calls for peer, seeds in call.items() for seed in seeds]
    assert len(asked) == len(set(asked)) == len(expected)


@given(seeds=st.lists(st.integers(0, 10**6), min_size=1, max_size=5))
def test_questions_that_are_asked_together_are_answered_as_each_alone(seeds: list[int]) -> None:
    asked = [drawn(seed) for seed in seeds]
    for one, replies in zip(asked, apart(asked, asked_in_turn(Heard().ask, together(asked))), strict=True):
        alone = asked_in_turn(Heard().ask, one)
        assert replies.keys() == alone.keys()
        for peer, said in alone.items():
            np.testing.assert_array_equal(replies[peer].score, said.score)
            np.testing.assert_array_equal(replies[peer].predicted, said.predicted)


def test_what_is_asked_at_once_goes_first_where_it_is_half() -> None:
    at_once, in_turn = drawn(0), drawn(1)
    assert asked_first([in_turn, at_once]) == [1]
    assert asked_first([in_turn, in_turn, at_once]) == [0, 1, 2]
    assert asked_first([in_turn, in_turn]) == [0, 1]
    assert asked_first([at_once]) == [0]
