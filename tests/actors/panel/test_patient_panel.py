"""A fault that passes leaves no trace in what a panel answers; one that stays costs little."""

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import replace
from math import inf

import numpy as np
import pytest
import torch
from torch import nn

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.networks.user_modules import Tolerant
from outvoted.actors.panel.exactness import Exactness
from outvoted.actors.panel.inside import PanelInside, PromptPanel
from outvoted.actors.panel.later import LaterPanel, PatientPanel, Retries
from outvoted.actors.panel.panel import LocalPanel
from outvoted.actors.panel.peer import Peer
from outvoted.actors.panel.realism import FoundImages, Seen
from outvoted.actors.panel.renderer import Renderer
from outvoted.actors.panel.seeds import SeedBlock
from outvoted.search.arrays import Pixels, Singles
from outvoted.search.messages import Answers, Candidates, Questions, Replies
from outvoted.search.transforms import Affine
from tests.actors.panel.same import assert_same

Draw = Callable[[int, int], Candidates]


class Faulty(LaterPanel):
    """A panel of which every third row has no answer in the first so many calls."""

    def __init__(self, panel: LocalPanel, faults: float) -> None:
        self._panel, self._faults = panel, faults
        self.calls = 0
        self.rows: list[int] = []

    def _at_fault(self, rows: int) -> bool:
        self.calls += 1
        self.rows.append(rows)
        return self.calls <= self._faults

    async def ask(self, questions: Questions) -> Replies:
        fault = self._at_fault(sum(map(len, questions.rows.values())))
        replies = self._panel.ask(questions)
        return {peer: broken(one) if fault and peer == 1 else one for peer, one in replies.items()}

    async def vote(self, images: Pixels) -> Singles:
        votes = self._panel.vote(images)
        if self._at_fault(len(images)):
            votes[0, ::3] = np.nan
        return votes

    async def judge(self, found: FoundImages) -> Seen:
        seen = self._panel.judge(found)
        if self._at_fault(len(found.labels)):
            seen.votes[0, ::3] = np.nan
        return seen

    async def exactness(self) -> tuple[Exactness, ...]:
        return self._panel.exactness()

    def hold(self, name: str, block: SeedBlock) -> None:
        """Seeds are at hand already."""

    def release(self, name: str) -> None:
        """Seeds stay at hand."""


def broken(answers: Answers) -> Answers:
    """Take back every third answer."""
    score, predicted = answers.score.copy(), answers.predicted.copy()
    failure = np.full(len(score), "", object)
    score[::3], predicted[::3], failure[::3] = np.nan, -1, "sometimes"
    return replace(answers, score=score, predicted=predicted, failure=failure)


class Patience:
    """A patient panel, and how long it has waited each time."""

    def __init__(self, panel: LocalPanel, faults: float, retries: int = 2) -> None:
        self.waited: list[float] = []
        self.faulty = Faulty(panel, faults)

        async def sleep(seconds: float) -> None:
            self.waited.append(seconds)

        self.panel = PatientPanel(self.faulty, Retries(retries), sleep)


def asked(candidates: Draw) -> Questions:
    return Questions(candidates(40, 1), {0: np.arange(40), 1: np.arange(5, 40), 2: np.arange(0)})


@pytest.mark.parametrize("faults", [0, 1, 2])
def test_what_is_answered_at_last_is_what_was_asked(faults: int, panel: LocalPanel, candidates: Draw) -> None:
    patience, questions = Patience(panel, faults), asked(candidates)
    replies, expected = asyncio.run(patience.panel.ask(questions)), panel.ask(questions)
    for peer in expected:
        one = replies[peer]
        assert one.failure is None or not one.failure.any()
        assert_same(replace(one, failure=None), replace(expected[peer], failure=None))
    assert patience.waited == [3.0, 15.0][:faults]
    assert patience.panel.beats == faults + 1


def test_only_what_has_no_answer_is_asked_again(panel: LocalPanel, candidates: Draw) -> None:
    patience = Patience(panel, 1)
    asyncio.run(patience.panel.ask(asked(candidates)))
    assert patience.faulty.rows == [75, 12]


