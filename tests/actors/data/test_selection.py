"""Selecting training images by votes: by hand, and the laws of shares."""

from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from outvoted.actors.data.selection import Criteria, Selection
from outvoted.search.arrays import AnyArray, Ints
from outvoted.search.errors import OutvotedError

ALL: tuple[Criteria, ...] = get_args(Criteria)
Votes = tuple[Ints, Ints, AnyArray]

every_criteria = pytest.mark.parametrize("criteria", ALL)
any_criteria = st.sampled_from(ALL)


def select(votes: Votes, criteria: Criteria, fraction: float) -> set[int]:
    rows = Selection(criteria=criteria, fraction=fraction).rows(*votes)
    assert rows.dtype == np.int64
    assert (np.diff(rows) > 0).all()
    return set(rows.tolist())


@pytest.mark.parametrize(
    ("criteria", "selected"),
    [
        ("hc+hs", {1, 3, 5, 7}),
        ("hc+ls", {1, 3, 2, 4}),
        ("lc+hs", {0, 6, 5, 7}),
        ("lc+ls", {0, 6, 2, 4}),
    ],
)
def test_halves_by_hand(criteria: Criteria, selected: set[int]) -> None:
    labels = np.array([0, 1, 2, 0, 1, 2, 0, 1])
    answer = np.array([0, 1, 1, 0, 0, 1, 0, 0])
    probability = np.array([0.6, 0.9, 0.4, 0.8, 0.45, 0.5, 0.7, 0.99])
    # the right ones are, ascending, 0, 6, 3 and 1; the wrong ones 2, 4, 5 and 7
    assert select((labels, answer, probability), criteria, 0.5) == selected


def test_numbers_are_rounded_down_and_right_and_wrong_counted_apart() -> None:
    labels = np.zeros(130, np.int64)
    answer = np.repeat([0, 1], [100, 30])
    probability = np.linspace(0.2, 1, 130)
    rows = Selection(criteria="lc+hs", fraction=0.29).rows(labels, answer, probability)
    assert rows.tolist() == [*range(29), *range(130 - 8, 130)]  # 29 of 100 although 0.29 * 100 < 29


@st.composite
def votes(draw: st.DrawFn, distinct: bool = False) -> Votes:
    """Votes with right and wrong ones, many of them equally probable unless ``distinct``."""
    right = draw(st.permutations([True, False, *draw(st.lists(st.booleans(), max_size=38))]))
    n = len(right)
    labels = np.array(draw(st.lists(st.integers(0, 3), min_size=n, max_size=n)))
    answer = np.where(right, labels, (labels + 1) % 4)
    if distinct:
        probability = np.array(draw(st.permutations(range(n)))) / n
    else:
        probability = np.array(draw(st.lists(st.sampled_from([0.3, 0.5, 1]), min_size=n, max_size=n)))
    return labels, answer, probability.astype(np.float32)


