"""Whoever computes votes keeps these laws: the process itself, and Ray Serve."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
import pytest

from outvoted.actors.runs.run_folder import RunFolder
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.cluster.python.panel import Panel
from outvoted.cluster.service.errors import BusyError, NotReadyError
from outvoted.cluster.service.voting.held import HeldVotes
from outvoted.cluster.service.voting.hosted import answers_of, consensus
from outvoted.cluster.service.voting.served import ServedVotes
from outvoted.cluster.service.voting.votes import (
    HostedVotes,
    PanelKey,
    RenderQuestion,
    VoteAnswer,
    VoteQuestion,
)
from outvoted.search.arrays import Pixels
from outvoted.search.errors import OutvotedError
from tests.cluster.processes import descendants
from tests.cluster.service.voting.head import Head

Found = TypeVar("Found")
pytestmark = pytest.mark.filterwarnings("ignore:Using extra keyword arguments")  # in Ray Serve


class Ask(Protocol):
    """Ask panels something: ``ask(lambda votes: votes.vote(...))``."""

    def __call__(self, wanted: Callable[[HostedVotes], Coroutine[Any, Any, Found]]) -> Found: ...


@pytest.fixture(scope="module")
def held() -> Iterator[Ask]:
    """Panels in this process."""
    votes = HeldVotes()
    with asyncio.Runner() as runner:
        yield lambda wanted: runner.run(wanted(votes))
        runner.run(votes.close())


@pytest.fixture(scope="module")
def panels_on_ray(local_ray: None) -> Iterator[Callable[[], ServedVotes]]:
    """Make whatever asks panels on the tests' own Ray; Serve is ended afterwards."""
    import ray
    from ray import serve

    yield lambda: ServedVotes(lambda: Head(ray.get_runtime_context().gcs_address))
    serve.shutdown()


@pytest.fixture(scope="module")
def served(panels_on_ray: Callable[[], ServedVotes]) -> Iterator[Ask]:
    """Panels on Ray Serve."""
    votes = panels_on_ray()
    with asyncio.Runner() as runner:
        yield lambda wanted: runner.run(wanted(votes))
        runner.run(votes.close())


@pytest.fixture(params=["held", pytest.param("served", marks=pytest.mark.ray)])
def ask(request: pytest.FixtureRequest) -> Ask:
    found: Ask = request.getfixturevalue(request.param)
    return found


def test_votes_are_those_of_the_panel_in_python(
    ask: Ask, key: PanelKey, pictures: Pixels, python_panel: Panel
) -> None:
    found = ask(lambda votes: votes.vote(key, VoteQuestion(pictures, referee=False)))
    assert (found.votes == python_panel.vote(pictures)).all()
    assert found.referee is None
    assert found.realism is None


def test_a_vote_does_not_depend_on_what_is_asked_at_once(ask: Ask, key: PanelKey, pictures: Pixels) -> None:
    async def together(votes: HostedVotes) -> None:
        questions = [VoteQuestion(pictures[k : k + 1 + k % 3], referee=k % 2 == 0) for k in range(12)]
        found = await asyncio.gather(*(votes.vote(key, question) for question in questions))
        whole = await votes.vote(key, VoteQuestion(pictures))
        assert whole.referee is not None
        for k, one in enumerate(found):
            assert (one.votes == whole.votes[:, k : k + 1 + k % 3]).all()
            assert (one.referee is None) == bool(k % 2)
            assert one.referee is None or (one.referee == whole.referee[k : k + 1 + k % 3]).all()

    ask(together)


def test_facts_are_the_runs(ask: Ask, key: PanelKey, run: OpenedRun) -> None:
    found = ask(lambda votes: votes.facts(key))
    assert found.names == run.names
    assert list(found.classes) == list(run.classes)
    assert (found.shape, found.seeds, found.referee) == (run.data.shape, len(run.seeds), True)


