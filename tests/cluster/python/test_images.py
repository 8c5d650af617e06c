"""Images from Python: every form gives the same pixels, and whatever would have to be guessed is refused."""

import warnings
from pathlib import Path
from typing import Any

import datasets as hf
import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset, IterableDataset, Subset, TensorDataset

from outvoted.cluster.python.images import read, unlabelled, voted
from outvoted.data import Folder
from outvoted.search.arrays import Pixels
from outvoted.search.errors import OutvotedError

IMAGES: Pixels = np.random.default_rng(0).integers(256, size=(5, 3, 6, 7), dtype=np.uint8)
GREY = IMAGES[:, :1]
LABELS = [0, 1, 1, 0, 1]
NAMES = ("cat", "dog")
LAST = np.ascontiguousarray(IMAGES.transpose(0, 2, 3, 1))
PICTURES = [Image.fromarray(image) for image in LAST]

ARRAYS: dict[str, tuple[Any, Pixels]] = {
    "channels first": (IMAGES, IMAGES),
    "channels last": (LAST, IMAGES),
    "no channels": (GREY[:, 0], GREY),
    "lists": (IMAGES.tolist(), IMAGES),
    "other whole numbers": (IMAGES.astype(">i4"), IMAGES),
    "floats of 0 to 1": (IMAGES / 255, IMAGES),
    "floats in single precision": ((IMAGES / 255).astype(np.float32), IMAGES),
    "floats in half precision": ((IMAGES / 255).astype(np.float16), IMAGES),
    "black and white floats": ((IMAGES > 99).astype(np.float32), (IMAGES > 99).astype(np.uint8) * 255),
    "columns first": (np.asfortranarray(IMAGES), IMAGES),
    "a tensor": (torch.from_numpy(IMAGES), IMAGES),
    "a tensor with gradients": ((torch.from_numpy(IMAGES) / 255).requires_grad_(), IMAGES),
    "a list of tensors": (list(torch.from_numpy(IMAGES)), IMAGES),
    "pictures": (PICTURES, IMAGES),
}


@pytest.mark.parametrize(("handed", "meant"), ARRAYS.values(), ids=ARRAYS)
def test_images_may_come_in_any_form(handed: Any, meant: Pixels) -> None:
    _, channels, height, width = meant.shape
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # whole grey levels are not rounded
        seen = voted(handed, (channels, height, width))
        taken, scanned = read(handed, LABELS).train.images, unlabelled(handed)[0]
    for pixels in (seen, taken, scanned):
        np.testing.assert_array_equal(pixels, meant)
        assert pixels.dtype == np.uint8


class Pairs(Dataset[tuple[Any, int]]):
    """A user's data set, with names of classes as torchvision's have them."""

    def __init__(self, form: Any) -> None:
        self.form, self.classes = form, list(NAMES)

    def __len__(self) -> int:
        return len(IMAGES)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        return self.form(index), LABELS[index]


class Bare(Dataset[Any]):
    """Images without labels."""

    def __len__(self) -> int:
        return len(IMAGES)

    def __getitem__(self, index: int) -> Any:
        return IMAGES[index]


class Stream(IterableDataset[dict[str, Any]]):
    """Images that come one after the other."""

    def __iter__(self) -> Any:
        return ({"image": image, "label": label} for image, label in zip(PICTURES, LABELS, strict=True))


def hugging_face() -> Any:
    form = hf.Features(image=hf.Image(), label=hf.ClassLabel(names=list(NAMES)))
    return hf.Dataset.from_dict({"image": PICTURES, "label": LABELS}, features=form)


def folder(path: Path) -> Path:
    for index, (picture, label) in enumerate(zip(PICTURES, LABELS, strict=True)):
        (path / NAMES[label]).mkdir(exist_ok=True)
        picture.save(path / NAMES[label] / f"{index}.png")
    return path


def tensors(index: int) -> torch.Tensor:
    return torch.from_numpy(IMAGES[index]) / 255


