"""Shared by the actors' tests: a referee, one mined shard, and ways to make data files and candidates."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from outvoted.actors.data.datasets import Dataset, Split
from outvoted.actors.mining.coordinator import Coordinator
from outvoted.actors.mining.shards import ShardResult
from outvoted.actors.networks.members import Member
from outvoted.actors.panel.panel import LocalPanel
from outvoted.actors.panel.peer import Peer
from outvoted.actors.panel.renderer import Renderer
from outvoted.search.climb import Rules
from outvoted.search.messages import Candidates
from outvoted.search.plan import Shard
from tests.actors.data.formats import write_idx
from tests.actors.leases import mined_by
from tests.search.runs import all_turns, searches

Idx = Callable[[Path, NDArray[np.uint8]], Path]
FOUR = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)


@pytest.fixture(scope="session")
def idx() -> Idx:
    """Write an array as an idx file and return its path."""
    return write_idx


@pytest.fixture(scope="session")
def write_digits(digits: Dataset) -> Callable[..., Path]:
    """Write the four files of a data set, a few digits from ``first`` on, into a folder."""

    def write(folder: Path, first: int = 0) -> Path:
        arrays: list[NDArray[np.uint8]] = []
        for split in (digits.train, digits.test):
            rows = slice(first, first + 20)
            arrays += [split.images[rows, 0], split.labels[rows].astype(np.uint8)]
        for name, array in zip(FOUR, arrays, strict=True):
            write_idx(folder / name, array)
        return folder

    return write


@pytest.fixture(scope="session")
def few(digits: Dataset) -> Dataset:
    """120 digits to train on, 60 to test: what a determinism test needs and no more."""
    train, test = digits.train, digits.test
    return Dataset(
        "few",
        digits.folder,
        Split(train.images[:120], train.labels[:120]),
        Split(test.images[:60], test.labels[:60]),
    )


@pytest.fixture(scope="session")
def judge(referee: Member, rules: Rules, digits: Dataset) -> Peer:
    """The referee, ready to vote."""
    return Peer(referee.build(digits.shape, digits.classes), Renderer(rules.transform, digits.train))


@pytest.fixture(scope="session")
def convolutional(referee: Member, rules: Rules, digits: Dataset) -> Peer:
    """The referee's network as if it were on the panel."""
    return Peer(referee.build(digits.shape, digits.classes), Renderer(rules.transform, digits.train))


@pytest.fixture(scope="session")
def names(trained: list[Member]) -> tuple[str, ...]:
    """The peers' names, in the panel's order."""
    return tuple(member.name for member in trained)


@pytest.fixture(scope="session")
def coordinator(rules: Rules, digits: Dataset, names: tuple[str, ...], judge: Peer) -> Coordinator:
    """A coordinator with its referee."""
    return Coordinator(rules, digits.train, names, judge)


@pytest.fixture(scope="session")
def shard(rules: Rules, digits: Dataset) -> Shard:
    """Sixty searches: twenty seeds, three targets."""
    return searches(rules.run_seed, 20, all_turns(rules.peers), len(digits.train))


@pytest.fixture(scope="session")
def mined(coordinator: Coordinator, shard: Shard, panel: LocalPanel) -> ShardResult:
    """What mining the shard gives."""
    return mined_by(coordinator, shard, panel)


@pytest.fixture(scope="session")
def candidates(rules: Rules, digits: Dataset) -> Callable[[int, int], Candidates]:
    """Return n random candidates, each of one to three moves."""

    def draw(n: int, seed: int) -> Candidates:
        rng = np.random.default_rng(seed)
        composed = rules.transform.identity(n)
        for _ in range(int(rng.integers(1, 4))):
            moves = rules.transform.sample(rng.uniform(size=(n, rules.transform.draws)))
            composed = rules.transform.compose(composed, moves)
        ids = rng.integers(len(digits.train), size=n).astype(np.int32)
        return Candidates(ids, composed.astype(np.float32))

    return draw