@st.composite
def fractions(draw: st.DrawFn, votes: Votes) -> float:
    """A fraction, in whole percent, that selects at least one right and one wrong one."""
    right = int((votes[0] == votes[1]).sum())
    least = -(-100 // min(right, len(votes[0]) - right))
    return draw(st.integers(least, 100)) / 100


@st.composite
def votes_and_fraction(draw: st.DrawFn, distinct: bool = False) -> tuple[Votes, float]:
    """Votes, and a fraction that selects at least one right and one wrong one."""
    found = draw(votes(distinct))
    return found, draw(fractions(found))


def numbers(votes: Votes, fraction: float) -> tuple[int, int]:
    """How many right and wrong ones a fraction means."""
    right = int((votes[0] == votes[1]).sum())
    percent = round(100 * fraction)
    return percent * right // 100, percent * (len(votes[0]) - right) // 100


@given(votes_and_fraction())
def test_all_four_have_as_many_right_and_as_many_wrong(drawn: tuple[Votes, float]) -> None:
    votes, fraction = drawn
    right, wrong = numbers(votes, fraction)
    for criteria in ALL:
        rows = np.array(sorted(select(votes, criteria, fraction)))
        correct = votes[0][rows] == votes[1][rows]
        assert (correct.sum(), (~correct).sum()) == (right, wrong)


@given(votes_and_fraction())
@pytest.mark.parametrize(("one", "other"), [("hc+hs", "lc+ls"), ("hc+ls", "lc+hs")])
def test_higher_and_lower_overlap_only_where_they_must(
    one: Criteria, other: Criteria, drawn: tuple[Votes, float]
) -> None:
    votes, fraction = drawn
    right = int((votes[0] == votes[1]).sum())
    groups = zip(numbers(votes, fraction), (right, len(votes[0]) - right), strict=True)
    must = sum(max(0, 2 * number - of) for number, of in groups)
    both = select(votes, one, fraction) & select(votes, other, fraction)
    assert len(both) == must
    assert must == 0 or fraction > 0.5


@given(any_criteria, votes_and_fraction())
def test_no_image_left_out_is_a_better_choice(criteria: Criteria, drawn: tuple[Votes, float]) -> None:
    votes, fraction = drawn
    labels, answer, probability = votes
    taken = np.isin(np.arange(len(labels)), list(select(votes, criteria, fraction)))
    for among, letter in ((labels == answer, criteria[0]), (labels != answer, criteria[3])):
        sign = 1 if letter == "h" else -1
        left = sign * probability[among & ~taken]
        assert not len(left) or left.max() <= (sign * probability[among & taken]).min()


@given(any_criteria, votes(), st.data())
def test_a_larger_fraction_contains_a_smaller_one(
    criteria: Criteria, votes: Votes, data: st.DataObject
) -> None:
    smaller, larger = sorted(data.draw(fractions(votes)) for _ in range(2))
    assert select(votes, criteria, smaller) <= select(votes, criteria, larger)


@given(any_criteria, votes())
def test_the_whole_is_everything(criteria: Criteria, votes: Votes) -> None:
    assert select(votes, criteria, 1) == set(range(len(votes[0])))


@given(any_criteria, votes_and_fraction(distinct=True), st.randoms())
def test_the_order_of_the_images_plays_no_part(
    criteria: Criteria, drawn: tuple[Votes, float], random: Any
) -> None:
    votes, fraction = drawn
    order = list(range(len(votes[0])))
    random.shuffle(order)
    labels, answer, probability = (array[order] for array in votes)
    shuffled = select((labels, answer, probability), criteria, fraction)
    assert {order[row] for row in shuffled} == select(votes, criteria, fraction)


def test_equal_ones_are_taken_in_their_order() -> None:
    labels, answer = np.zeros(8, np.int64), np.repeat([0, 1], 4)
    assert select((labels, answer, np.full(8, 0.7)), "lc+hs", 0.5) == {0, 1, 6, 7}


def test_a_label_says_both() -> None:
    assert Selection(criteria="hc+ls", fraction=0.25).label == "hc+ls-0.25"
    assert Selection(criteria="lc+ls", fraction=1).label == "lc+ls-1"


LABELS, HALF = np.zeros(4, np.int64), np.array([0, 0, 1, 1])
BAD: dict[str, tuple[Ints, AnyArray, float, str]] = {
    "all right": (np.array([0, 0, 0, 0]), np.ones(4), 0.5, r"misclassified(.|\n)*found: +none"),
    "all wrong": (np.array([1, 1, 1, 1]), np.ones(4), 0.5, r"classified correctly(.|\n)*found: +none"),
    "too few": (HALF, np.ones(4), 0.49, r"select 0\.49 of\nfound: +2\n.*larger fraction"),
    "diverged": (HALF, np.array([1, np.nan, 1, np.nan]), 0.5, "2 that are not numbers"),
}


@pytest.mark.parametrize(("answer", "probability", "fraction", "said"), BAD.values(), ids=BAD)
@every_criteria
def test_a_selection_of_nothing_is_refused(
    criteria: Criteria, answer: Ints, probability: AnyArray, fraction: float, said: str
) -> None:
    with pytest.raises(OutvotedError, match=said):
        Selection(criteria=criteria, fraction=fraction).rows(LABELS, answer, probability)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"criteria": "hs+hc", "fraction": 0.5}, "'hc"),
        ({"criteria": "hc+hs", "fraction": 0}, "greater than 0"),
        ({"criteria": "hc+hs", "fraction": 1.01}, "less than or equal to 1"),
    ],
)
def test_what_is_wrong_is_said(values: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Selection.model_validate(values)
