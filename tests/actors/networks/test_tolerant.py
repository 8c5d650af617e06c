"""A network that fails on some images fails for those alone, and the run goes on."""

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.mining.coordinator import Coordinator
from outvoted.actors.mining.verification import verify
from outvoted.actors.networks.members import Member
from outvoted.actors.networks.user_modules import Tolerant, told
from outvoted.actors.panel.panel import LocalPanel
from outvoted.actors.panel.peer import Peer
from outvoted.actors.panel.renderer import Renderer
from outvoted.search.climb import Rules
from outvoted.search.messages import Candidates, TakeGradient
from outvoted.search.outcome import Outcome
from outvoted.search.plan import Shard
from tests.actors.leases import mined_by
from tests.actors.panel.zoo import NoWayBack

Draw = Callable[[int, int], Candidates]


class Picky(nn.Module):
    """Raises when it sees an image with much ink."""

    def __init__(self, network: nn.Module, most: float, error: Exception) -> None:
        super().__init__()
        self.network, self.most, self.error = network, most, error
        self.seen: set[tuple[int, ...]] = set()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.seen.add(tuple(images.shape))
        if (images.mean((1, 2, 3)) > self.most).any():
            raise self.error
        logits: torch.Tensor = self.network(images)
        return logits


@pytest.fixture
def plain(digits: Dataset) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(784, digits.classes))


def test_only_images_that_fail_get_no_answer(plain: nn.Module, digits: Dataset) -> None:
    images = torch.tensor(digits.test.images[:40]).float() / 255
    ink = images.mean((1, 2, 3))
    most = float(ink.median())
    picky = Picky(plain, most, ValueError("too much ink"))
    found, expected = Tolerant(picky, 10)(images), plain(images)
    failed = ink > most
    assert 0 < failed.sum() < 40
    assert found[failed].isnan().all()
    torch.testing.assert_close(found[~failed], expected[~failed])
    assert picky.seen == {tuple(images.shape)}


def test_if_all_fail_none_has_an_answer(plain: nn.Module) -> None:
    found = Tolerant(Picky(plain, -1, KeyError("x")), 10)(torch.zeros(3, 1, 28, 28))
    assert found.shape == (3, 10)
    assert found.isnan().all()


def test_an_output_of_the_wrong_form_is_no_answer() -> None:
    assert Tolerant(nn.Flatten(), 10)(torch.zeros(3, 1, 4, 4)).isnan().all()


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError(
            "[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"
        ),
    ],
)
def test_memory_that_ran_out_is_not_the_images_fault(error: Exception, plain: nn.Module) -> None:
    with pytest.raises(type(error)):
        Tolerant(Picky(plain, -1, error), 10)(torch.zeros(3, 1, 28, 28))


def test_searches_that_meet_a_failure_fail_and_the_others_go_on(
    coordinator: Coordinator, shard: Shard, peers: list[Peer], trained: list[Member], digits: Dataset
) -> None:
    network = trained[2].bare(digits.shape, digits.classes)
    ink = digits.train.images[shard.seed_id].mean((1, 2, 3)) / 255
    picky = Tolerant(
        Picky(network, float(np.quantile(ink, 0.7)), ValueError("too much ink")), digits.classes, "picky"
    )
    last = Peer(picky, Renderer(coordinator.rules.transform, digits.train))
    frame = mined_by(coordinator, shard, LocalPanel([*peers[:2], last])).searches.to_pandas()
    failed = frame["outcome"] == Outcome.FAILED
    assert failed.any()
    assert set(frame.loc[~failed, "outcome"]) >= {Outcome.MISTAKE, Outcome.EXHAUSTED}
    assert set(frame.loc[failed, "reason"]) <= {
        f"picky: ValueError: too much ink (on {place})" for place in ("the seed", "a candidate")
    }


