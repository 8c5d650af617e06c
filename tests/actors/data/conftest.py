"""Shared by the readers' tests: formats, and a few labelled images."""

import numpy as np
import pytest

from outvoted.actors.data.datasets import Split
from outvoted.search.arrays import Pixels
from tests.actors.data.formats import FORMATS, Format


def noise(n: int, channels: int = 3, height: int = 5, width: int = 4, seed: int = 0) -> Pixels:
    """Return random images."""
    rng = np.random.default_rng(seed)
    return rng.integers(256, size=(n, channels, height, width), dtype=np.uint8)


@pytest.fixture(params=FORMATS)
def form(request: pytest.FixtureRequest) -> Format:
    """Every format in turn."""
    return FORMATS[request.param]


@pytest.fixture
def some() -> Split:
    """Thirty coloured images of three classes, in the order of their labels."""
    return Split(noise(30), np.repeat(np.arange(3), 10))


@pytest.fixture
def others() -> Split:
    """Six other images of the same classes."""
    return Split(noise(6, seed=1), np.repeat(np.arange(3), 2))
