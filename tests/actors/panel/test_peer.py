"""Peer laws: an answer depends on its row alone, and is what plain arithmetic says."""

import warnings
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.mining.verification import rendered
from outvoted.actors.networks.members import Member
from outvoted.actors.panel.canonical import FEW, MANY
from outvoted.actors.panel.exactness import GRID, Reading, log_odds
from outvoted.actors.panel.peer import Peer
from outvoted.actors.panel.renderer import Renderer
from outvoted.search.climb import Rules
from outvoted.search.messages import Answers, Candidates, TakeGradient, probability
from outvoted.search.transforms import Affine
from tests.actors.panel.same import assert_same

Draw = Callable[[int, int], Candidates]
SEEDS = st.integers(0, 2**32 - 1)
BATCH = 128
ROWS = st.integers(1, 2 * BATCH + 9)
LOGITS = arrays(
    np.float64, st.tuples(st.integers(1, 5), st.integers(2, 8)), elements=st.floats(-300, 300, width=32)
)


@pytest.fixture(scope="module", params=["mlp", "cnn"])
def peer(request: pytest.FixtureRequest, peers: list[Peer], convolutional: Peer) -> Peer:
    """A peer behind one of the architectures."""
    return peers[1] if request.param == "mlp" else convolutional


def picked(answers: Answers, rows: NDArray[np.int64]) -> Answers:
    """Return some of the answers."""
    return Answers(
        answers.score[rows],
        answers.predicted[rows],
        None if answers.gradient is None else answers.gradient[rows],
    )


def assert_rounded(answers: Answers, own: NDArray[np.float32]) -> None:
    """Scores lie on the grid, half a step at most from the log-odds of the probabilities ``own``."""
    assert (answers.score * GRID == np.round(answers.score * GRID)).all()
    p = own.astype(np.float64)
    step = np.log(p / (1 - p)) - answers.score
    assert (np.abs(step[p < 0.999]) <= 0.5 / GRID + 1e-4).all()
    assert (probability(answers.score)[p >= 0.999] > 0.998).all()


def differentiated(candidates: Candidates, seed: int) -> Candidates:
    """Ask for some gradients."""
    flags = np.random.default_rng(seed).integers(len(TakeGradient), size=len(candidates))
    return replace(candidates, take_gradient=flags.astype(np.uint8))


class Smooth(Affine):
    """A transform without corners: pixels brighten in waves of the composed transform, unrounded."""

    def render(self, seeds: torch.Tensor, composed: torch.Tensor) -> torch.Tensor:
        n, _, height, width = seeds.shape
        places = torch.linspace(0, 3, height * width, dtype=torch.float64, device=seeds.device)
        terms = torch.stack([torch.sin(places * (k + 1) + k) for k in range(composed.shape[1])])
        waves = torch.sin(composed.double() * 1.7) @ terms
        return seeds.double() + 40 * waves.view(n, 1, height, width)


@settings(max_examples=15)
@given(n=ROWS, seed=SEEDS, data=st.data())
def test_alone_a_row_gets_the_same_answer(
    n: int, seed: int, data: st.DataObject, peer: Peer, candidates: Draw
) -> None:
    every = candidates(n, seed)
    row = np.array([data.draw(st.integers(0, n - 1))])
    assert_same(peer.ask(every.rows(row)), picked(peer.ask(every), row))


@settings(max_examples=15)
@given(n=ROWS, seed=SEEDS)
def test_order_changes_no_answer(n: int, seed: int, peer: Peer, candidates: Draw) -> None:
    every = candidates(n, seed)
    order = np.random.default_rng(seed).permutation(n)
    assert_same(peer.ask(every.rows(order)), picked(peer.ask(every), order))


@settings(max_examples=15)
@given(n=ROWS, seed=SEEDS, company=SEEDS, others=ROWS)
def test_company_changes_no_answer(
    n: int, seed: int, company: int, others: int, peer: Peer, candidates: Draw
) -> None:
    mine, theirs = candidates(n, seed), candidates(others, company)
    together = Candidates(
        np.concatenate([theirs.seed_id, mine.seed_id]), np.concatenate([theirs.composed, mine.composed])
    )
    assert_same(peer.ask(mine), picked(peer.ask(together), np.arange(others, others + n)))


@settings(max_examples=15)
@given(n=ROWS, seed=SEEDS, data=st.data())
def test_splitting_a_call_changes_no_answer(
    n: int, seed: int, data: st.DataObject, peer: Peer, candidates: Draw
) -> None:
    every = candidates(n, seed)
    cut = data.draw(st.integers(0, n))
    first, second = peer.ask(every.rows(slice(0, cut))), peer.ask(every.rows(slice(cut, n)))
    whole = peer.ask(every)
    assert_same(first, picked(whole, np.arange(cut)))
    assert_same(second, picked(whole, np.arange(cut, n)))


