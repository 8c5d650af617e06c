"""A data set in words: what was understood, so that a wrong reading is seen before hours are spent on it."""

from collections.abc import Iterator, Sequence

import numpy as np

from outvoted.search.arrays import Ints, Pixels

_MANY_TIMES = 20
_SHOWN = 5
_DARK = 128


def words(
    name: str,
    train: tuple[Pixels, Ints],
    test: tuple[Pixels, Ints],
    classes: int,
    names: Sequence[str] | None,
    notes: Sequence[str],
    rows: bool = False,
) -> str:
    """Say in a few lines what a data set was understood to be: splits, size, range of pixels, classes, notes.

    Args:
        name: of the data set.
        train: images, shape (n, channels, height, width), and labels, shape (n,).
        test: the same; the very same arrays where all images are both.
        classes: how many there are.
        names: of the classes, where they have any.
        notes: what its reader passed over, or understood in one of several ways.
        rows: images are rows of a table.
    """
    _, channels, height, width = train[0].shape
    same = train[1] is test[1]
    thing = "rows" if rows else "images"
    count = f"{len(train[1]):,} {thing}, both for training and for testing"
    split = count if same else f"{len(train[1]):,} training and {len(test[1]):,} test {thing}"
    low, high = (int(each) for each in (train[0].min(), train[0].max()))
    form = f"{height} x {width} {'grey' if channels == 1 else 'RGB'}, pixels {low}-{high}"
    form = f"{width} features" if rows else form
    counts = np.bincount(train[1], minlength=classes)
    each = thing if counts.max() > 1 else thing.removesuffix("s")
    lines = [f"{name}: {split}, {form}", f"{_classes(counts, names)} training {each} of each"]
    seen = [*notes, *_oddities(counts, names, high), *([] if same else _shared(train[0], test[0], thing))]
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