SETS: dict[str, Any] = {
    "pictures": lambda path: Pairs(lambda index: PICTURES[index]),
    "tensors": lambda path: Pairs(tensors),
    "channels last": lambda path: Pairs(lambda index: LAST[index]),
    "tensors of both": lambda path: TensorDataset(torch.from_numpy(IMAGES), torch.tensor(LABELS)),
    "a stream": lambda path: Stream(),
    "a loader": lambda path: DataLoader(Pairs(tensors), batch_size=2),
    "a loader of mappings": lambda path: DataLoader(hugging_face().with_format("torch"), batch_size=3),
    "a subset": lambda path: Subset(Pairs(tensors), range(5)),
    "a list of pairs": lambda path: list(zip(PICTURES, LABELS, strict=True)),
    "hugging face": lambda path: hugging_face(),
    "hugging face with splits": lambda path: hf.DatasetDict(train=hugging_face()),
    "hugging face as a stream": lambda path: hugging_face().to_iterable_dataset(),
    "hugging face in columns": lambda path: hugging_face()[:],
    "hugging face on disk": lambda path: (hugging_face().save_to_disk(path / "saved"), path / "saved")[1],
}
NAMELESS = ("tensors of both", "a stream", "a list of pairs", "hugging face in columns")


@pytest.mark.parametrize("form", SETS)
def test_every_data_set_gives_the_same_images_labels_and_names(form: str, tmp_path: Path) -> None:
    found = read(SETS[form](tmp_path))
    np.testing.assert_array_equal(found.train.images, IMAGES)
    assert found.train.labels.tolist() == LABELS
    assert found.class_names == (None if form in NAMELESS else NAMES)


def test_a_folder_is_read_by_its_path_and_by_its_settings(tmp_path: Path) -> None:
    path = folder(tmp_path)
    for handed in (path, str(path), Folder(path=path, test_share=0)):
        found = read(handed)
        assert found.class_names == NAMES
        assert found.train.labels.tolist() == sorted(LABELS)
        cats = IMAGES[np.array(LABELS) == 0]
        np.testing.assert_array_equal(found.train.images[:2], cats)


def test_what_was_read_is_nobodys_to_change(tmp_path: Path) -> None:
    images = IMAGES.copy()
    found = read(images, LABELS)
    images[:] = 0
    np.testing.assert_array_equal(found.train.images, IMAGES)
    with pytest.raises(ValueError, match="read-only"):
        found.train.images[0] = 1


def test_floats_between_grey_levels_are_rounded_and_that_is_said() -> None:
    with pytest.warns(UserWarning, match=r"rounded to them, by up to 0\.\d\d of 255"):
        found = read(IMAGES / 255 * 0.999, LABELS)
    assert int(np.abs(found.train.images.astype(int) - IMAGES).max()) <= 1


REFUSED: dict[str, tuple[Any, str]] = {
    "nothing": (IMAGES[:0], "at least one image"),
    "no pixels": (IMAGES[:, :, :0], "at least one image"),
    "an empty list": ([], "reshape the array"),
    "a single image": (IMAGES[0], "images[None]"),
    "a flat image": (IMAGES[0, 0], "images[None]"),
    "another size": (IMAGES[:, :, 1:], "shape (3, 6, 7)"),
    "grey for colour": (GREY[:, 0], "to the shape of the images"),
    "with transparency": (np.zeros((5, 6, 7, 4), np.uint8), "(5, 6, 7, 4)"),
    "normalised": (IMAGES / 127.5 - 1, "pass Panel(..., mean=, std=)"),
    "whole floats of 0 to 255": (IMAGES.astype(float), "astype('uint8')"),
    "other floats beyond 1": (IMAGES / 100, "floats from 0 to 1"),
    "truth values": (IMAGES > 99, "astype('float32')"),
    "16 bits": (IMAGES.astype(np.uint16) * 257, "0 to 255"),
    "negative": (IMAGES.astype(int) - 1, "from -1"),
    "not a number": (np.full(IMAGES.shape, np.nan), "from nan"),
    "texts": ([[["a"]]], "type <U1"),
    "several sizes": ([np.zeros((3, 6, 7)), np.zeros((3, 6, 8))], "stacking"),
    "none": (None, "reshape the array"),
}


