"""Samples that healing trains on: the mistakes found of each peer, and images moved at random."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from outvoted.actors.data.datasets import Dataset, Split
from outvoted.actors.mining.verification import rendered
from outvoted.actors.runs import png
from outvoted.search.arrays import Floats, Ints, Pixels
from outvoted.search.transforms import Transform


@dataclass(frozen=True)
class Found:
    """The mistakes of one peer, and the number of moves each took, shape (n,)."""

    samples: Split
    moves: Ints


def found_of(mistakes: pa.Table, peers: int, data: Dataset) -> tuple[Found, ...]:
    """Return the mistakes of each peer in rows of a `mistakes` table, as samples to train on."""
    rows = mistakes.select(["target", "label", "moves", "image"]).to_pylist()
    return tuple(_found([row for row in rows if row["target"] == peer], data) for peer in range(peers))


def _found(rows: Sequence[dict[str, object]], data: Dataset) -> Found:
    images = [png.decode(row["image"]["bytes"]) for row in rows]  # type: ignore[index]
    pixels = np.stack(images) if images else np.empty((0, *data.shape), np.uint8)
    labels, moves = (np.array([row[name] for row in rows], np.int64) for name in ("label", "moves"))
    return Found(Split(pixels, labels), moves)


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