class Uneven(nn.Module):
    """Raises, exits or answers NaN or too little for the first, second, ... image of a batch of four."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        logits = images.flatten(1)[:, :10]
        if len(set(images[:, 0, 0, 0].tolist())) > 1:
            raise ValueError("one at a time")
        match int(images[0, 0, 0, 0]):
            case 0:
                raise KeyError("zero")
            case 1:
                sys.exit(7)
            case 2:
                return logits * torch.nan
            case 3:
                return logits[:, :9]
        return logits


def test_why_an_image_has_no_answer_is_said() -> None:
    images = torch.arange(5.0)[:, None, None, None].expand(-1, 1, 4, 4).contiguous()
    logits, failures = Tolerant(Uneven(), 10, "uneven").answer(images)
    assert failures == (
        "uneven: KeyError: 'zero'",
        "uneven: it called sys.exit(7)",
        "uneven: NaN or infinite outputs",
        "uneven: an output of shape (5, 9) for 5 images",
        "",
    )
    assert logits.isnan().any(1).tolist() == [True, True, True, True, False]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("two\n  lines"), "ValueError: two lines"),
        (KeyError(), "KeyError"),
        (TypeError("not <Net object at 0x7fb2F5de0400> but"), "TypeError: not <Net object> but"),
        (SystemExit(), "it called sys.exit()"),
        (SystemExit("stop"), "it called sys.exit(stop)"),
        (RuntimeError("x" * 1000), "RuntimeError: " + "x" * 286),
    ],
)
def test_what_was_raised_is_said_in_one_line_that_every_process_would_say(
    error: BaseException, said: str
) -> None:
    assert told(error) == said


def test_where_all_is_well_nothing_is_said(plain: nn.Module) -> None:
    assert Tolerant(plain, 10).answer(torch.zeros(3, 1, 28, 28))[1] == ()


def test_ctrl_c_is_not_the_networks_fault(plain: nn.Module) -> None:
    class Cut(nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Tolerant(Cut(), 10)(torch.zeros(3, 1, 28, 28))


@pytest.mark.parametrize(
    ("way", "said"),
    [(NoWayBack.apply, "no gradient, ValueError: no way back"), (torch.Tensor.detach, "no gradient, ")],
)
def test_a_row_that_should_have_a_gradient_and_has_none_fails(
    way: Any, said: str, plain: nn.Module, rules: Rules, digits: Dataset, candidates: Draw
) -> None:
    class OneWay(nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            logits: torch.Tensor = plain.double()(way(images))
            return logits

    peer, asked = Peer(OneWay(), Renderer(rules.transform, digits.train)), candidates(9, 0)
    right = peer.ask(asked).predicted == digits.train.labels[asked.seed_id]
    wanted = np.where(
        np.arange(9) % 2 == 0,
        np.where(right, TakeGradient.IF_CORRECT, TakeGradient.IF_WRONG),
        TakeGradient.NEVER,
    )
    found = peer.ask(replace(asked, take_gradient=wanted.astype(np.uint8)))
    assert found.failure is not None
    assert [text.startswith(said) for text in found.failure] == (np.arange(9) % 2 == 0).tolist()
    assert np.isnan(found.score).tolist() == (np.arange(9) % 2 == 0).tolist()


def test_a_failed_row_is_of_no_class(
    plain: nn.Module, rules: Rules, digits: Dataset, candidates: Draw
) -> None:
    peer = Peer(Tolerant(Picky(plain, -1, ValueError()), 10), Renderer(rules.transform, digits.train))
    answers = peer.ask(candidates(5, 0))
    assert (answers.predicted == -1).all()
    assert np.isnan(answers.score).all()
    assert np.isnan(peer.vote(digits.test.images[:2])).all()


def test_a_vote_that_failed_verifies_nothing() -> None:
    votes = np.zeros((3, 2, 2), np.float32)
    votes[:, :, 1] = 1
    votes[0] = np.array([[1, 0], [np.nan, np.nan]])
    found = verify([b"", b""], votes, np.array([1, 1]), np.array([0, 0]), np.array([2, 2]))
    assert found.verified.tolist() == [True, False]


def test_a_referee_that_failed_agrees_with_no_label(coordinator: Coordinator, digits: Dataset) -> None:
    class Silent(nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return torch.full((len(images), 10), torch.nan)

    silent = Peer(Silent(), Renderer(coordinator.rules.transform, digits.train))
    judged = Coordinator(coordinator.rules, coordinator.seeds, coordinator.names, silent)
    classes = judged.judge(digits.test.images[:3])
    assert classes is not None
    assert classes.tolist() == [-1, -1, -1]


@pytest.mark.parametrize("batch", [2, 4, 7])
def test_no_batch_has_more_rows_than_are_set(
    batch: int, rules: Rules, digits: Dataset, candidates: Draw
) -> None:
    seen = set()

    class Watched(nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            if images.dtype == torch.float32:
                seen.add(len(images))
            return images.flatten(1)[:, 300:310]

    peer = Peer(Watched(), Renderer(rules.transform, digits.train), batch)
    for n in (1, 4, 9):
        assert len(peer.ask(candidates(n, 0))) == n
    assert max(seen) == batch