@pytest.mark.parametrize(("handed", "said"), REFUSED.values(), ids=REFUSED)
def test_images_that_a_panel_cannot_see_are_refused(handed: Any, said: str) -> None:
    with pytest.raises(OutvotedError) as caught:
        voted(handed, (3, 6, 7))
    assert said in str(caught.value)
    assert "data." not in str(caught.value)


@pytest.mark.parametrize("scaled", [GREY // 16, (GREY > 99).astype(np.uint8), GREY / 255 / 255])
def test_a_set_of_images_far_from_white_is_refused_but_a_dark_image_for_a_panel_is_not(scaled: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(OutvotedError, match="as if white were"):
            read(scaled, LABELS)
        assert voted(scaled, (1, 6, 7)).max() < 32


def test_of_two_layouts_that_fit_neither_is_guessed() -> None:
    rows = np.maximum(IMAGES[:, :1, :1, :3], 99)
    with pytest.raises(OutvotedError, match="layout="):
        read(rows, LABELS)
    np.testing.assert_array_equal(read(rows, LABELS, layout="NCHW").train.images, rows)
    assert read(rows, LABELS, layout="NHWC").train.images.shape == (5, 3, 1, 1)
    np.testing.assert_array_equal(voted(rows, (1, 1, 3)), rows)  # the panel's shape tells
    with pytest.raises(OutvotedError, match="layout="):
        read([(row, label) for row, label in zip(rows, LABELS, strict=True)])


@pytest.mark.parametrize(
    ("labels", "more"),
    [
        ([0, 1, 2], {}),
        ([0, 1, 2, 3, -1], {}),
        ([0, 1, 2, 3, np.inf], {}),
        ([0, 1, 2, 3, np.nan], {}),
        ([0, 1, 2, 3, 1.5], {}),
        (np.array([2**64 - 1] * 5, np.uint64), {}),
        ([True] * 5, {}),
        (list("abcde"), {}),
        (np.eye(5), {}),
        (None, {}),
        ([0] * 5, {}),
        (LABELS, {"classes": 1}),
        (LABELS, {"class_names": ["cat"]}),
        (LABELS, {"class_names": ["cat", "dog"], "classes": 3}),
    ],
)
def test_labels_and_names_that_dont_go_with_images_are_refused(labels: Any, more: dict[str, Any]) -> None:
    with pytest.raises(OutvotedError, match=r"label|class"):
        read(IMAGES, labels, **more)


ODD: dict[str, tuple[Any, str]] = {
    "labels twice": (Pairs(tensors), "a data set with labels of its own"),
    "no labels": (DataLoader(Bare(), batch_size=2), "images without labels"),
    "three parts": (TensorDataset(*[torch.zeros(5)] * 3), "3 parts"),
    "other keys": ([{"picture": PICTURES[0]}], "rename_column"),
    "other splits": ({"dev": Pairs(tensors)}, "'train'"),
    "other sizes": (Pairs(lambda index: IMAGES[index, :, : 5 + index]), "of one shape"),
    "no files": ("nowhere/at/all", "no such file or folder"),
    "normalised": (Pairs(lambda index: tensors(index) * 4 - 2), "pass Panel(..., mean=, std=)"),
}


@pytest.mark.parametrize("which", ODD)
def test_data_sets_that_are_none_are_refused(which: str) -> None:
    handed, said = ODD[which]
    with pytest.raises(OutvotedError) as caught:
        read(handed, LABELS if which == "labels twice" else None)
    assert said in str(caught.value)
