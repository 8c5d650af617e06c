"""The labelled view: the images of a format in two splits, in memory or where they are stored."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from outvoted.actors.data.formats.base import Contents, Hold
from outvoted.actors.data.numbers import MOST_CLASSES
from outvoted.actors.data.pictures import Look, odd_size
from outvoted.actors.data.room import available
from outvoted.actors.data.rows import HeldRows, Rows
from outvoted.actors.data.split import Form, Split, StoredPixels
from outvoted.search.errors import OutvotedError

_SEED = 0
_SHARE_OF_MEMORY = 4
"""Images that would take more than one part in so many of the free memory stay where they are stored."""


@dataclass(frozen=True)
class _Part:
    """A split, and where its labels are written, as messages say it."""

    where: str
    split: Split


def labelled(
    contents: Contents, look: Look, classes: int | None, test_share: float, hold: Hold = "auto"
) -> tuple[Split, Split, tuple[str, ...]]:
    """Find all images of a data set; without a test split, hold a share of them out for it.

    Args:
        hold: whether all are decoded now and held in memory, or stay where they are stored; by their size
            with auto. What can't be read by row is always held.

    Returns:
        The training and the test split, of one shape, the very same where all images are both; and notes on
        how they were divided.

    Raises:
        OutvotedError: an image that is held cannot be decoded or is of another size, a label is missing or
            outside the classes, or there are too few images.
    """
    form = _stored_form([contents.train, *filter(None, [contents.test])], look, hold)
    train = _part(contents.train, look, form)
    test = None if contents.test is None else _part(contents.test, look, form)
    _check_labels(train, test, contents.class_names, classes)
    if test is not None:
        return *_alike(train, test), ()
    first, second = _divided(train, test_share)
    note = f"no test split: {len(second):,} of {len(train.split):,} images held out for it"
    return first, second, (note,) if test_share else ()


def _stored_form(parts: Sequence[Rows], look: Look, hold: Hold) -> Form | None:
    """Return the form of the first image where images stay where they are stored, else None.

    Raises:
        OutvotedError: they are to stay there, but can't be read by row.
    """
    fixed = next((rows for rows in parts if rows.in_memory), None)
    if hold == "memory" or (hold == "auto" and fixed is not None):
        return None
    if fixed is not None:
        raise OutvotedError(
            expected=f"images of which each can be read alone (data.hold=disk) in {fixed.where}",
            found="a packed or computed array, which is read from its beginning",
            remedy="unpack it (gunzip; np.savez instead of np.savez_compressed), or set data.hold=auto",
        )
    _, channels, height, width = parts[0][:1].pixels(look).shape
    size = sum(map(len, parts)) * prod((channels, height, width))
    if hold == "auto" and size <= available() // _SHARE_OF_MEMORY:
        return None
    return channels, height, width


def _part(rows: Rows, look: Look, form: Form | None) -> _Part:
    labels = rows.labels()
    missing = np.flatnonzero(labels < 0)
    if len(missing):
        raise OutvotedError(
            expected=f"a label for every image in {rows.where}",
            found=f"none in {rows.name(int(missing[0]))}",
            remedy="drop those rows",
        )
    kept = rows.pixels(look) if form is None else StoredPixels(rows, look, form)
    return _Part(rows.where, Split(kept, labels))


def _divided(part: _Part, share: float) -> tuple[Split, Split]:
    """Hold out a share of the images for testing, the same ones each time.

    Every class keeps at least one training image. With a share of 0 all images are in both splits: for
    images that no network is trained on, which only give seeds.

    Raises:
        OutvotedError: no class has two images.
    """
    split = part.split
    if share == 0:
        return split, split
    order = np.random.default_rng(_SEED).permutation(len(split))
    _, last = np.unique(split.labels[order], return_index=True)
    free = np.delete(order, last)
    if not len(free):
        raise OutvotedError(
            expected=f"a test split, or a class with two images to hold one out, in {part.where}",
            found=f"{len(split)} images, each of a class of its own",
            remedy="set data.test_share to 0 to take all images for both training and testing",
        )
    test = np.sort(free[: max(1, round(share * len(order)))])
    return split.some(np.setdiff1d(order, test)), split.some(test)


def _alike(train: _Part, test: _Part) -> tuple[Split, Split]:
    """Return both splits with equal channels: grey ones become RGB if the others are.

    Raises:
        OutvotedError: they differ in size.
    """
    one, two = train.split, test.split
    if two.shape[1:] != one.shape[1:]:
        raise odd_size(
            (f"the training split ({train.where})", one.shape[1:]),
            (f"the test split ({test.where})", two.shape[1:]),
        )
    if one.shape == two.shape:
        return one, two
    rgb = Look(mode="rgb")
    first, second = (HeldRows("", each.images, each.labels).pixels(rgb) for each in (one, two))
    return replace(one, kept=first), replace(two, kept=second)


def _check_labels(
    train: _Part, test: _Part | None, names: tuple[str, ...] | None, classes: int | None
) -> None:
    """Hold labels to the declared ``classes``, or else to the named ones and those trained on.

    Raises:
        OutvotedError: a label is outside them.
    """
    most = classes or len(names or ()) or MOST_CLASSES
    for part in (train,) if test is None else (train, test):
        outside = np.flatnonzero((part.split.labels < 0) | (part.split.labels >= most))
        if len(outside):
            raise OutvotedError(
                expected=f"labels 0 to {most - 1} in {part.where}",
                found=f"label {part.split.labels[outside[0]]} at image {outside[0]} (counted from 0)",
                remedy="number the classes from 0, or set data.classes to how many there are",
            )
    if classes is None:
        if test is not None:
            _check_trained(train, test, names)
        _check_numbering(train, names)


def _check_trained(train: _Part, test: _Part, names: tuple[str, ...] | None) -> None:
    """Refuse a test split with classes that the training split lacks."""
    unknown = np.setdiff1d(test.split.labels, train.split.labels)
    if len(unknown):
        called = f", '{names[unknown[0]]}'," if names is not None else ""
        raise OutvotedError(
            expected=f"test labels among the training labels 0 to {train.split.labels.max()} in {test.where}",
            found=f"the test label {unknown[0]}{called} of which there is no training image",
            remedy="take both splits from one data set, or set data.classes to the number of classes",
        )


def _check_numbering(train: _Part, names: tuple[str, ...] | None) -> None:
    """Where nothing says how many classes there are, refuse one alone, or labels that may count from 1."""
    low, high = int(train.split.labels.min()), int(train.split.labels.max())
    if low == high and len(names or ()) < 2:
        called = f" ('{names[low]}')" if names is not None else ""
        raise OutvotedError(
            expected=f"images of at least 2 classes in {train.where}",
            found=f"{len(train.split):,} training images, all of class {low}{called}",
            remedy="add images of the other classes, or set data.classes to the number of classes",
        )
    if low > 0 and names is None:
        raise OutvotedError(
            expected=f"labels counted from 0 in {train.where}",
            found=f"labels from {low} to {high}: either classes counted from {low}, or no image of class 0",
            remedy=f"store labels - {low}, or set data.classes={high + 1} to take them as they are",
        )
