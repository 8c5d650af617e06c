"""Laws of realism: how far from real images of its label a mistake lies, in what a peer sees last."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from outvoted.actors.data.datasets import Dataset, Split
from outvoted.actors.networks.user_modules import Tolerant
from outvoted.actors.panel.panel import LocalPanel
from outvoted.actors.panel.peer import Peer
from outvoted.actors.panel.realism import REALISTIC, FoundImages, Realism, WithFeatures
from outvoted.actors.panel.renderer import Renderer
from outvoted.search.arrays import Ints, Pixels, Singles
from outvoted.search.transforms import Affine

LINE = torch.linspace(0, 1, 60, dtype=torch.float64)[:, None]
"""Real images that lie at equal distances, as a peer sees them."""


def on_a_line(labels: Ints) -> Realism:
    return Realism(labels, lambda rows: LINE[torch.from_numpy(rows)])


def found_at(place: float, labels: Ints, label: int = 0, seed: int = -1) -> float:
    """Return the realism of what is seen at a place."""
    where = torch.tensor([[place]], dtype=torch.float64)
    return float(on_a_line(labels).of(where, np.array([label]), np.array([seed]))[0])


def test_a_network_that_fails_for_a_while_on_real_images_is_asked_about_them_again() -> None:
    failing, labels = [True], np.zeros(60, np.int64)

    def features(rows: Ints) -> torch.Tensor:
        seen = LINE[torch.from_numpy(rows)].clone()
        if failing[0]:
            seen[1::2] = torch.nan
        return seen

    def realism() -> float:
        where = torch.tensor([[0.505]], dtype=torch.float64)
        return float(passing.of(where, labels[:1], np.array([-1]))[0])

    passing = Realism(labels, features)
    realism()
    assert passing.doubtful(labels[:2]).all()
    failing[0] = False
    assert realism() == found_at(0.505, labels)
    assert not passing.doubtful(labels[:2]).any()


@pytest.fixture(scope="module")
def of_test(panel: LocalPanel, digits: Dataset) -> Singles:
    """The realism of images that no one has changed."""
    test = digits.test
    return panel.judge(FoundImages(test.images, test.labels, np.full(len(test), -1))).realism


def test_among_real_images_is_realistic_and_far_from_them_is_not() -> None:
    labels = np.zeros(60, np.int64)
    assert found_at(0.5, labels) == 1
    assert found_at(1.5, labels) == pytest.approx(1 / 61)


def test_the_further_the_less_realistic() -> None:
    labels = np.arange(60) // 30
    seen = [found_at(place, labels) for place in (0.2, 0.515, 0.53, 1.0, 2.0)]
    assert seen == sorted(seen, reverse=True)
    assert seen[0] > REALISTIC > seen[-1]


def test_only_images_of_the_label_count_where_there_are_enough() -> None:
    labels = np.arange(60) // 30
    assert found_at(0.9, labels, label=0) < REALISTIC < found_at(0.9, labels, label=1)
    few = np.where(np.arange(60) < 10, 0, 1)
    assert found_at(0.9, few, label=0) > REALISTIC


def test_labels_with_few_images_are_compared_with_the_same_ones_which_are_looked_at_once() -> None:
    looks: list[Ints] = []

    def features(rows: Ints) -> torch.Tensor:
        looks.append(rows)
        return LINE[torch.from_numpy(rows)]

    each = np.arange(20) % 4
    realism = Realism(each, features)
    found = realism.of(LINE[:4] + 0.3, np.arange(4), np.full(4, -1))
    assert [rows.tolist() for rows in looks] == [list(range(20))]
    alone = [Realism(each, features).of(LINE[[k]] + 0.3, np.array([k]), np.array([-1]))[0] for k in range(4)]
    assert found.tolist() == alone


def test_a_mistake_is_not_compared_with_its_own_seed() -> None:
    labels = np.zeros(60, np.int64)
    alone = LINE.clone()
    alone[30] += 5
    real = Realism(labels, lambda rows: alone[torch.from_numpy(rows)])
    near = alone[30:31] + 0.001
    assert real.of(near, np.array([0]), np.array([-1]))[0] > REALISTIC
    assert real.of(near, np.array([0]), np.array([30]))[0] < REALISTIC


@pytest.mark.parametrize("n", [0, 1, 15])
def test_without_real_images_nothing_is_known(n: int) -> None:
    assert np.isnan(found_at(0.5, np.zeros(n, np.int64)))


def test_realism_is_a_share(of_test: Singles, panel: LocalPanel, digits: Dataset) -> None:
    assert of_test.shape == (panel.size, len(digits.test))
    assert ((of_test > 0) & (of_test <= 1)).all()


def test_untouched_images_are_realistic_and_turned_or_covered_ones_are_less_so(
    of_test: Singles, panel: LocalPanel, digits: Dataset
) -> None:
    test, none = digits.test, np.full(len(digits.test), -1)
    turned, covered = np.rot90(test.images, axes=(2, 3)).copy(), test.images.copy()
    covered[:, :, :14, :14] = 255

    def realistic(images: Pixels, labels: Ints) -> float:
        found = panel.judge(FoundImages(images, labels, none)).realism
        return float((found.mean(0) >= REALISTIC).mean())

    assert float((of_test.mean(0) >= REALISTIC).mean()) > 0.85
    assert realistic(turned, test.labels) < 0.6
    assert realistic(covered, test.labels) < 0.6
    assert realistic(test.images, (test.labels + 1) % 10) < 0.6  # of another class


@settings(max_examples=10, deadline=None)
@given(rows=st.lists(st.integers(0, 199), min_size=1, max_size=40))
def test_company_and_order_change_nothing(
    rows: list[int], of_test: Singles, panel: LocalPanel, digits: Dataset
) -> None:
    chosen = FoundImages(digits.test.images[rows], digits.test.labels[rows], np.full(len(rows), -1))
    np.testing.assert_array_equal(panel.judge(chosen).realism, of_test[:, rows])


def test_votes_are_those_of_a_vote(panel: LocalPanel, digits: Dataset) -> None:
    some = digits.test.images[:50]
    seen = panel.judge(FoundImages(some, digits.test.labels[:50], np.arange(50)))
    assert seen.votes.tobytes() == panel.vote(some).tobytes()


class Functional(nn.Module):
    """A network without layers to listen to."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(784, 10, generator=torch.Generator().manual_seed(0)))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images.flatten(1) @ self.weight