def test_gradients_are_those_of_the_score(
    rules: Rules, digits: Dataset, trained: list[Member], candidates: Draw
) -> None:
    network = trained[2].build(digits.shape, digits.classes).double()
    peer = Peer(trained[2].build(digits.shape, digits.classes), Renderer(Smooth(), digits.train))
    asked = candidates(40, 8)
    right = peer.ask(asked).predicted == digits.train.labels[asked.seed_id]
    flags = np.where(right, TakeGradient.IF_CORRECT, TakeGradient.IF_WRONG).astype(np.uint8)
    found = peer.ask(replace(asked, take_gradient=flags)).gradient
    seeds = torch.from_numpy(digits.train.images[asked.seed_id])
    labels = torch.from_numpy(digits.train.labels[asked.seed_id])

    def score(composed: NDArray[np.float64]) -> NDArray[np.float64]:
        pixels = Smooth().render(seeds, torch.from_numpy(composed))
        with torch.inference_mode():
            return np.asarray(log_odds(network(pixels / 255), labels).numpy())

    at = asked.composed.astype(np.float64)
    step = 1e-6 * np.eye(at.shape[1])
    expected = np.stack([(score(at + one) - score(at - one)) / 2e-6 for one in step], axis=1)
    assert found is not None
    assert right.any()
    assert not right.all()
    np.testing.assert_allclose(found, expected, rtol=2**-12, atol=1e-6)


@settings(max_examples=10)
@given(n=ROWS, seed=SEEDS, data=st.data())
def test_a_gradient_depends_on_neither_place_nor_company(
    n: int, seed: int, data: st.DataObject, peer: Peer, candidates: Draw
) -> None:
    every = differentiated(candidates(n, seed), seed)
    order = np.random.default_rng(seed).permutation(n)[: data.draw(st.integers(1, n))]
    assert_same(peer.ask(every.rows(order)), picked(peer.ask(every), order))


@settings(max_examples=10)
@given(n=ROWS, seed=SEEDS)
def test_gradients_are_taken_where_asked_for_and_change_nothing_else(
    n: int, seed: int, peer: Peer, candidates: Draw, digits: Dataset
) -> None:
    every = differentiated(candidates(n, seed), seed)
    found, plain = peer.ask(every), peer.ask(replace(every, take_gradient=None))
    assert_same(Answers(found.score, found.predicted), plain)
    assert found.gradient is not None
    assert every.take_gradient is not None
    right = found.predicted == digits.train.labels[every.seed_id]
    taken = np.where(
        right, every.take_gradient == TakeGradient.IF_CORRECT, every.take_gradient == TakeGradient.IF_WRONG
    )
    assert (np.isfinite(found.gradient).all(axis=1) == taken).all()
    assert np.isnan(found.gradient[~taken]).all()
    assert found.gradient.dtype == np.float32


def test_asking_for_no_gradient_at_all_is_answered_with_none(peer: Peer, candidates: Draw) -> None:
    every = candidates(5, 0)
    found = peer.ask(replace(every, take_gradient=np.zeros(5, np.uint8)))
    assert_same(found, replace(peer.ask(every), gradient=np.full((5, 6), np.nan, np.float32)))
    assert peer.ask(replace(every, take_gradient=np.ones(5, np.uint8)).rows(slice(0, 0))).gradient is not None


def test_asking_again_changes_no_answer(peer: Peer, candidates: Draw) -> None:
    every = candidates(300, 1)
    assert_same(peer.ask(every), peer.ask(every))


