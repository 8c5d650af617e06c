"""Verification: the votes on the stored bytes decide, and nothing else."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.mining.verification import decoded, rendered, verify
from outvoted.actors.runs import png
from outvoted.search.arrays import Ints, Singles
from outvoted.search.climb import Rules
from outvoted.search.messages import Candidates

Draw = Callable[[int, int], Candidates]
Ballot = tuple[Singles, Ints, Ints, Ints]


@st.composite
def ballots(draw: st.DrawFn) -> Ballot:
    """Draw votes (peers, n, classes) and each image's label, target and number of voters."""
    peers, n, classes = draw(st.integers(2, 4)), draw(st.integers(1, 6)), draw(st.integers(2, 3))
    votes = draw(arrays(np.float32, (peers, n, classes), elements=st.floats(0, 1, width=32), unique=True))
    labels = draw(arrays(np.int64, n, elements=st.integers(0, classes - 1)))
    targets = draw(arrays(np.int64, n, elements=st.integers(0, peers - 1)))
    voters = draw(arrays(np.int64, n, elements=st.integers(0, peers - 1)))
    return votes, labels, targets, voters


def voting(peers: int, target: int, voters: int) -> list[int]:
    """The peers that vote: the next after the target, going round."""
    return [(target + ahead) % peers for ahead in range(1, voters + 1)]


def blank(n: int) -> list[bytes]:
    """Return n stored images."""
    return [png.encode(np.full((1, 2, 2), k, np.uint8)) for k in range(n)]


@settings(max_examples=50)
@given(ballot=ballots())
def test_verified_is_where_the_target_is_wrong_and_all_voters_are_right(ballot: Ballot) -> None:
    votes, labels, targets, voters = ballot
    found = verify(blank(len(labels)), votes, labels, targets, voters)
    for k, (label, target, many) in enumerate(zip(labels, targets, voters, strict=True)):
        right = {peer for peer in range(len(votes)) if votes[peer, k].argmax() == label}
        assert found.verified[k] == (
            target not in right and right.issuperset(voting(len(votes), target, many))
        )
        assert found.predicted[:, k].tolist() == votes[:, k].argmax(axis=1).tolist()


@settings(max_examples=50)
@given(ballot=ballots())
def test_the_margin_is_the_least_voters_probability_less_the_targets(ballot: Ballot) -> None:
    votes, labels, targets, voters = ballot
    found = verify(blank(len(labels)), votes, labels, targets, voters)
    for k, (label, target, many) in enumerate(zip(labels, targets, voters, strict=True)):
        heard = [votes[peer, k, label] for peer in voting(len(votes), target, many)]
        assert found.margin[k] == min(heard, default=np.float32(1)) - votes[target, k, label]
        assert found.margin[k].dtype == np.float32


def test_what_held_out_peers_say_changes_neither_verdict_nor_margin() -> None:
    votes = np.array([[[0.2, 0.8]], [[0.9, 0.1]], [[0.7, 0.3]], [[0.1, 0.9]]], np.float32)
    for voters, verified, margin in ((0, True, 0.8), (1, True, 0.7), (2, True, 0.5), (3, False, -0.1)):
        found = verify(blank(1), votes, np.array([0]), np.array([0]), np.array([voters]))
        assert found.verified.tolist() == [verified]
        assert found.margin[0] == pytest.approx(margin)


def test_a_verification_keeps_what_it_was_made_from() -> None:
    votes = np.full((2, 3, 2), 0.5, np.float32)
    found = verify(blank(3), votes, *np.zeros((3, 3), np.int64))
    assert found.stored == blank(3)
    assert found.probabilities is votes


def test_decoding_gives_the_stored_pixels() -> None:
    images = decoded(blank(3))
    assert images.shape == (3, 1, 2, 2)
    assert images[:, 0, 0, 0].tolist() == [0, 1, 2]


def test_the_identity_renders_the_seed(rules: Rules, digits: Dataset) -> None:
    seeds = digits.train.images[np.arange(50)]
    composed = rules.transform.identity(50).astype(np.float32)
    images = rendered(rules.transform, seeds, composed)
    assert images.dtype == np.uint8
    np.testing.assert_array_equal(images, seeds)


@settings(max_examples=25)
@given(n=st.integers(1, 40), seed=st.integers(0, 2**32 - 1), data=st.data())
def test_company_changes_no_pixel(
    n: int, seed: int, data: st.DataObject, rules: Rules, digits: Dataset, candidates: Draw
) -> None:
    every = candidates(n, seed)
    seeds = digits.train.images[every.seed_id]
    first = data.draw(st.integers(0, n - 1))
    rows = slice(first, data.draw(st.integers(first + 1, n)))
    together = rendered(rules.transform, seeds, every.composed)
    apart = rendered(rules.transform, seeds[rows], every.composed[rows])
    np.testing.assert_array_equal(apart, together[rows])


def test_decoding_needs_an_image() -> None:
    with pytest.raises(ValueError, match="at least one"):
        decoded([])
