"""Seeds on disk are read before a panel is asked about them, few at a time, and change no answer."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from outvoted.actors.data import datasets
from outvoted.actors.data.datasets import Dataset, Split
from outvoted.actors.data.formats import Npz
from outvoted.actors.mining import ray_seeds
from outvoted.actors.mining.ray_seeds import SeedsAhead
from outvoted.actors.panel.exactness import Exactness
from outvoted.actors.panel.later import LaterPanel
from outvoted.actors.panel.panel import LocalPanel
from outvoted.actors.panel.realism import FoundImages, Seen
from outvoted.actors.panel.renderer import Renderer
from outvoted.actors.panel.seeds import SeedBlock
from outvoted.search.arrays import Pixels, Singles
from outvoted.search.messages import Candidates, Questions, Replies
from outvoted.search.transforms import Affine
from tests.actors.panel.same import assert_same

SEEDS = 9


class Watched(LaterPanel):
    """A panel that sees to it that it only is asked about seeds that it holds."""

    def __init__(self, panel: LocalPanel) -> None:
        self._panel = panel
        self.held: dict[str, SeedBlock] = {}
        self.most = 0

    def hold(self, name: str, block: SeedBlock) -> None:
        self.held[name] = block
        self.most = max(self.most, sum(len(each.seed_id) for each in self.held.values()))

    def release(self, name: str) -> None:
        del self.held[name]

    async def ask(self, questions: Questions) -> Replies:
        await asyncio.sleep(0.01)
        there = np.concatenate([block.seed_id for block in self.held.values()])
        assert set(questions.candidates.seed_id) <= set(there)
        return self._panel.ask(questions)

    async def vote(self, images: Pixels) -> Singles:
        return self._panel.vote(images)

    async def judge(self, found: FoundImages) -> Seen:
        return self._panel.judge(found)

    async def exactness(self) -> tuple[Exactness, ...]:
        return self._panel.exactness()


@pytest.fixture
def seeds(digits: Dataset, tmp_path: Path) -> Split:
    """Digits that stay on disk."""
    few = digits.train.some(slice(60))
    np.savez(tmp_path / "a.npz", x_train=few.images, y_train=few.labels)
    return datasets.load(Npz(path=tmp_path / "a.npz", test_share=0, classes=10, hold="disk")).train


def test_questions_are_asked_in_parts_of_which_two_at_most_are_in_memory(
    seeds: Split, panel: LocalPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_seeds, "_PART_BYTES", SEEDS * 28 * 28)
    random = np.random.default_rng(0)
    seed_id = random.permutation(len(seeds)).astype(np.int32)
    table = Candidates(seed_id, Affine().sample(random.random((60, Affine().draws))).astype(np.float32))
    rows = {0: random.permutation(60), 2: np.array([50, 3, 3, 17]), 1: np.empty(0, np.int64)}
    asked, watched = Questions(table, rows), Watched(panel)
    replies = asyncio.run(SeedsAhead(seeds, watched).ask(asked))
    for peer, expected in panel.ask(asked).items():
        assert_same(replies[peer], expected)
    assert watched.most == 2 * SEEDS
    assert not watched.held


def test_seeds_are_at_hand_within_the_block_alone(seeds: Split, panel: LocalPanel) -> None:
    watched = Watched(panel)

    async def mine() -> None:
        async with SeedsAhead(seeds, watched).at_hand("a", np.array([5, 2, 5])):
            block = watched.held["a"]
            assert block.seed_id.tolist() == [2, 5]
            np.testing.assert_array_equal(block.images, seeds.read(np.array([2, 5])))
            raise KeyError("a shard that fails")

    with pytest.raises(KeyError):
        asyncio.run(mine())
    assert not watched.held


def test_seeds_in_memory_are_not_touched(digits: Dataset, panel: LocalPanel) -> None:
    async def mine() -> bool:
        watched = Watched(panel)
        async with SeedsAhead(digits.train, watched).at_hand("a", np.arange(3)):
            return bool(watched.held)

    assert not asyncio.run(mine())


def test_a_block_gives_the_pixels_that_are_read_without_it(seeds: Split) -> None:
    renderer, asked = Renderer(Affine(), seeds), np.array([7, 3, 3, 20, 7, 59])
    expected = seeds.read(asked)
    for held in ([7], [3, 20], [3, 7, 20, 59]):
        renderer.seeds.hold("a", SeedBlock.of(seeds, np.array(held)))
        np.testing.assert_array_equal(renderer.seeds.of(asked).numpy(), expected)
        np.testing.assert_array_equal(renderer.seeds.there(asked).numpy(), expected)
    assert renderer.seeds.keep(["a", "b"]) == {"b"}
    assert renderer.seeds.keep([]) == frozenset()
    assert renderer.seeds.of(asked[:0]).shape == (0, 1, 28, 28)


def test_seeds_that_no_block_has_are_kept_only_as_far_as_they_fit(
    seeds: Split, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("outvoted.actors.panel.seeds.MOST_KEPT", 20 * 28 * 28)
    renderer, random = Renderer(Affine(), seeds), np.random.default_rng(0)
    for _ in range(20):
        asked = random.integers(len(seeds), size=30)
        np.testing.assert_array_equal(renderer.seeds.of(asked).numpy(), seeds.read(asked))