def test_a_seed_moved_as_its_mistake_was_is_that_mistake(ask: Ask, key: PanelKey, run: OpenedRun) -> None:
    """With the dials at home the image is the seed; what the transform makes of it is what runs store."""
    found = ask(lambda votes: votes.render(key, RenderQuestion(3)))
    assert (found.image == found.start).all()
    assert (found.start == run.seeds.read(np.array([3]))[0]).all()
    assert found.label == int(run.seeds.labels[3])
    moved = ask(lambda votes: votes.render(key, RenderQuestion(found.start, (1, 0.5, 0.5, 0.5, 0.5, 0.5))))
    assert moved.label is None
    assert moved.measures["rotation_deg"] == pytest.approx(10)
    assert (moved.image != moved.start).any()
    assert moved.answer.votes.shape == (3, 2, 10)
    assert (moved.answer.votes[:, :1] == found.answer.votes[:, :1]).all()


def test_realism_is_asked_where_the_panel_agrees(ask: Ask, key: PanelKey, pictures: Pixels) -> None:
    found = ask(lambda votes: votes.vote(key, VoteQuestion(pictures, realism=True)))
    assert found.realism is not None
    assert (np.isnan(found.realism) == (consensus(found.votes).label < 0)).all()
    assert ((found.realism >= 0) & (found.realism <= 1))[~np.isnan(found.realism)].all()


@pytest.mark.parametrize(
    "question",
    [RenderQuestion(-1), RenderQuestion(10**12), RenderQuestion(0, (0.5,)), RenderQuestion(0, (2.0,) * 6)],
)
def test_what_cannot_be_answered_is_said(ask: Ask, key: PanelKey, question: RenderQuestion) -> None:
    with pytest.raises(OutvotedError, match="expected"):
        ask(lambda votes: votes.render(key, question))


def test_images_of_another_shape_are_refused(ask: Ask, key: PanelKey) -> None:
    with pytest.raises(OutvotedError, match="shape"):
        ask(lambda votes: votes.vote(key, VoteQuestion(np.zeros((1, 3, 28, 28), np.uint8))))


def test_a_folder_without_a_run_has_no_panel(ask: Ask, tmp_path: Path) -> None:
    with pytest.raises(OutvotedError):
        ask(lambda votes: votes.facts(PanelKey(tmp_path, "none")))


def test_an_altered_panel_does_not_vote(ask: Ask, own: RunFolder, key: PanelKey) -> None:
    with (own.peers / "mlp-6.safetensors").open("r+b") as file:
        file.seek(-4, 2)
        file.write(b"\0\0\0\0")
    with pytest.raises(OutvotedError, match="SHA-256"):
        ask(lambda votes: votes.facts(replace(key, folder=own.path)))


def test_one_panel_in_the_least_used_place_gives_way(own: RunFolder, key: PanelKey, pictures: Pixels) -> None:
    async def asked() -> None:
        votes = HeldVotes(panels=1)
        for folder in (key.folder, own.path, key.folder):
            await votes.vote(replace(key, folder=folder), VoteQuestion(pictures[:1]))
            assert [one.folder for one in votes._panels] == [folder]
        await votes.close()

    asyncio.run(asked())


def test_of_networks_that_fail_nothing_is_known() -> None:
    votes = np.array([[[0.1, 0.9]], [[np.nan, np.nan]], [[0.2, 0.8]]], np.float32)
    assert answers_of(votes).tolist() == [[1], [-1], [1]]
    assert consensus(votes).label.tolist() == [1]
    assert consensus(votes).target.tolist() == [1]
    assert consensus(votes[:2]).label.tolist() == [-1]
    assert consensus(votes[::2]).label.tolist() == [1]


REPLICA, BRIDGE = "ray::ServeReplica:outvoted", "outvoted.cluster.service.voting.ray_bridge"


def replicas() -> list[int]:
    return descendants(os.getpid(), REPLICA)


def bridges() -> set[int]:
    return set(descendants(os.getpid(), "\0".join((sys.executable, "-m", BRIDGE))))


