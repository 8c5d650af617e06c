"""Labelled images in whatever form a user has them: arrays, PyTorch's and Hugging Face's data sets, paths."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast, get_args

import numpy as np
import torch
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as TorchDataset

from outvoted.actors.data import datasets
from outvoted.actors.data.datasets import AnyData, Dataset, DatasetName, DataSettings, Split
from outvoted.actors.data.formats import Format
from outvoted.actors.data.formats.base import Contents
from outvoted.actors.data.formats.features import FeatureTable
from outvoted.actors.data.formats.recognised import format_at
from outvoted.actors.data.labelled import labelled
from outvoted.actors.data.levels import refuse_single
from outvoted.actors.data.numbers import Layout, in_range, whole
from outvoted.actors.data.pictures import Look
from outvoted.actors.data.rows import HeldRows
from outvoted.actors.data.store_path import placed
from outvoted.actors.networks import Shape
from outvoted.cluster.python.arrays import array_of, check_light, pixels
from outvoted.cluster.python.items import columns, read_items
from outvoted.search.arrays import AnyArray, Ints, Pixels
from outvoted.search.errors import OutvotedError

Images = Any
"""Labelled images: an array or a tensor, or a list of them; a PyTorch ``Dataset`` or ``DataLoader``, a
Hugging Face data set, the path of a folder or file, settings from ``outvoted.data``, or the name of a known
data set."""
_WITH_LABELS = "images with their labels: Panel(networks, images, labels), or a data set that has both"


def read(
    images: Images,
    labels: Any = None,
    *,
    layout: Layout | None = None,
    class_names: Sequence[str] | None = None,
    classes: int | None = None,
    test_share: float = 0.0,
    progress: bool = True,
) -> Dataset:
    """Read labelled images of any form into memory; nobody else can change what comes back.

    Args:
        images: see ``Images``. Whole numbers are grey levels from 0 to 255, floats the share of white.
        labels: shape (n,), 0 to classes - 1, for images that come without.
        layout: the order of an array's axes where its shape doesn't tell.
        class_names: a name for each class, in the order of the labels.
        classes: how many there are; as many as have names, or the highest label + 1, if left out.
        test_share: the share held out for testing where there is no test split; 0: all images are both.
        progress: show a bar where reading takes longer than two seconds.

    Raises:
        OutvotedError: they are no labelled images, or it isn't clear how they are meant.
    """
    found = _known(images, test_share)
    if found is None:
        contents = _contents(images, labels, layout, progress)
        found = _divided(contents, test_share, classes or len(class_names or ()) or None)
    elif labels is not None:
        raise _twice("a data set with labels of its own, and labels=")
    names = tuple(map(str, class_names)) if class_names is not None else found.class_names
    return _named(found, names, classes)


def load(data: Images = "mnist-sample") -> Dataset:
    """Read a data set: by its name, from a path, or from where its settings say.

    Args:
        data: a name, a path, settings such as ``Npz(path=Path("my.npz"))``, or images with labels in any
            form that ``Panel(...)`` takes. Without a test split, a tenth is held out for one.

    Raises:
        OutvotedError: there is no such data set, it cannot be had, or its files hold no labelled images.
    """
    return data if isinstance(data, Dataset) else read(data, test_share=0.1)


def unlabelled(images: Images, layout: Layout | None = None, progress: bool = True) -> tuple[Pixels, Ints]:
    """Read images that may come without labels, which are -1 then, shape (n,).

    Raises:
        OutvotedError: they are no images.
    """
    found, answers, _ = read_items(images, layout, progress) if _yields(images) else (images, None, None)
    array = pixels(found, layout)
    return array, np.full(len(array), -1) if answers is None else _labels(answers)


def voted(images: Images, shape: Shape, layout: Layout | None = None) -> Pixels:
    """Return images that a panel for images of ``shape`` (channels, height, width) is to vote on.

    Raises:
        OutvotedError: they are no images, of another size, or there is none.
    """
    refuse_single(tuple(getattr(images, "shape", ())), shape)
    found = read_items(images, layout)[0] if _yields(images) else pixels(images, layout, shape)
    if found.shape[1:] != shape or not len(found):
        raise OutvotedError(
            expected=f"at least one image of the panel's shape {shape}: channels, height, width",
            found=f"{len(found)} images of shape {found.shape[1:]}",
            remedy="resize or convert them to the shape of the images that the panel was made with",
        )
    return found


def _known(images: Images, test_share: float) -> Dataset | None:
    """Return what a data set's name, path or settings say; None if they are something else."""
    if isinstance(images, Dataset):
        train, test = images.train, images.test
        if not (train.held and test.held):
            return images
        one = Split(_kept(train.images), _kept(train.labels))
        two = one if test.labels is train.labels else Split(_kept(test.images), _kept(test.labels))
        return replace(images, train=one, test=two)
    if isinstance(images, DataSettings | Format | FeatureTable):
        return datasets.load(cast(AnyData, images))
    if isinstance(images, str) and images in get_args(DatasetName):
        return datasets.load(DataSettings(name=images))
    if isinstance(images, str | Path):
        return datasets.load(format_at(placed(Path(images)).expanduser(), test_share))
    return None


