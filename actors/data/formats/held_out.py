"""Holding out a share of the images where a data set has no test split."""

from dataclasses import replace

import numpy as np

from outvoted.actors.data.formats.base import Contents, Part
from outvoted.search.arrays import Ints
from outvoted.search.errors import OutvotedError

_SEED = 0


def held_out(contents: Contents, share: float) -> Contents:
    """Move a share of the training images to the test split, the same ones each time.

    Every class keeps at least one training image. With a share of 0 all images are in both splits: for
    images that no network is trained on, which only give seeds.

    Raises:
        OutvotedError: no class has two images.
    """
    part = contents.train
    if share == 0:
        return replace(contents, test=part)
    order = np.random.default_rng(_SEED).permutation(len(part.labels))
    _, last = np.unique(part.labels[order], return_index=True)
    free = np.delete(order, last)
    if not len(free):
        raise OutvotedError(
            expected=f"a test split, or a class with two images to hold one out, in {part.where}",
            found=f"{len(part.labels)} images, each of a class of its own",
            remedy="set data.test_share to 0 to take all images for both training and testing",
        )
    test = np.sort(free[: max(1, round(share * len(order)))])
    return replace(contents, train=_rows(part, np.setdiff1d(order, test)), test=_rows(part, test))


def _rows(part: Part, rows: Ints) -> Part:
    return Part(part.images[rows], part.labels[rows], part.where)