async def until_answered(votes: HostedVotes, key: PanelKey, question: VoteQuestion) -> VoteAnswer:
    """Ask again while it is said, in plain words, that there is no answer yet."""
    while True:
        try:
            return await votes.vote(key, question)
        except NotReadyError:
            await asyncio.sleep(0.2)


@pytest.mark.ray
def test_a_replica_that_is_killed_costs_at_most_a_plain_refusal(
    served: Ask, key: PanelKey, pictures: Pixels, python_panel: Panel
) -> None:
    async def struck(votes: HostedVotes) -> list[VoteAnswer]:
        await until_answered(votes, key, VoteQuestion(pictures[:1]))  # by a replica that lives
        asking = [
            asyncio.create_task(until_answered(votes, key, VoteQuestion(pictures[k : k + 1])))
            for k in range(20)
        ]
        await asyncio.sleep(0)
        async with asyncio.timeout(60):
            while not (before := replicas()):  # one whose class has been sent is not called so at once
                await asyncio.sleep(0.05)
        os.kill(before[0], signal.SIGKILL)
        found = await asyncio.gather(*asking)
        assert before[0] not in replicas()
        return found

    found = served(struck)
    votes = np.concatenate([one.votes for one in found], axis=1)
    assert (votes == python_panel.vote(pictures[:20])).all()


@pytest.mark.ray
def test_the_process_between_may_die_and_panels_stay(
    panels_on_ray: Callable[[], ServedVotes], key: PanelKey, pictures: Pixels
) -> None:
    """Also with the service itself: a new one finds the panels where they are."""

    async def asked() -> None:
        question, others = VoteQuestion(pictures), bridges()
        votes = panels_on_ray()
        first = await until_answered(votes, key, question)
        there = replicas()
        [bridge] = bridges() - others
        os.kill(bridge, signal.SIGKILL)
        again = await until_answered(votes, key, question)
        await votes.close()
        anew = panels_on_ray()
        last = await until_answered(anew, key, question)
        await anew.close()
        assert replicas() == there
        assert (first.votes == again.votes).all()
        assert (first.votes == last.votes).all()

    asyncio.run(asked())


def test_without_a_cluster_it_is_said(key: PanelKey) -> None:
    def starting() -> Head:
        raise NotReadyError("a cluster", "one that starts", "ask again")

    async def asked() -> None:
        votes = ServedVotes(starting)
        with pytest.raises(NotReadyError, match="one that starts"):
            await votes.facts(key)
        await votes.close()

    asyncio.run(asked())


def test_an_address_at_which_nobody_answers_is_said(key: PanelKey) -> None:
    async def asked() -> None:
        votes = ServedVotes(lambda: Head("127.0.0.1:1"))
        with pytest.raises(OutvotedError, match=r"127\.0\.0\.1:1"):
            await votes.facts(key)
        await votes.close()

    asyncio.run(asked())


def test_too_many_at_once_are_refused(key: PanelKey, pictures: Pixels) -> None:
    async def asked() -> None:
        votes = HeldVotes(waiting=2)
        question = VoteQuestion(pictures)
        found = await asyncio.gather(*(votes.vote(key, question) for _ in range(5)), return_exceptions=True)
        assert [isinstance(one, BusyError) for one in found] == [False, False, True, True, True]
        await votes.vote(key, question)
        await votes.close()

    asyncio.run(asked())


def test_a_cluster_that_is_another_now_is_asked_by_another_process(key: PanelKey) -> None:
    """Whoever still waits for the one that is gone is told at once."""

    async def asked() -> None:
        heads = ["127.0.0.1:1", "127.0.0.1:2"]
        votes = ServedVotes(lambda: Head(heads[0]))
        waiting = asyncio.create_task(votes.facts(key))
        await asyncio.sleep(0.1)
        del heads[0]
        with pytest.raises(OutvotedError, match=r"127\.0\.0\.1:2"):
            await votes.facts(key)
        with pytest.raises(NotReadyError, match="has ended"):
            await waiting
        await votes.close()

    asyncio.run(asked())