def _contents(images: Images, labels: Any, layout: Layout | None, progress: bool) -> Contents:
    table = columns(images) if isinstance(images, Mapping) else None
    if table is not None:
        images, labels = table[0], table[1] if labels is None else labels
    splits = _splits(images)
    if splits is not None:
        if labels is not None:
            raise _twice("a data set with splits, and labels=")
        train, test = (None if one is None else _contents(one, None, layout, progress) for one in splits)
        assert train is not None
        return Contents(train.train, None if test is None else test.train, train.class_names)
    if images is None:
        raise _without("no images")
    found, answers, names = read_items(images, layout, progress) if _yields(images) else (images, None, None)
    if answers is not None and labels is not None:
        raise _twice("a data set with labels of its own, and labels=")
    if answers is None and labels is None:
        raise _without("images without labels")
    return Contents(_rows(found, labels if answers is None else answers, layout), None, names)


def _rows(images: Any, labels: Any, layout: Layout | None) -> HeldRows:
    found, numbers = pixels(images, layout), _labels(labels)
    check_light(found)
    if len(found) != len(numbers) or not found.size or numbers.min() < 0:
        raise OutvotedError(
            expected="at least one image, and for each image a label from 0 to classes - 1",
            found=f"{len(found)} images and {len(numbers)} labels, the lowest {numbers.min(initial=0)}",
            remedy="pass Panel(networks, images, labels) arrays that belong together",
        )
    return HeldRows("labels", found, numbers)


def _labels(labels: Any) -> Ints:
    numbers = whole(array_of(labels), "labels")
    return in_range(numbers, "labels") if len(numbers) and numbers.min() >= 0 else numbers


def _divided(contents: Contents, test_share: float, classes: int | None) -> Dataset:
    highest = int(contents.train.labels().max(initial=0))
    known = max(classes or len(contents.class_names or ()) or highest + 1, 2)
    train, test, notes = labelled(contents, Look(), max(known, highest + 1), test_share)
    one = Split(_kept(train.images), _kept(train.labels))
    two = one if train is test else Split(_kept(test.images), _kept(test.labels))
    names = contents.class_names
    return Dataset("images", Path(), one, two, len(names) if names else None, names, notes=notes)


def _named(data: Dataset, names: tuple[str, ...] | None, classes: int | None) -> Dataset:
    """Return a data set with the names and the number of its classes.

    Raises:
        OutvotedError: they don't go with the labels, or with each other.
    """
    highest = max(int(split.labels.max(initial=-1)) for split in (data.train, data.test))
    count = classes or (len(names) if names else None) or data.declared or highest + 1
    if not count >= 2 or highest >= count or (names is not None and len(names) != count):
        said = "" if names is None else f", and {len(names)} names"
        raise OutvotedError(
            expected="at least 2 classes, labels from 0 to classes - 1, and a name for each class or none",
            found=f"classes={count}, {highest} as the highest label{said}",
            remedy="number the classes from 0, and let classes= be how many there are, or leave it out if "
            "every class has an image or a name",
        )
    return replace(data, declared=count, class_names=names)


def _yields(images: Images) -> bool:
    """Tell whether images come one by one, or batch by batch."""
    if isinstance(images, TorchDataset | DataLoader):
        return True
    return _of_hugging_face(images) or (
        isinstance(images, Sequence)
        and not isinstance(images, str)
        and bool(len(images))
        and isinstance(images[0], tuple | Mapping)
    )


def _splits(images: Images) -> tuple[Any, Any] | None:
    """Return the training and the test split of a mapping of splits, as Hugging Face's DatasetDict is one."""
    if not isinstance(images, Mapping) or isinstance(images, torch.nn.Module):
        return None
    there = {str(name): split for name, split in images.items()}
    train = there.get("train")
    if train is None:
        raise OutvotedError(
            expected="a data set, or splits of one of which one is called 'train'",
            found=f"the keys {', '.join(there) or '(none)'}",
            remedy="pass one of them: Panel(networks, splits['validation'])",
        )
    return train, next((there[name] for name in ("test", "validation", "val") if name in there), None)


def _of_hugging_face(images: Images) -> bool:
    return type(images).__module__.partition(".")[0] == "datasets"


def _kept(array: AnyArray) -> AnyArray:
    copy = np.array(array, order="C")
    copy.setflags(write=False)
    return copy


def _twice(found: str) -> OutvotedError:
    return OutvotedError(_WITH_LABELS, found, "leave labels= out, or pass the images alone")


def _without(found: str) -> OutvotedError:
    return OutvotedError(_WITH_LABELS, found, "pass their labels: whole numbers from 0, shape (n,)")