def test_what_stays_without_an_answer_says_why(panel: LocalPanel, candidates: Draw) -> None:
    patience = Patience(panel, np.inf)
    answers = asyncio.run(patience.panel.ask(asked(candidates)))[1]
    failed = np.isnan(answers.score)
    assert failed.any()
    assert answers.failure is not None
    assert set(answers.failure[failed]) == {"sometimes"}


def test_votes_and_judgements_are_asked_for_again_too(panel: LocalPanel) -> None:
    images = np.random.default_rng(0).integers(0, 256, (10, 1, 28, 28), np.uint8)
    votes = asyncio.run(Patience(panel, 2).panel.vote(images))
    assert np.array_equal(votes, panel.vote(images))
    found = FoundImages(images, np.arange(10), np.arange(10))
    seen, expected = asyncio.run(Patience(panel, 1).panel.judge(found)), panel.judge(found)
    assert np.array_equal(seen.votes, expected.votes)
    assert np.array_equal(seen.realism, expected.realism, equal_nan=True)


class Lapsing(nn.Module):
    """A network that raises once it has answered so many times, until it is given more."""

    left = inf

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(784, 10)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        Lapsing.left -= 1
        if Lapsing.left < 0:
            raise ValueError("not now")
        logits: torch.Tensor = self.last(images.flatten(1))
        return logits


@pytest.mark.parametrize("answers", [0, 1, 2, 3, 4])
def test_a_fault_that_begins_between_a_mistake_and_real_images_leaves_no_trace(
    answers: int, digits: Dataset
) -> None:
    network = Tolerant(Lapsing(), 10)
    found = FoundImages(digits.test.images[:4], np.full(4, 7), np.full(4, -1))

    async def sleep(seconds: float) -> None:
        Lapsing.left = inf

    def judged(answers: float) -> Seen:
        Lapsing.left = inf
        renderer = Renderer(Affine(), digits.train)
        peer = Peer(network, renderer)
        peer.vote(found.images)  # copies and tries the network
        Lapsing.left = answers
        inside = PanelInside(LocalPanel([peer]), renderer.seeds)
        return asyncio.run(PatientPanel(inside, Retries(2), sleep).judge(found))

    seen, expected = judged(answers), judged(inf)
    assert np.isfinite(expected.realism).all()
    assert np.array_equal(seen.votes, expected.votes)
    assert np.array_equal(seen.realism, expected.realism)


def test_without_retries_nothing_is_asked_again(panel: LocalPanel, candidates: Draw) -> None:
    patience = Patience(panel, 1, retries=0)
    asyncio.run(patience.panel.ask(asked(candidates)))
    assert patience.faulty.calls == 1


def test_a_network_that_fails_for_good_is_soon_waited_for_no_more(
    panel: LocalPanel, candidates: Draw
) -> None:
    patience = Patience(panel, 100)

    async def ask_often(times: int) -> None:
        for _ in range(times):
            await patience.panel.ask(Questions(candidates(1, 3), {1: np.arange(1)}))

    asyncio.run(ask_often(30))
    assert sum(patience.waited) == 3 * (3 + 15)
    patience.faulty.calls = 100  # it is mended
    asyncio.run(ask_often(1))
    patience.faulty.calls = 99
    asyncio.run(ask_often(1))
    assert patience.waited[-1] in (0.0, 3.0)


@pytest.mark.parametrize("faults", [0, 1, 2])
def test_who_waits_in_the_process_is_answered_the_same(
    faults: int, panel: LocalPanel, candidates: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited, calls = list[float](), itertools.count(1)

    class Failing(LocalPanel):
        def ask(self, questions: Questions) -> Replies:
            fault, replies = next(calls) <= faults, panel.ask(questions)
            return {peer: broken(one) if fault and peer == 1 else one for peer, one in replies.items()}

    monkeypatch.setattr("outvoted.actors.panel.inside.time.sleep", waited.append)
    peers, questions = panel._peers, asked(candidates)
    prompt = PromptPanel(Failing(peers), peers[0].renderer.seeds, Retries())
    found, expected = prompt.ask(questions), panel.ask(questions)
    for peer in expected:
        assert_same(replace(found[peer], failure=None), replace(expected[peer], failure=None))
    assert waited == [3.0, 15.0][:faults]
    assert prompt.size == panel.size