def test_what_defines_answers_sees_batches_of_few_shapes_and_no_network_sees_one_image_alone(
    rules: Rules, digits: Dataset, candidates: Draw
) -> None:
    seen = set()

    class Watched(torch.nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            seen.add((len(images), images.dtype))
            return images.flatten(1)[:, 300:310]

    peer = Peer(Watched(), Renderer(rules.transform, digits.train))
    for n in (1, BATCH - 1, BATCH, BATCH + 1):
        peer.ask(candidates(n, 0))
        peer.vote(digits.test.images[:n])
    assert {rows for rows, dtype in seen if dtype == torch.float64} == {FEW, MANY}
    assert min(rows for rows, dtype in seen if dtype == torch.float32) == 2


def test_a_referee_votes_as_a_peer_would(judge: Peer, convolutional: Peer, digits: Dataset) -> None:
    single, double = (peer.vote(digits.test.images) for peer in (judge, convolutional))
    np.testing.assert_allclose(single, double, atol=1e-5)
    np.testing.assert_array_equal(single.argmax(axis=1), double.argmax(axis=1))


def test_nothing_asked_is_nothing_answered(peer: Peer, candidates: Draw) -> None:
    answers = peer.ask(candidates(3, 0).rows(slice(0, 0)))
    assert len(answers) == 0
    assert (answers.score.dtype, answers.predicted.dtype) == (np.dtype(np.float32), np.dtype(np.int16))


@settings(max_examples=10)
@given(n=st.integers(1, 300), seed=SEEDS)
def test_company_changes_no_vote(n: int, seed: int, peer: Peer, digits: Dataset) -> None:
    order = np.random.default_rng(seed).permutation(len(digits.test))[:n]
    every = peer.vote(digits.test.images)
    assert peer.vote(digits.test.images[order]).tobytes() == every[order].tobytes()


@given(logits=LOGITS)
def test_log_odds_are_those_of_plain_arithmetic(logits: NDArray[np.float64]) -> None:
    n, classes = logits.shape
    labels = np.arange(n) % classes
    found = log_odds(torch.from_numpy(logits), torch.from_numpy(labels)).numpy()
    read = Reading.of(torch.from_numpy(logits), labels)
    for row in range(n):
        others = np.delete(logits[row], labels[row])
        top = others.max()
        expected = logits[row, labels[row]] - top - np.log(np.sum(np.exp(others - top)))
        assert found[row] == pytest.approx(expected, rel=1e-12, abs=1e-12)
        assert read.odds[row] == pytest.approx(expected, rel=1e-12, abs=1e-12)
        *_, next_one, top = np.sort(logits[row])
        assert (read.ahead[row], read.size[row]) == (top - next_one, np.abs(logits[row]).max())


@given(logits=LOGITS)
def test_log_odds_are_the_logarithm_of_p_over_one_minus_p(logits: NDArray[np.float64]) -> None:
    small = logits / 100
    exponentials = np.exp(small)
    p = exponentials[:, 0] / exponentials.sum(axis=1)
    found = log_odds(torch.from_numpy(small), torch.zeros(len(small), dtype=torch.int64)).numpy()
    np.testing.assert_allclose(found, np.log(p / (1 - p)), rtol=1e-9, atol=1e-9)


def test_log_odds_do_not_saturate() -> None:
    logits = torch.tensor([[100.0, 0.0], [101.0, 0.0], [-500.0, 200.0]], dtype=torch.float64)
    found = log_odds(logits, torch.zeros(3, dtype=torch.int64))
    assert found.tolist() == [100.0, 101.0, -700.0]


def test_a_seed_through_the_identity_gets_the_vote_on_its_pixels(
    peer: Peer, digits: Dataset, rules: Rules
) -> None:
    ids = np.arange(len(digits.train), dtype=np.int32)
    identity = rules.transform.identity(len(ids)).astype(np.float32)
    answers, votes = peer.ask(Candidates(ids, identity)), peer.vote(digits.train.images)
    np.testing.assert_array_equal(answers.predicted, votes.argmax(axis=1))
    own = votes[ids, digits.train.labels]
    assert_rounded(answers, own)


@settings(max_examples=10)
@given(n=ROWS, seed=SEEDS)
def test_a_candidate_gets_the_vote_on_the_pixels_that_would_be_stored(
    n: int, seed: int, peer: Peer, digits: Dataset, rules: Rules, candidates: Draw
) -> None:
    every = candidates(n, seed)
    images = rendered(rules.transform, digits.train.images[every.seed_id], every.composed)
    answers, votes = peer.ask(every), peer.vote(images)
    np.testing.assert_array_equal(answers.predicted, votes.argmax(axis=1))
    own = votes[np.arange(n), digits.train.labels[every.seed_id]]
    assert_rounded(answers, own)


def test_votes_are_probabilities(peer: Peer, digits: Dataset) -> None:
    votes = peer.vote(digits.test.images)
    assert votes.shape == (len(digits.test), digits.classes)
    assert votes.dtype == np.float32
    assert (votes >= 0).all()
    np.testing.assert_allclose(votes.sum(axis=1, dtype=np.float64), 1, atol=1e-6)


def test_votes_are_right_as_often_as_the_network_was_in_training(
    peers: list[Peer], digits: Dataset, trained: list[Member]
) -> None:
    for peer, member in zip(peers, trained, strict=True):
        share = np.mean(peer.vote(digits.test.images).argmax(axis=1) == digits.test.labels)
        assert share == pytest.approx(member.test_accuracy, abs=1e-9)


def test_pixels_that_may_only_be_read_are_taken_without_a_warning(
    peer: Peer, digits: Dataset, candidates: Draw
) -> None:
    images, every = digits.test.images[:BATCH].copy(), candidates(BATCH, 0)
    for array in (images, every.seed_id, every.composed):
        array.setflags(write=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(peer.vote(images)) == BATCH
        assert len(peer.ask(every)) == BATCH


def test_a_view_that_runs_backwards_is_answered(peer: Peer, candidates: Draw) -> None:
    every = candidates(BATCH, 0)
    backwards = slice(None, None, -1)
    assert_same(peer.ask(every.rows(backwards)), picked(peer.ask(every), np.arange(BATCH)[backwards]))


def test_a_broken_network_gives_scores_that_are_not_finite(
    rules: Rules, digits: Dataset, candidates: Draw
) -> None:
    class Broken(torch.nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return images.new_full((len(images), 10), torch.nan)

    peer = Peer(Broken(), Renderer(rules.transform, digits.train))
    assert not np.isfinite(peer.ask(candidates(5, 0)).score).any()
