"""What must hold of labelled images, whatever format they came in."""

import numpy as np

from outvoted.actors.data.formats.base import Contents, Part
from outvoted.actors.data.numbers import MOST_CLASSES
from outvoted.actors.data.pictures import odd_size
from outvoted.search.arrays import Pixels
from outvoted.search.errors import OutvotedError


def same_form(train: Part, test: Part) -> tuple[Pixels, Pixels]:
    """Return the images of both splits with equal channels: grey ones become RGB if the others are.

    Raises:
        OutvotedError: they differ in size.
    """
    if test.images.shape[2:] != train.images.shape[2:]:
        raise odd_size(
            (f"the training split ({train.where})", train.images.shape[2:]),
            (f"the test split ({test.where})", test.images.shape[2:]),
        )
    channels = max(train.images.shape[1], test.images.shape[1])
    first, second = (
        part.images if part.images.shape[1] == channels else part.images.repeat(channels, axis=1)
        for part in (train, test)
    )
    return first, second


def check_labels(contents: Contents, classes: int | None) -> None:
    """Hold labels to the declared ``classes``, or else to the named ones and those trained on.

    Raises:
        OutvotedError: a label is outside them.
    """
    train, test = contents.train, contents.test
    most = classes or len(contents.class_names or ()) or MOST_CLASSES
    for part in (train, test) if test is not None else (train,):
        outside = np.flatnonzero((part.labels < 0) | (part.labels >= most))
        if len(outside):
            raise OutvotedError(
                expected=f"labels 0 to {most - 1} in {part.where}",
                found=f"label {part.labels[outside[0]]} at image {outside[0]} (counted from 0)",
                remedy="number the classes from 0, or set data.classes to how many there are",
            )
    if classes is None:
        _check_trained(contents)
        _check_numbering(contents)


def _check_trained(contents: Contents) -> None:
    """Refuse a test split with classes that the training split lacks."""
    train, test, names = contents.train, contents.test, contents.class_names
    unknown = np.empty(0, np.int64) if test is None else np.setdiff1d(test.labels, train.labels)
    if test is not None and len(unknown):
        called = f", '{names[unknown[0]]}'," if names is not None else ""
        raise OutvotedError(
            expected=f"test labels among the training labels 0 to {train.labels.max()} in {test.where}",
            found=f"the test label {unknown[0]}{called} of which there is no training image",
            remedy="take both splits from one data set, or set data.classes to the number of classes",
        )


def _check_numbering(contents: Contents) -> None:
    """Where nothing says how many classes there are, refuse one alone, or labels that may count from 1."""
    labels, names, where = contents.train.labels, contents.class_names, contents.train.where
    low, high = int(labels.min()), int(labels.max())
    if low == high and len(names or ()) < 2:
        called = f" ('{names[low]}')" if names is not None else ""
        raise OutvotedError(
            expected=f"images of at least 2 classes in {where}",
            found=f"{len(labels):,} training images, all of class {low}{called}",
            remedy="add images of the other classes, or set data.classes to the number of classes",
        )
    if low > 0 and names is None:
        raise OutvotedError(
            expected=f"labels counted from 0 in {where}",
            found=f"labels from {low} to {high}: either classes counted from {low}, or no image of class 0",
            remedy=f"store labels - {low}, or set data.classes={high + 1} to take them as they are",
        )


def names_of(classes: int, names: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """Return one name for each class; classes without a name are called by their number."""
    if names is None:
        return None
    return names[:classes] + tuple(str(label) for label in range(len(names), classes))
