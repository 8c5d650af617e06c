"""Consensus and dissent against their definitions, spelt out peer by peer."""

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outvoted.search.consensus import agreement, is_voter, lone_dissent, outvoted, unanimous

PEERS = st.integers(2, 5)
CLASS = st.integers(0, 2)


class Image(NamedTuple):
    """What is decided about one image."""

    votes: list[int]
    label: int
    target: int
    voters: int

    def voting(self) -> list[int]:
        """The peers that vote: the next after the target, going round."""
        return [(self.target + ahead) % len(self.votes) for ahead in range(1, self.voters + 1)]


@st.composite
def ballots(draw: st.DrawFn) -> list[Image]:
    """Images of one panel; few classes, so that agreement is common."""
    peers = draw(PEERS)
    votes = st.lists(CLASS, min_size=peers, max_size=peers)
    image = st.builds(Image, votes, CLASS, st.integers(0, peers - 1), st.integers(0, peers - 1))
    return draw(st.lists(image, min_size=1, max_size=30))


@given(ballot=ballots())
@settings(max_examples=200)
def test_they_are_what_their_definitions_say(ballot: list[Image]) -> None:
    predicted = np.array([image.votes for image in ballot], np.int16).T
    label, target, voters = (np.array([image[part] for image in ballot]) for part in (1, 2, 3))
    assert agreement(predicted, label).T.tolist() == [
        [vote == image.label for vote in image.votes] for image in ballot
    ]
    assert unanimous(predicted, label).tolist() == [
        all(vote == image.label for vote in image.votes) for image in ballot
    ]
    assert is_voter(len(predicted), target, voters).T.tolist() == [
        [peer in image.voting() for peer in range(len(image.votes))] for image in ballot
    ]
    assert outvoted(predicted, label, target, voters).tolist() == [
        image.votes[image.target] != image.label
        and all(image.votes[peer] == image.label for peer in image.voting())
        for image in ballot
    ]


@given(ballot=ballots())
@settings(max_examples=100)
def test_a_target_never_votes_and_there_are_as_many_voters_as_asked_for(ballot: list[Image]) -> None:
    target, voters = (np.array([image[part] for image in ballot]) for part in (2, 3))
    found = is_voter(len(ballot[0].votes), target, voters)
    assert not found[target, np.arange(len(ballot))].any()
    assert found.sum(axis=0).tolist() == voters.tolist()


def test_only_the_target_itself_can_be_outvoted() -> None:
    predicted, label = np.array([[1, 1], [0, 0], [0, 0]]), np.array([0, 0])
    assert outvoted(predicted, label, np.array([0, 1]), np.array([2, 2])).tolist() == [True, False]


def test_two_dissenters_are_no_mistake_unless_one_is_held_out() -> None:
    predicted, label, target = np.array([[1], [0], [1]]), np.array([0]), np.array([0])
    decided = [outvoted(predicted, label, target, np.array([voters]))[0] for voters in (0, 1, 2)]
    assert decided == [True, True, False]
    assert not unanimous(predicted, label).any()


@given(
    ballot=st.integers(3, 6).flatmap(
        lambda peers: st.lists(st.lists(CLASS, min_size=peers, max_size=peers), min_size=1, max_size=30)
    )
)
@settings(max_examples=300)
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
