"""What was understood is said: splits, classes, size, range, and what is odd about them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from outvoted.actors.data.datasets import Dataset, DataSettings, Split
from outvoted.actors.data.datasets import load as load_data
from outvoted.cluster.jobs.job import loaded
from outvoted.search.errors import OutvotedError
from tests.actors.data.formats import load


def npz(path: Path, train: list[int], test: list[int] | None = None, **settings: Any) -> Dataset:
    """Load images of these labels, none like another."""
    rng = np.random.default_rng(0)
    arrays: dict[str, Any] = {}
    for name, labels in (("train", train), ("test", test)):
        if labels is not None:
            arrays |= {
                f"x_{name}": rng.integers(256, size=(len(labels), 4, 6, 3), dtype=np.uint8),
                f"y_{name}": np.array(labels),
            }
    np.savez(path / "a.npz", **arrays)
    return load({"name": "npz", "path": str(path / "a.npz"), **settings})


def test_the_sample_is_said_in_two_lines() -> None:
    assert load_data(DataSettings()).understood.splitlines() == [
        "mnist-sample: 10,000 training and 2,000 test images, 28 x 28 grey, pixels 0-255",
        "10 classes; 863 (class 5) to 1,127 (class 1) training images of each",
    ]


def test_rows_of_a_table_are_said_as_rows() -> None:
    first, second, *rest = load({"name": "iris"}).understood.splitlines()
    assert first == "iris.csv: 120 training and 30 test rows, 4 features"
    assert second.startswith("3 classes: setosa, versicolor, virginica; 36 (virginica) to 46 (setosa)")
    assert "note: no test split: 30 of 150 images held out for it" in rest


def test_classes_without_a_training_image_are_told(tmp_path: Path) -> None:
    said = npz(tmp_path, [0, 0, 1, 3, 3], [0, 1]).understood
    assert "4 classes; 0 (class 2) to 2 (class 0)" in said
    assert "note: no training image of 1 of 4 classes: class 2" in said


def test_one_class_far_larger_than_another_is_told(tmp_path: Path) -> None:
    assert "the largest class has 40 times" in npz(tmp_path, [0] * 40 + [1], [0]).understood
    assert "the largest class" not in npz(tmp_path, [0] * 10 + [1], [0]).understood


def test_test_images_that_train_too_are_told(tmp_path: Path) -> None:
    data = npz(tmp_path, [0, 1, 0, 1], [0, 1, 0])
    assert "too" not in data.understood
    images = np.concatenate([data.test.images[:1], data.train.images[2:]])
    shared = replace(data, test=Split(images, data.test.labels))
    assert "note: 2 of 3 test images are among the training images too" in shared.understood


def test_images_that_are_both_are_said_to_be(tmp_path: Path) -> None:
    said = npz(tmp_path, [0, 1, 0, 1], test_share=0).understood
    assert said.startswith("a.npz: 4 images, both for training and for testing, 4 x 6 RGB, pixels ")
    assert "note" not in said


def test_dark_images_are_told(tmp_path: Path) -> None:
    data = npz(tmp_path, [0, 1], [0, 1])
    dark = replace(data, train=Split(data.train.images // 10, data.train.labels))
    assert "note: dark images: no pixel is above 24 of 255" in dark.understood


def test_many_names_are_shortened(tmp_path: Path) -> None:
    names = tuple(f"n{k}" for k in range(30))
    data = replace(npz(tmp_path, [*range(30)], [0]), class_names=names)
    assert "30 classes: n0, n1, n2, n3, n4, … n29; 1 training image of each" in data.understood


def test_a_command_prints_it_as_it_is(tmp_path: Path) -> None:
    data = replace(npz(tmp_path, [0, 1], [0, 1]), name="[bold]x[/nothing]", class_names=("[red]", "a" * 300))
    console = Console(record=True, width=40, markup=False)
    assert loaded(lambda: data, console) is data
    assert console.export_text().strip().endswith(data.understood)


@pytest.mark.parametrize("labels", [[0, 0, 0], [3, 3, 3]])
def test_a_single_class_is_refused_unless_more_are_declared(labels: list[int], tmp_path: Path) -> None:
    with pytest.raises(OutvotedError, match=r"at least 2 classes") as caught:
        npz(tmp_path, labels)
    assert f"3 training images, all of class {labels[0]}" in caught.value.found
    assert "data.classes" in caught.value.remedy
    assert npz(tmp_path, labels, classes=4).classes == 4


def test_labels_that_count_from_1_are_refused_until_it_is_said(tmp_path: Path) -> None:
    with pytest.raises(
        OutvotedError, match=r"either classes counted from 1, or no image of class 0"
    ) as caught:
        npz(tmp_path, [1, 2, 3, 1, 2, 3])
    assert caught.value.remedy == "store labels - 1, or set data.classes=4 to take them as they are"
    assert npz(tmp_path, [1, 2, 3, 1, 2, 3], classes=4).classes == 4


def test_a_class_that_only_tests_is_called_by_its_name(tmp_path: Path) -> None:
    from tests.actors.data.formats import picture, put

    for index, name in enumerate(("train/cat/1.png", "train/dog/1.png", "test/zebra/1.png")):
        put(tmp_path / name, picture(index))
    (tmp_path / "train" / "zebra").mkdir()
    with pytest.raises(
        OutvotedError, match=r"the test label 2, 'zebra', of which there is no training image"
    ):
        load({"name": "folder", "path": str(tmp_path)})
