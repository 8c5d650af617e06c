"""The law of exact answers, for every kind of network: how they are computed changes none."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.networks import (
    CNN,
    MLP,
    Architecture,
    DeepCNN,
    InputRecipe,
    PlainCNN,
    PreprocessedNetwork,
    ViT,
)
from outvoted.actors.networks.user_modules import Tolerant, ready
from outvoted.actors.panel.exactness import (
    Bound,
    Differences,
    Exactness,
    Reading,
    log_odds,
    on_grid,
    significant,
)
from outvoted.actors.panel.fast import Batch
from outvoted.actors.panel.panel import LocalPanel
from outvoted.actors.panel.peer import Peer
from outvoted.actors.panel.realism import FoundImages
from outvoted.actors.panel.renderer import Renderer
from outvoted.search.messages import Answers, Candidates, Questions, TakeGradient
from outvoted.search.transforms import (
    Affine,
    Blur,
    Chain,
    Fade,
    Fog,
    GridDistortion,
    Jpeg,
    MotionBlur,
    Perspective,
    Photometric,
    Transform,
)
from tests.actors.panel.same import assert_same
from tests.actors.panel.zoo import CLASSES, LAZY, SHAPE, SINGLE_ALONE, WELL, build

ROWS = 150
ARCHITECTURES: dict[str, Architecture] = {
    "mlp": MLP(hidden=(30, 10)),
    "steep mlp": MLP(hidden=20, activation="sigmoid", temperature=0.1),
    "cnn": CNN(channels=4, hidden=16),
    "plain-cnn": PlainCNN(channels=(4, 6), hidden=16),
    "deep-cnn": DeepCNN(channels=(2, 3, 3, 4), hidden=(6, 5)),
    "vit": ViT(width=8, heads=2, blocks=2, hidden=8),
    "prepared": PreprocessedNetwork(
        network=CNN(channels=3, hidden=9), input=InputRecipe(size=(20, 20), channels=3)
    ),
}
USERS = [*WELL, *LAZY, *SINGLE_ALONE]


def network(name: str) -> nn.Module:
    """One network of each kind, untrained, or the user's own."""
    torch.manual_seed(0)
    if name in ARCHITECTURES:
        made = ARCHITECTURES[name].build(SHAPE, CLASSES)
    else:
        made = ready(build(name), torch.rand(1, *SHAPE))
    for one in made.modules() if name == "cnn" else ():
        if isinstance(one, nn.BatchNorm2d):
            nn.init.uniform_(one.weight, 0.5, 2)
    return Tolerant(made.eval(), CLASSES, name)


def exported() -> nn.Module:
    """A network as `torch.export` writes and reads it."""
    batch: Any = torch.export.Dim("batch")
    made = network("plain-cnn").network
    program: Any = torch.export.export(made, (torch.zeros(2, *SHAPE),), dynamic_shapes=({0: batch},))  # type: ignore[arg-type]
    return Tolerant(program.module(check_guards=False), CLASSES, "exported")


@contextmanager
def threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@pytest.fixture(scope="module")
def renderer(digits: Dataset) -> Renderer:
    return Renderer(Affine(), digits.train)


