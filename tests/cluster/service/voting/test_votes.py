"""Whoever computes votes keeps these laws: the process itself, and Ray Serve."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
import pytest

from outvoted.actors.runs.run_folder import RunFolder
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.cluster.python.panel import Panel
from outvoted.cluster.service.voting.held import HeldVotes
from outvoted.cluster.service.voting.hosted import answers_of, consensus
from outvoted.cluster.service.voting.votes import HostedVotes, PanelKey, RenderQuestion, VoteQuestion
from outvoted.search.arrays import Pixels
from outvoted.search.errors import OutvotedError

Found = TypeVar("Found")


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


@pytest.fixture(params=["held"])
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
