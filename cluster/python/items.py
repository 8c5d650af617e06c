"""Data sets that give their images one by one, or batch by batch, read to their end."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np
from PIL import Image
from torch.utils.data import DataLoader

from outvoted.actors.data.numbers import Layout
from outvoted.actors.data.pictures import formed
from outvoted.actors.data.room import check_room
from outvoted.cluster.console.terminal import Terminal, bars
from outvoted.cluster.python.arrays import array_of, pixels
from outvoted.search.arrays import Pixels
from outvoted.search.errors import OutvotedError

_IMAGE = ("image", "img", "pixel_values", "images")
_LABEL = ("label", "labels", "fine_label", "class", "target")
_PATIENCE = 2.0
"""Seconds before a bar is shown."""
_LOOKED = 1024
"""Images after which it is looked again whether there is room for as many again."""

Read = tuple[Pixels, list[Any] | None, tuple[str, ...] | None]


def read_items(images: Any, layout: Layout | None = None, progress: bool = True) -> Read:
    """Read a data set to its end: images (n, channels, height, width), their labels, the names of classes.

    Its items, or a loader's batches, are images, pairs of an image and a label, or mappings with both. An
    image is a picture of Pillow's, or an array that :func:`~outvoted.cluster.python.arrays.pixels` takes.

    Raises:
        OutvotedError: there are none, they differ in size, they don't fit into memory, or one is no image.
    """
    found: list[Pixels] = []
    answers: list[Any] = []
    held, due = 0, _LOOKED
    for item in _shown(_each(images), _count(images), progress):
        image, answer = _pair(item)
        found.append(_image(image, layout))
        answers += [] if answer is None else [answer]
        _check_alike(found)
        held += found[-1].nbytes
        if len(found) == due:
            check_room(held, "the data set")
            due *= 2
    if not found or len(answers) not in (0, len(found)):
        raise OutvotedError(
            expected="a data set of at least one image, each with a label or all without",
            found=f"{len(found)} images and {len(answers)} labels",
            remedy="give it items of an image and a label: return image, label",
        )
    return np.stack(found), answers or None, _class_names(images)


def _each(images: Any) -> Iterator[Any]:
    """Give items one by one: a data set's by number where it has a length, a loader's out of batches."""
    if isinstance(images, DataLoader):
        for batch in images:
            yield from _apart(batch)
    elif hasattr(images, "__getitem__") and hasattr(images, "__len__"):
        for index in range(len(images)):
            yield images[index]
    else:
        yield from images


def _apart(batch: Any) -> Iterator[Any]:
    """Take a batch apart into its items."""
    if isinstance(batch, Mapping):
        image, label = _keys(batch)
        parts = [batch[key] for key in (image, label) if key is not None]
    else:
        parts = list(batch) if isinstance(batch, list | tuple) else [batch]
    if len(parts) > 2:
        raise _no_item(f"batches of {len(parts)} parts")
    yield from (zip(*parts, strict=True) if len(parts) == 2 else parts[0])


def _pair(item: Any) -> tuple[Any, Any]:
    if isinstance(item, Mapping):
        image, label = _keys(item)
        return item[image], None if label is None else item[label]
    if isinstance(item, tuple | list) and len(item) in (1, 2):
        return item[0], item[1] if len(item) == 2 else None
    if isinstance(item, tuple | list):
        raise _no_item(f"items of {len(item)} parts")
    return item, None


def columns(images: Mapping[Any, Any]) -> tuple[Any, Any] | None:
    """Return the columns of images and of labels of a mapping that has the former; else None."""
    if not any(key in images for key in _IMAGE):
        return None
    image, label = _keys(images)
    return images[image], None if label is None else images[label]


def _keys(item: Mapping[Any, Any]) -> tuple[str, str | None]:
    image = next((key for key in _IMAGE if key in item), None)
    if image is None:
        raise _no_item(f"items with the keys {', '.join(map(str, item))}")
    return image, next((key for key in _LABEL if key in item), None)


def _no_item(found: str) -> OutvotedError:
    return OutvotedError(
        expected=f"items of an image and a label, or with a key {' or '.join(_IMAGE[:2])} and a key "
        f"{' or '.join(_LABEL[:2])}",
        found=found,
        remedy="choose or rename them, say dataset.rename_column('picture', 'image')",
    )


def _image(image: Any, layout: Layout | None) -> Pixels:
    """Return one image as (channels, height, width)."""
    if isinstance(image, Image.Image):
        return formed(image, None, None)
    array = array_of(image)
    if array.ndim not in (2, 3):
        raise OutvotedError(
            expected="images of shape (channels, height, width), (height, width[, channels])",
            found=f"one of shape {array.shape}",
            remedy="give items of one image each, and its label",
        )
    found: Pixels = pixels(array[None], layout)[0]
    return found


def _check_alike(found: Sequence[Pixels]) -> None:
    if found[-1].shape != found[0].shape:
        raise OutvotedError(
            expected=f"images of one shape, {found[0].shape} as the first",
            found=f"{found[-1].shape} in image {len(found) - 1} (counted from 0)",
            remedy="resize them, and convert them all to RGB, in the data set's transform",
        )


def _count(images: Any) -> int | None:
    counted: Any = images.dataset if isinstance(images, DataLoader) else images
    try:
        return len(counted)
    except TypeError:  # a stream
        return None


def _class_names(images: Any) -> tuple[str, ...] | None:
    """Return the names of classes where a data set says them, as torchvision's and Hugging Face's do."""
    source = images
    while not hasattr(source, "features") and not hasattr(source, "classes") and hasattr(source, "dataset"):
        source = source.dataset  # of a loader, or a subset
    features = getattr(source, "features", None)
    if isinstance(features, Mapping):
        label = next((features[key] for key in _LABEL if key in features), None)
        names: Any = getattr(label, "names", None)
    else:
        names = getattr(source, "classes", None)
    told = isinstance(names, list | tuple) and bool(names) and all(isinstance(one, str) for one in names)
    return tuple(names) if told else None


def _shown(items: Iterable[Any], count: int | None, progress: bool) -> Iterator[Any]:
    """Pass items on, with a bar once that takes long."""
    began, task = time.monotonic(), None
    with ExitStack() as stack:
        for number, item in enumerate(items, 1):
            yield item
            if task is None and progress and time.monotonic() - began > _PATIENCE:
                bar = stack.enter_context(bars(Terminal()))
                task = bar.add_task("reading", total=count, completed=number, details="images")
            elif task is not None:
                bar.update(task, completed=number)