@pytest.fixture(scope="module")
def asked(renderer: Renderer) -> Candidates:
    """Candidates, a quarter of them with a gradient."""
    some = renderer.random(ROWS)
    take = np.where(np.arange(ROWS) % 4 == 0, np.arange(ROWS) // 4 % 2 + 1, 0)
    return replace(some, take_gradient=take.astype(np.uint8))


@pytest.mark.parametrize("name", [*ARCHITECTURES, *USERS, "exported"])
def test_an_answer_depends_on_neither_batch_nor_order_nor_company_nor_threads(
    name: str, renderer: Renderer, asked: Candidates
) -> None:
    made = exported() if name == "exported" else network(name)
    if name in SINGLE_ALONE:  # the last bits of single precision reach the twelve of a gradient
        asked = replace(asked, take_gradient=None)

    def answers(batch: Batch, count: int, rows: Any, size: int = ROWS) -> Answers:
        peer = Peer(made, renderer, batch)
        with threads(count):
            part = asked.rows(rows)
            return Answers.joined(
                [peer.ask(part.rows(slice(k, k + size))) for k in range(0, len(part), size)]
            )

    every, order = np.arange(ROWS), np.random.default_rng(1).permutation(ROWS)
    known = answers("auto", 1, every)
    assert_same(answers(64, 2, order).rows(np.argsort(order)), known)
    assert_same(answers(3, 1, every, size=40), known)
    assert_same(answers(1, 1, every[40:60], size=1), known.rows(every[40:60]))


def test_peers_that_share_what_is_rendered_answer_as_each_would_alone(
    renderer: Renderer, asked: Candidates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("outvoted.actors.panel.renderer._LEAST_HELD", 40)
    monkeypatch.setattr("outvoted.actors.panel.renderer._HELD", 1)
    peers = [Peer(network(name), renderer) for name in ("mlp", "plain-cnn", "in place", "double")]
    rows = {
        0: np.arange(ROWS)[::-1],
        1: np.arange(0, ROWS, 3),
        2: np.arange(20, 90),
        3: np.array([5, 2, 100]),
    }
    local = LocalPanel(peers)
    alone = [Peer(peer._network, renderer) for peer in peers]
    later = {1: np.arange(60, 150)[::-1]}, rows, {0: np.arange(10), 2: np.array([140, 139, 5, 5])}
    for kept in (2**24, 40 * 784):  # some rows have been rendered already, and some have been forgotten
        monkeypatch.setattr("outvoted.actors.panel.remembered._KEPT", kept)
        for questions in (Questions(asked, each) for each in (rows, *later)):
            for peer, found in local.ask(questions).items():
                assert_same(found, alone[peer].ask(questions.of(peer)))


class Coarse(nn.Module):
    """Answers in float64 as a network does, in float32 wrong by up to ``noise``, otherwise in every batch."""

    def __init__(self, noise: float, spared: int = 0) -> None:
        super().__init__()
        self.network, self.noise, self.spared = network("mlp"), noise, spared

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.network(images)
        if images.dtype == torch.float64:
            return logits
        self.spared -= len(images)
        noise = self.noise if self.spared < 0 else 1e-7
        return logits + noise * torch.sin(1e6 * logits + len(images))


@pytest.mark.parametrize("noise", [1e-6, 1e-4, 1e-2, 10.0])
def test_bad_single_precision_costs_time_and_changes_no_answer(
    noise: float, renderer: Renderer, asked: Candidates
) -> None:
    peer = Peer(Coarse(noise), renderer)
    assert_same(peer.ask(asked), Peer(network("mlp"), renderer).ask(asked))
    assert peer.exactness().widened == 0
    assert (peer.exactness().bound is None) == (noise > 1e-3)


def test_a_bound_that_is_too_small_is_found_out_widened_and_told(renderer: Renderer) -> None:
    asked, right = renderer.random(4500), Peer(network("mlp"), renderer)
    peer = Peer(Coarse(2e-4, spared=6 * 256 + 4 * 16 + 8), renderer)
    first = peer.ask(asked.rows(slice(0, 0)))
    assert len(first) == 0
    assert_same(peer.ask(asked), right.ask(asked))
    known = peer.exactness()
    assert known.widened > 0
    assert known.bound is None or known.bound.score > 2e-4
    assert_same(peer.ask(asked), right.ask(asked))
    assert peer.exactness().widened == known.widened


@given(scale=st.floats(0.01, 1000), seed=st.integers(0, 99))
def test_within_its_bound_single_precision_changes_no_answer_that_is_sure(scale: float, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    exact = scale * torch.randn(2000, 5, generator=generator, dtype=torch.float64)
    fast = exact.float() + 1e-6 * scale * (torch.rand(2000, 5, generator=generator) - 0.5)
    labels = np.arange(2000) % 5
    bound = Bound.measured(Differences.between(fast, exact, labels))
    read = Reading.of(fast, labels)
    sure = ~bound.unsure(read)
    known = log_odds(exact, torch.from_numpy(labels)).numpy()
    assert (on_grid(read.odds)[sure] == on_grid(known)[sure]).all()
    assert (read.classes[sure] == exact.argmax(1).numpy()[sure]).all()
    assert sure.any() == bound.useful or scale > 100


def test_a_bound_holds_for_what_it_was_measured_on_and_for_no_more() -> None:
    seen = Differences(np.array([1e-6, 3e-6]), np.array([2e-6, 1e-6]), np.array([5.0, 9.0]))
    bound = Bound.measured(seen)
    assert bound.holds(seen)
    assert bound.holds(Differences(np.array([2.3e-5]), np.array([0.0]), np.array([1.0])))
    far = Differences(np.array([2.5e-5]), np.array([0.0]), np.array([1.0]))
    assert not bound.holds(far)
    assert bound.holds(replace(far, size=np.array([18.0])))  # in proportion to the logits
    assert bound.widened(far).holds(far)
    assert bound.widened(far).gap == bound.gap


def test_gradients_have_twelve_significant_bits_and_no_noise_where_they_vanish() -> None:
    noise = 1 + 1e-14 * np.random.default_rng(0).standard_normal((1000, 3))
    values = np.array([[np.pi, -1e-5 / 3, 0.0]])
    rounded = significant(values * noise)
    assert (rounded == significant(values)).all()
    np.testing.assert_allclose(rounded[0], values[0], rtol=2**-12)
    assert significant(np.array([[1.0, 1e-16]])).tolist() == [[1.0, 0.0]]
    assert np.isnan(significant(np.array([[np.nan, 1.0]]))[0, 0])


TRANSFORMS: dict[str, Transform] = {
    "affine": Affine(),
    "chain": Chain(parts=(Affine(), Photometric(), Blur())),
    "mirrored": Chain(parts=(Affine(border="reflect"), Perspective(border="reflect"))),
    "warped": Chain(parts=(GridDistortion(border="mean"), Fade(), Fog(), MotionBlur())),
    "compressed": Chain(parts=(Affine(border="edge"), Jpeg())),
}


class Elsewhere(Renderer):
    """Renders as another device would: grey levels differ by up to 1e-4."""

    def computed(self, candidates: Candidates) -> torch.Tensor:
        seeds = self.seeds.of(candidates.seed_id.astype(np.int64))
        levels = self.transform.apply(seeds.float(), torch.from_numpy(candidates.composed))
        return levels + 1e-4 * torch.sin(1e3 * levels + len(levels))


@pytest.mark.parametrize("name", TRANSFORMS)
def test_a_device_whose_grey_levels_differ_a_little_renders_the_same_bytes(
    name: str, digits: Dataset
) -> None:
    here = Renderer(TRANSFORMS[name], digits.train)
    there = Elsewhere(TRANSFORMS[name], digits.train, reference=False)
    asked = here.random(400)
    assert torch.equal(there.pixels(asked), here.pixels(asked))
    assert torch.equal(there.inputs(asked), here.inputs(asked))


@pytest.mark.parametrize("again", [True, False], ids=["same", "other"])
@pytest.mark.parametrize("name", [*ARCHITECTURES, *USERS])
def test_a_network_that_is_kept_ready_answers_under_any_moves_as_one_that_is_made_anew(
    name: str, again: bool, renderer: Renderer, digits: Dataset
) -> None:
    made, test = network(name), digits.test
    found = FoundImages(test.images[:8], test.labels[:8], np.full(8, -1))
    before = Peer(made, renderer)
    before.ask(renderer.random(40))
    before.judge(found)
    moved = renderer if again else renderer.moving(Chain(parts=(Affine(), Blur())))
    kept, fresh = before.beside(moved), Peer(made, Renderer(moved.transform, digits.train))
    asked = replace(moved.random(60), take_gradient=np.ones(60, np.uint8))
    assert_same(kept.ask(asked), fresh.ask(asked))
    for one, other in zip(vars(kept.judge(found)).values(), vars(fresh.judge(found)).values(), strict=True):
        np.testing.assert_array_equal(one, other)
    known, expected = kept.exactness(), fresh.exactness()
    assert (known.precision, known.rows, known.widened) == (expected.precision, 60, 0)
    assert (known.bound is None) == (expected.bound is None)
    assert known.again <= 60


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("name", ARCHITECTURES)
@pytest.mark.parametrize("transform", TRANSFORMS)
def test_a_gpu_gives_the_same_answers(name: str, transform: str, digits: Dataset) -> None:
    moves = TRANSFORMS[transform]
    here, there = (Renderer(moves, digits.train, torch.device(device)) for device in ("cpu", "cuda"))
    asked = replace(here.random(600), take_gradient=np.full(600, TakeGradient.IF_WRONG, np.uint8))
    assert torch.equal(there.pixels(asked).cpu(), here.pixels(asked))
    assert_same(Peer(network(name), there).ask(asked), Peer(network(name), here).ask(asked))


def test_what_cells_know_of_a_peer_is_added_up_under_the_widest_bound() -> None:
    narrow, wide = Bound(1e-5, 2e-5, 9.0), Bound(3e-5, 1e-5, 8.0)
    one, other = Exactness("float64", narrow, 100, 3, 1e-6), Exactness("float64", wide, 50, 2, 3e-6, 1)
    assert Exactness.together([one, other]) == Exactness("float64", wide, 150, 5, 3e-6, 1)
