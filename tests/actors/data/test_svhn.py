"""SVHN's .mat files, on small ones written in their layout."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

from outvoted.actors.data.datasets import Split
from tests.actors.data import formats
from tests.actors.data.formats import write_mat


@pytest.fixture
def house() -> Split:
    """Twenty images of 32 x 32 pixels, two of each digit."""
    images = np.random.default_rng(0).integers(256, size=(20, 3, 32, 32), dtype=np.uint8)
    return Split(images, np.arange(20) % 10)


read = partial(formats.read, "svhn", test_share=0)
refused = partial(formats.refused, "svhn", test_share=0)


def arrays(house: Split) -> dict[str, Any]:
    y = np.where(house.labels == 0, 10, house.labels)[:, None]
    return {"X": house.images.transpose(2, 3, 1, 0), "y": y.astype(np.uint8)}


def test_ten_means_zero(house: Split, tmp_path: Path) -> None:
    write_mat(tmp_path / "train_32x32.mat", house)
    data = read(tmp_path)
    np.testing.assert_array_equal(data.train.labels, house.labels)
    np.testing.assert_array_equal(data.train.images, house.images)
    assert (data.shape, data.classes) == ((3, 32, 32), 10)


def test_one_file_may_be_named(house: Split, tmp_path: Path) -> None:
    write_mat(tmp_path / "extra_32x32.mat", house)
    assert len(read(tmp_path / "extra_32x32.mat").train) == 20


@pytest.mark.parametrize("label", [0, 11])
def test_other_labels_are_refused(label: int, house: Split, tmp_path: Path) -> None:
    content = arrays(house)
    content["y"][3] = label
    savemat(tmp_path / "a.mat", content)
    assert str(label) in refused(tmp_path / "a.mat").found


def test_a_missing_array_is_told_the_nearest(house: Split, tmp_path: Path) -> None:
    content = arrays(house)
    savemat(tmp_path / "a.mat", {"X": content["X"], "labels": content["y"]})
    error = refused(tmp_path / "a.mat")
    assert "'y'" in error.expected


@pytest.mark.parametrize("shape", [(32, 32, 3, 19), (32, 32, 60), (32, 32, 3, 0)])
def test_other_numbers_of_images_are_refused(shape: tuple[int, ...], house: Split, tmp_path: Path) -> None:
    savemat(tmp_path / "a.mat", {"X": np.zeros(shape, np.uint8), "y": arrays(house)["y"]})
    assert str(shape) in refused(tmp_path / "a.mat").found


@pytest.mark.parametrize("content", [b"", b"no matrices at all", b"MATLAB 7.3 MAT-file" + bytes(500)])
def test_an_unreadable_file_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "train_32x32.mat").write_bytes(content)
    assert ".mat" in refused(tmp_path).expected
