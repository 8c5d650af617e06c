"""What must hold of labelled images, whatever format they came in."""

import numpy as np

from outvoted.actors.readers.base import MOST_CLASSES, Contents, Part
from outvoted.actors.readers.pictures import odd_size
from outvoted.search.arrays import Pixels
from outvoted.search.errors import OutvotedError


def same_form(train: Part, test: Part) -> tuple[Pixels, Pixels]:
    """Return the images of both splits with equal channels: grey ones become RGB if the others are.

    Raises:
        OutvotedError: they differ in size.
    """
    if test.images.shape[2:] != train.images.shape[2:]:
        raise odd_size((train.where, train.images.shape[2:]), (test.where, test.images.shape[2:]))
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
                remedy="number the classes from 0, or say by data.classes how many there are",
            )
    if test is None or classes is not None:
        return
    unknown = np.setdiff1d(test.labels, train.labels)
    if len(unknown):
        raise OutvotedError(
            expected=f"test labels among the training labels 0 to {train.labels.max()} in {test.where}",
            found=f"the test label {unknown[0]}, of which there is no training image",
            remedy="take both splits from one data set, or say by data.classes how many classes there are",
        )


def names_of(classes: int, names: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """Return one name for each class; classes without a name are called by their number."""
    if names is None:
        return None
    return names[:classes] + tuple(str(label) for label in range(len(names), classes))
