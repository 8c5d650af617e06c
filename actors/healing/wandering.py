"""Random copies: images moved without any search, at random within the realism budget."""

import numpy as np

from outvoted.actors.data.datasets import Split
from outvoted.actors.mining.verification import rendered
from outvoted.search.arrays import Floats, Ints, Pixels
from outvoted.search.transforms import Transform

_TRIES = 1000
"""Draws after which a walk that finds no further move within the budget stays where it is."""


def wandered(transform: Transform, images: Pixels, moves: Ints, rng: np.random.Generator) -> Pixels:
    """Move each image at random, ``moves`` (n,) times; every move must stay within the realism budget."""
    return rendered(transform, images.copy(), walks(transform, moves, rng).astype(np.float32))


def walks(transform: Transform, moves: Ints, rng: np.random.Generator) -> Floats:
    """Compose random moves, ``moves`` (n,) of them each; shape (n, transform.size).

    A move that would leave the budget is drawn again: what a search does without asking any network.
    """
    composed, left = transform.identity(len(moves)), moves.copy()
    for _ in range(_TRIES):
        rows = np.flatnonzero(left > 0)
        if not len(rows):
            break
        drawn = transform.sample(rng.random((len(rows), transform.draws)))
        tried = transform.compose(composed[rows], drawn)
        kept = transform.within_budget(tried)
        composed[rows[kept]] = tried[kept]
        left[rows[kept]] -= 1
    return composed


def moved_split(transform: Transform, split: Split, moves: int, key: int) -> Split:
    """Return a split in which every image is moved at random; the same for the same arguments."""
    rng = np.random.default_rng(key)
    return Split(wandered(transform, split.images, np.full(len(split), moves), rng), split.labels)
