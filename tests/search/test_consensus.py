"""Consensus and dissent against their definitions, spelt out peer by peer."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outvoted.search.consensus import agreement, lone_dissent, outvoted, unanimous

PEERS = st.integers(2, 5)
CLASS = st.integers(0, 2)


@st.composite
def ballots(draw: st.DrawFn) -> tuple[list[list[int]], list[int], list[int]]:
    """Each image's votes, label and target; few classes, so that agreement is common."""
    peers = draw(PEERS)
    image = st.tuples(st.lists(CLASS, min_size=peers, max_size=peers), CLASS, st.integers(0, peers - 1))
    images = draw(st.lists(image, min_size=1, max_size=30))
    return [votes for votes, _, _ in images], [label for _, label, _ in images], [who for *_, who in images]


@given(ballot=ballots())
@settings(max_examples=200, deadline=None)
def test_they_are_what_their_definitions_say(ballot: tuple[list[list[int]], list[int], list[int]]) -> None:
    votes, labels, targets = ballot
    predicted, label = np.array(votes, np.int16).T, np.array(labels)
    assert agreement(predicted, label).T.tolist() == [
        [vote == right for vote in row] for row, right in zip(votes, labels, strict=True)
    ]
    assert unanimous(predicted, label).tolist() == [
        all(vote == right for vote in row) for row, right in zip(votes, labels, strict=True)
    ]
    assert outvoted(predicted, label, np.array(targets)).tolist() == [
        row[target] != right and all(vote == right for peer, vote in enumerate(row) if peer != target)
        for row, right, target in zip(votes, labels, targets, strict=True)
    ]


def test_only_the_target_itself_can_be_outvoted() -> None:
    predicted, label = np.array([[1, 1], [0, 0], [0, 0]]), np.array([0, 0])
    assert outvoted(predicted, label, np.array([0, 1])).tolist() == [True, False]


def test_two_dissenters_are_no_mistake() -> None:
    predicted, label = np.array([[1], [1], [0]]), np.array([0])
    assert not outvoted(predicted, label, np.array([0])).any()
    assert not unanimous(predicted, label).any()


@given(
    ballot=st.integers(3, 6).flatmap(
        lambda peers: st.lists(st.lists(CLASS, min_size=peers, max_size=peers), min_size=1, max_size=30)
    )
)
@settings(max_examples=300, deadline=None)
def test_a_lone_dissenter_is_the_one_without_whom_all_agree(ballot: list[list[int]]) -> None:
    found = lone_dissent(np.array(ballot).T)
    for image, votes in enumerate(ballot):
        alone = [
            peer
            for peer in range(len(votes))
            if len(set(votes)) > 1 and len({*votes[:peer], *votes[peer + 1 :]}) == 1
        ]
        assert found.target[image] == (alone[0] if alone else -1)
        assert found.alone[image] == bool(alone)
        assert found.unanimous[image] == (len(set(votes)) == 1)
        others = [vote for peer, vote in enumerate(votes) if peer != found.target[image]]
        assert found.label[image] == (others[0] if len(set(others)) == 1 else -1)


def test_of_two_peers_neither_is_the_dissenter() -> None:
    with pytest.raises(ValueError, match="at least 3 peers"):
        lone_dissent(np.array([[0], [1]]))
