"""Laws of agreement and of types."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from outvoted.analysis.studies.boundary.agreement import NO_LABEL, agreement, pairs_disagree
from outvoted.analysis.studies.boundary.groups import Type, misclassified, shares, types
from outvoted.search.arrays import Ints

CLASSES = 4


def answers(images: int = 6) -> st.SearchStrategy[Ints]:
    """Answers of one to five raters."""
    shape = st.tuples(st.integers(1, 5), st.just(images))
    return arrays(np.int64, shape, elements=st.integers(0, CLASSES - 1))


@given(answers())
def test_all_agree_where_entropy_is_none_and_certainty_full(said: Ints) -> None:
    found = agreement(said, CLASSES)
    np.testing.assert_array_equal(found.agree, (said == said[0]).all(0))
    np.testing.assert_array_equal(found.agree, found.entropy < 1e-12)
    np.testing.assert_array_equal(found.agree, found.certainty == 1)
    np.testing.assert_array_equal(found.agree, found.tens == 100)


@given(answers(), st.randoms(use_true_random=False))
def test_the_order_of_raters_changes_nothing(said: Ints, random: np.random.Generator) -> None:
    rows = list(range(len(said)))
    random.shuffle(rows)
    np.testing.assert_array_equal(agreement(said[rows], CLASSES).counts, agreement(said, CLASSES).counts)
    assert sorted(pairs_disagree(said[rows])) == pytest.approx(sorted(pairs_disagree(said)))


@given(answers(), answers())
def test_every_image_has_one_type_and_what_some_network_misclassifies_is_a_or_mistaken(
    said: Ints, labels: Ints
) -> None:
    networks, people = agreement(said, CLASSES), agreement(labels, CLASSES)
    found = shares(types(networks, people))
    assert sum(found.values()) == pytest.approx(1)
    assert found[Type.C] + found[Type.B_DISAGREE] == pytest.approx((~people.agree).mean())
    assert found[Type.A] + found[Type.B_DISAGREE] == pytest.approx((~networks.agree).mean())
    across = ((said != people.label) & people.agree).any(0).mean()
    assert found[Type.A] + found[Type.MISTAKEN] == pytest.approx(across)
    assert (misclassified(said, people) <= across + 1e-12).all()


def test_certainty_is_rounded_to_tens_but_never_to_full_agreement() -> None:
    counts = {(20, 0): 100, (19, 1): 90, (17, 3): 90, (16, 4): 80, (11, 9): 60, (10, 10): 50}
    rows = np.array([[0] * one + [1] * other for one, other in counts]).T
    assert agreement(rows, 2).tens.tolist() == list(counts.values())


def test_a_majority_is_more_than_half() -> None:
    found = agreement(np.array([[0, 0, 2], [0, 1, 2], [1, 2, 2], [0, 1, 2]]), 3)
    assert found.majority.tolist() == [0, NO_LABEL, 2]
    assert found.split.tolist() == [2, 3, 1]


def test_pairs_of_raters_by_hand() -> None:
    said = np.array([[0, 1, 2, 3], [0, 1, 2, 0], [1, 1, 1, 1]])
    assert pairs_disagree(said).tolist() == [0.25, 0.75, 0.75]
    assert not len(pairs_disagree(said[:1]))
