"""A data set in words: what was understood, so that a wrong reading is seen before hours are spent on it."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from outvoted.search.arrays import Ints, Pixels

if TYPE_CHECKING:
    from outvoted.actors.data.datasets import Dataset

_MANY_TIMES = 20
_SHOWN = 5
_DARK = 128


def words(data: "Dataset") -> str:
    """Say in a few lines what a data set was understood to be: splits, size, pixels, classes, notes."""
    train, test, names = data.train, data.test, data.class_names
    channels, height, width = data.shape
    same = train.labels is test.labels
    thing = "rows" if data.features else "images"
    count = f"{len(train):,} {thing}, both for training and for testing"
    split = count if same else f"{len(train):,} training and {len(test):,} test {thing}"
    low, high = int(train.images.min()), int(train.images.max())
    form = f"{height} x {width} {'grey' if channels == 1 else 'RGB'}, pixels {low}-{high}"
    form = f"{width} features" if data.features else form
    counts = np.bincount(train.labels, minlength=data.classes)
    each = thing if counts.max() > 1 else thing.removesuffix("s")
    lines = [f"{data.name}: {split}, {form}", f"{_classes(counts, names)} training {each} of each"]
    shared = () if same else _shared(train.images, test.images, thing)
    seen = [*data.notes, *_oddities(counts, names, high), *shared]
    return "\n".join([*lines, *(f"note: {each}" for each in seen)])


def _classes(counts: Ints, names: Sequence[str] | None) -> str:
    few, many = int(counts.argmin()), int(counts.argmax())
    listed = f": {shortened(names)}" if names is not None and len(names) else ""
    begin = f"{len(counts):,} classes{listed}"
    if counts[few] == counts[many]:
        return f"{begin}; {counts[few]:,}"
    least, most = _called(few, names), _called(many, names)
    return f"{begin}; {counts[few]:,} ({least}) to {counts[many]:,} ({most})"


def _oddities(counts: Ints, names: Sequence[str] | None, high: int) -> Iterator[str]:
    without = np.flatnonzero(counts == 0)
    if len(without):
        which = shortened([_called(int(label), names) for label in without])
        yield f"no training image of {len(without):,} of {len(counts):,} classes: {which}"
    there = counts[counts > 0]
    if there.max() >= _MANY_TIMES * there.min():
        yield f"the largest class has {there.max() // there.min():,} times as many as the smallest"
    if high < _DARK:
        yield f"dark images: no pixel is above {high} of 255"


def _shared(train: Pixels, test: Pixels, thing: str) -> Iterator[str]:
    """Tell of images that networks are both trained on and tested with."""
    known = {hash(image.tobytes()) for image in train}
    count = sum(hash(image.tobytes()) in known for image in test)
    if count:
        yield f"{count:,} of {len(test):,} test {thing} are among the training {thing} too"


def _called(label: int, names: Sequence[str] | None) -> str:
    return f"class {label}" if names is None or names[label] == str(label) else names[label]


def shortened(names: Sequence[str]) -> str:
    """List names, the middle left out where there are many."""
    if len(names) <= 2 * _SHOWN:
        return ", ".join(names)
    return f"{', '.join(names[:_SHOWN])}, … {names[-1]}"
