"""What travels: choosing rows keeps them together, log-odds turn into probabilities."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outvoted.search.arrays import AnyArray
from outvoted.search.messages import Answers, Candidates, TakeGradient, probability

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