class Fussy(nn.Module):
    """A network that raises on dark images."""

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(784, 10)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        if bool((images.flatten(1).amax(1) == 0).any()):
            raise ValueError("too dark")
        logits: torch.Tensor = self.last(images.flatten(1))
        return logits


CONVOLUTIONS = nn.Sequential(
    nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Conv2d(4, 10, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten()
)


@pytest.mark.parametrize(
    ("network", "size"),
    [
        (nn.Sequential(nn.Flatten(), nn.Linear(784, 7), nn.ReLU(), nn.Linear(7, 10)), 7),
        (CONVOLUTIONS, 4),
        (Functional(), 10),
    ],
    ids=["perceptron", "convolutions", "functional"],
)
def test_features_are_what_the_last_layer_takes_else_the_logits(network: nn.Module, size: int) -> None:
    images = torch.rand(3, 1, 28, 28)
    both = WithFeatures(network)(images)
    assert both.shape == (3, 10 + size)
    torch.testing.assert_close(both[:, :10], network(images))


def test_an_image_on_which_the_network_fails_has_no_realism_and_disturbs_no_other(digits: Dataset) -> None:
    peer = Peer(Tolerant(Fussy(), 10), Renderer(Affine(), digits.train))
    images, labels = digits.test.images[:6].copy(), digits.test.labels[:6]
    alone = peer.judge(FoundImages(images, labels, np.arange(6)))
    images[2] = 0
    seen = peer.judge(FoundImages(images, labels, np.arange(6)))
    assert np.flatnonzero(np.isnan(seen.realism)).tolist() == [2]
    others = [0, 1, 3, 4, 5]
    np.testing.assert_array_equal(seen.realism[others], alone.realism[others])


def test_a_network_that_fails_on_all_images_of_one_label_knows_nothing_of_that_label_alone(
    digits: Dataset,
) -> None:
    images, labels = digits.train.images.copy(), digits.train.labels
    images[labels == 3] = 0
    peer = Peer(Tolerant(Fussy(), 10), Renderer(Affine(), Split(images, labels)))
    for label in (3, 4):
        some = digits.test.images[digits.test.labels == label][:3]
        seen = peer.judge(FoundImages(some, np.full(3, label), np.full(3, -1)))
        assert np.isnan(seen.realism).all() == (label == 3)


def test_images_on_which_a_network_fails_do_not_keep_it_from_others(digits: Dataset) -> None:
    peer = Peer(Tolerant(Fussy(), 10), Renderer(Affine(), digits.train))
    dark = np.zeros((2, 1, 28, 28), np.uint8)
    assert np.isnan(peer.judge(FoundImages(dark, np.zeros(2, np.int64), np.full(2, -1))).realism).all()
    seen = peer.judge(FoundImages(digits.test.images[:3], digits.test.labels[:3], np.full(3, -1)))
    assert np.isfinite(seen.realism).all()


def test_a_network_that_always_fails_says_so_and_no_more() -> None:
    dark = Split(np.zeros((20, 1, 28, 28), np.uint8), np.zeros(20, np.int64))
    peer = Peer(Tolerant(Fussy(), 10), Renderer(Affine(), dark))
    seen = peer.judge(FoundImages(dark.images, dark.labels, np.arange(20)))
    assert np.isnan(seen.realism).all()
