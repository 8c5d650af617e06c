import asyncio
import time

import pytest

from outvoted.cluster.service.connection import GivenCluster
from outvoted.cluster.service.processes import head_of
from outvoted.cluster.service.voting.held import HeldVotes
from outvoted.cluster.service.voting.nearest import NearestVotes
from outvoted.cluster.service.voting.served import ServedVotes
from outvoted.cluster.service.voting.votes import PanelFacts, PanelKey, VoteQuestion
from outvoted.search.arrays import Pixels
from tests.cluster.service.voting.head import Head as VotingHead
from tests.head import Head


def test_panels_are_on_the_cluster_where_this_machine_is_one_of_its_nodes(
    key: PanelKey, pictures: Pixels
) -> None:
    def elsewhere() -> VotingHead:
        raise AssertionError

    async def asked() -> None:
        votes = NearestVotes(ServedVotes(elsewhere), HeldVotes(), lambda: False)
        found = await votes.vote(key, VoteQuestion(pictures))
        assert found.votes.shape == (3, 40, 10)
        there = NearestVotes(HeldVotes(), ServedVotes(elsewhere), lambda: True)
        assert (await there.facts(key)).names == (await votes.facts(key)).names
        await votes.close()
        await there.close()

    asyncio.run(asked())


@pytest.mark.head
def test_a_given_cluster_is_joined_by_its_dashboard_alone(
    head: Head, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    monkeypatch.setenv("RAY_AUTH_TOKEN", head.token)
    cluster = GivenCluster(head.address)
    assert cluster.gcs is None
    cluster.connect()
    until = time.monotonic() + 60
    while cluster.gcs is None and time.monotonic() < until:  # the node may come after the dashboard
        time.sleep(0.1)
    assert cluster.gcs == head.gcs


def test_no_machine_is_a_node_of_a_cluster_that_there_is_not() -> None:
    assert head_of("session_1999") is None


@pytest.mark.parametrize(
    ("peers", "classes", "shape", "most"),
    [
        (5, 10, (1, 28, 28), 1024),
        (30, 1000, (3, 224, 224), 111),
        (30, 1000, (1, 28, 28), 135),
        (9, 10**7, (1, 9, 9), 1),
    ],
)
def test_neither_a_question_nor_its_answer_is_larger_than_is_held(
    peers: int, classes: int, shape: tuple[int, int, int], most: int
) -> None:
    names = tuple(map(str, range(peers)))
    assert PanelFacts(names, ("x",) * classes, shape, 9, True).most_images == most
