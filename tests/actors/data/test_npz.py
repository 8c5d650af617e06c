"""Archives of numpy arrays."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from outvoted.actors.data.datasets import Split
from tests.actors.data import formats


def saved(path: Path, **arrays: Any) -> Path:
    np.savez_compressed(path, **arrays)
    return path


read = partial(formats.read, "npz")
refused = partial(formats.refused, "npz")


def test_arrays_may_have_other_names(some: Split, others: Split, tmp_path: Path) -> None:
    path = saved(tmp_path / "a.npz", a=some.images, b=some.labels, c=others.images, d=others.labels)
    data = read(path, train_images="a", train_labels="b", test_images="c", test_labels="d")
    np.testing.assert_array_equal(data.train.images, some.images)
    np.testing.assert_array_equal(data.test.labels, others.labels)


@pytest.mark.parametrize(
    ("names", "wrong", "remedy"),
    [
        (("x_train", "y_trian"), "'y_train'", "did you mean 'y_trian'?"),
        (("images", "labels"), "'x_train'", "choose from: images, labels"),
        (("x_train", "y_train", "x_test"), "'y_test'", "did you mean"),
        (("x_train", "y_train", "y_test"), "'x_test'", "did you mean"),
    ],
)
def test_a_missing_array_is_told_the_nearest(
    names: tuple[str, ...], wrong: str, remedy: str, some: Split, tmp_path: Path
) -> None:
    both = {"x": some.images, "i": some.images, "y": some.labels, "l": some.labels}
    error = refused(saved(tmp_path / "a.npz", **{name: both[name[0]] for name in names}))
    assert wrong in error.expected
    assert remedy in error.remedy


def test_a_test_array_that_was_asked_for_must_be_there(some: Split, tmp_path: Path) -> None:
    path = saved(tmp_path / "a.npz", x_train=some.images, y_train=some.labels)
    assert "'held'" in refused(path, test_images="held").expected


@pytest.mark.parametrize("n", [29, 31, 0])
def test_other_numbers_of_labels_are_refused(n: int, some: Split, tmp_path: Path) -> None:
    error = refused(saved(tmp_path / "a.npz", x_train=some.images, y_train=np.zeros(n, int)))
    assert "x_train and y_train" in error.expected
    assert f"({n},)" in error.found


@pytest.mark.parametrize("shape", [(0, 5, 4, 3), (0, 5, 4), (2, 0, 4)])
def test_no_pixels_at_all_are_refused(shape: tuple[int, ...], tmp_path: Path) -> None:
    path = saved(tmp_path / "a.npz", x_train=np.zeros(shape, np.uint8), y_train=np.zeros(shape[0], int))
    assert str(shape) in refused(path).found


def test_a_negative_label_is_refused(some: Split, tmp_path: Path) -> None:
    labels = some.labels.copy()
    labels[7] = -1
    path = saved(tmp_path / "a.npz", x_train=some.images, y_train=labels)
    assert "label -1 at image 7" in refused(path).found


def test_a_label_that_no_table_could_hold_is_refused(some: Split, tmp_path: Path) -> None:
    path = saved(tmp_path / "a.npz", x_train=some.images, y_train=some.labels + 2**40)
    assert "0 to 32766" in refused(path).expected


def test_pickled_arrays_are_never_unpickled(some: Split, tmp_path: Path) -> None:
    path = saved(tmp_path / "a.npz", x_train=some.images, y_train=some.labels.astype(object))
    error = refused(path)
    assert "pickled" in error.found
    assert "'y_train'" in error.expected


@pytest.mark.parametrize("content", [b"", b"not an archive", b"PK\x03\x04"])
def test_a_file_that_is_no_archive_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    path.write_bytes(content)
    assert ".npz" in refused(path).expected


def test_a_single_array_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((3, 4, 4), np.uint8))
    assert "without a name" in refused(tmp_path / "a.npy").found


def test_floats_between_0_and_1_are_told_what_to_do(some: Split, tmp_path: Path) -> None:
    path = saved(tmp_path / "a.npz", x_train=some.images / 255, y_train=some.labels)
    error = refused(path)
    assert "x_train" in error.expected
    assert "255 * images" in error.remedy
