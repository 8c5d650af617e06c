"""The labelled view: all images of a format decoded, their labels checked, and divided into two splits."""

import numpy as np

from outvoted.actors.data.formats.base import Contents
from outvoted.actors.data.numbers import MOST_CLASSES
from outvoted.actors.data.pictures import Look, odd_size
from outvoted.actors.data.rows import HeldRows, Rows
from outvoted.search.errors import OutvotedError

_SEED = 0


def labelled(
    contents: Contents, look: Look, classes: int | None, test_share: float
) -> tuple[HeldRows, HeldRows, tuple[str, ...]]:
    """Read all images of a data set; without a test split, hold a share of them out for it.

    Returns:
        The training and the test split, of one shape, the very same where all images are both; and notes on
        how they were divided.

    Raises:
        OutvotedError: an image cannot be decoded or is of another size, a label is missing or outside the
            classes, or there are too few images.
    """
    train = _held(contents.train, look)
    test = None if contents.test is None else _held(contents.test, look)
    _check_labels(train, test, contents.class_names, classes)
    if test is not None:
        return *_alike(train, test), ()
    first, second = _divided(train, test_share)
    note = f"no test split: {len(second):,} of {len(train):,} images held out for it"
    return first, second, (note,) if test_share else ()


def _held(rows: Rows, look: Look) -> HeldRows:
    labels = rows.labels()
    missing = np.flatnonzero(labels < 0)
    if len(missing):
        raise OutvotedError(
            expected=f"a label for every image in {rows.where}",
            found=f"none in {rows.name(int(missing[0]))}",
            remedy="drop those rows",
        )
    return HeldRows(rows.where, rows.pixels(look), labels)


def _divided(rows: HeldRows, share: float) -> tuple[HeldRows, HeldRows]:
    """Hold out a share of the images for testing, the same ones each time.

    Every class keeps at least one training image. With a share of 0 all images are in both splits: for
    images that no network is trained on, which only give seeds.

    Raises:
        OutvotedError: no class has two images.
    """
    if share == 0:
        return rows, rows
    order = np.random.default_rng(_SEED).permutation(len(rows))
    _, last = np.unique(rows.numbers[order], return_index=True)
    free = np.delete(order, last)
    if not len(free):
        raise OutvotedError(
            expected=f"a test split, or a class with two images to hold one out, in {rows.where}",
            found=f"{len(rows)} images, each of a class of its own",
            remedy="set data.test_share to 0 to take all images for both training and testing",
        )
    test = np.sort(free[: max(1, round(share * len(order)))])
    train = np.setdiff1d(order, test)
    one, two = (HeldRows(rows.where, rows.images[part], rows.numbers[part]) for part in (train, test))
    return one, two


def _alike(train: HeldRows, test: HeldRows) -> tuple[HeldRows, HeldRows]:
    """Return both splits with equal channels: grey ones become RGB if the others are.

    Raises:
        OutvotedError: they differ in size.
    """
    if test.images.shape[2:] != train.images.shape[2:]:
        raise odd_size(
            (f"the training split ({train.where})", train.images.shape[2:]),
            (f"the test split ({test.where})", test.images.shape[2:]),
        )
    rgb = Look(mode="rgb" if train.images.shape[1] != test.images.shape[1] else None)
    one, two = (HeldRows(part.where, part.pixels(rgb), part.numbers) for part in (train, test))
    return one, two


def _check_labels(
    train: HeldRows, test: HeldRows | None, names: tuple[str, ...] | None, classes: int | None
) -> None:
    """Hold labels to the declared ``classes``, or else to the named ones and those trained on.

    Raises:
        OutvotedError: a label is outside them.
    """
    most = classes or len(names or ()) or MOST_CLASSES
    for part in (train,) if test is None else (train, test):
        outside = np.flatnonzero((part.numbers < 0) | (part.numbers >= most))
        if len(outside):
            raise OutvotedError(
                expected=f"labels 0 to {most - 1} in {part.where}",
                found=f"label {part.numbers[outside[0]]} at image {outside[0]} (counted from 0)",
                remedy="number the classes from 0, or set data.classes to how many there are",
            )
    if classes is None:
        if test is not None:
            _check_trained(train, test, names)
        _check_numbering(train, names)


def _check_trained(train: HeldRows, test: HeldRows, names: tuple[str, ...] | None) -> None:
    """Refuse a test split with classes that the training split lacks."""
    unknown = np.setdiff1d(test.numbers, train.numbers)
    if len(unknown):
        called = f", '{names[unknown[0]]}'," if names is not None else ""
        raise OutvotedError(
            expected=f"test labels among the training labels 0 to {train.numbers.max()} in {test.where}",
            found=f"the test label {unknown[0]}{called} of which there is no training image",
            remedy="take both splits from one data set, or set data.classes to the number of classes",
        )


def _check_numbering(train: HeldRows, names: tuple[str, ...] | None) -> None:
    """Where nothing says how many classes there are, refuse one alone, or labels that may count from 1."""
    low, high = int(train.numbers.min()), int(train.numbers.max())
    if low == high and len(names or ()) < 2:
        called = f" ('{names[low]}')" if names is not None else ""
        raise OutvotedError(
            expected=f"images of at least 2 classes in {train.where}",
            found=f"{len(train):,} training images, all of class {low}{called}",
            remedy="add images of the other classes, or set data.classes to the number of classes",
        )
    if low > 0 and names is None:
        raise OutvotedError(
            expected=f"labels counted from 0 in {train.where}",
            found=f"labels from {low} to {high}: either classes counted from {low}, or no image of class 0",
            remedy=f"store labels - {low}, or set data.classes={high + 1} to take them as they are",
        )
