"""Which images train and which test: usual layouts are understood, others are refused with both readings."""

from pathlib import Path, PurePath

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.data.formats.base import split_in
from tests.actors.data.formats import picture, put, read, refused


def table(path: Path, value: int) -> None:
    """Write two images whose every pixel says which file they lie in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"image": [picture(value)] * 2, "label": [0, 1]}), path)


def values(data: Dataset) -> tuple[list[int], list[int]]:
    """Return which files' images train, and which test."""
    train, test = (sorted({int(image.max()) for image in split.images}) for split in (data.train, data.test))
    return train, test


# Files, the first half of which train and the second half of which test.
LAYOUTS = {
    "hub": ["train-00000-of-00002", "train-00001-of-00002", "test-00000-of-00002", "test-00001-of-00002"],
    "hub in data": ["data/train-00000-of-00001", "data/test-00000-of-00001"],
    "folders": ["train/0000", "train/0001", "test/0000", "test/0001"],
    "converted": ["default/train/0000", "default/test/0000"],
    "underscores": ["train_0", "train_1", "test_0", "test_1"],
    "digits": ["train0", "test0"],
    "dots": ["x.train.1", "x.test.1"],
    "at the end": ["x-train", "x-test"],
    "long words": ["training", "testing"],
    "hive": ["split=train/0", "split=test/0"],
    "capitals": ["Train/0", "TEST/0"],
    "validation": ["train", "validation"],
    "val": ["x_train", "x_val"],
    "said twice": ["train/train-0", "test/test-0"],
}


@pytest.mark.parametrize("files", LAYOUTS.values(), ids=LAYOUTS)
def test_no_test_image_trains_in_any_usual_layout_of_parquet(files: list[str], tmp_path: Path) -> None:
    for index, file in enumerate(files):
        table(tmp_path / f"{file}.parquet", index * 40)
    half = len(files) // 2
    expected = ([40 * k for k in range(half)], [40 * k for k in range(half, len(files))])
    assert values(read("parquet", tmp_path)) == expected


def test_a_test_split_is_taken_before_one_for_validation(tmp_path: Path) -> None:
    for value, name in enumerate(("train", "val", "test")):
        table(tmp_path / f"{name}.parquet", value)
    data = read("parquet", tmp_path)
    assert values(data) == ([0], [2])
    assert "files of no chosen split passed over: 1, say val.parquet" in data.understood
    assert values(read("parquet", tmp_path, test="val")) == ([0], [1])
    assert values(read("parquet", tmp_path, train="test", test="val")) == ([2], [1])


def test_a_file_that_names_two_splits_is_refused_until_it_is_said(tmp_path: Path) -> None:
    table(tmp_path / "train" / "test-0.parquet", 0)
    error = refused("parquet", tmp_path)
    assert "which names test and train" in error.found
    assert "data.train='*'" in error.remedy
    assert values(read("parquet", tmp_path, train="*", test_share=0)) == ([0], [0])


def test_files_that_only_seem_to_be_splits_are_refused_until_it_is_said(tmp_path: Path) -> None:
    for value, name in enumerate(("trainset", "testset")):
        table(tmp_path / f"{name}.parquet", value)
    error = refused("parquet", tmp_path)
    assert "either two splits, or parts of one data set" in error.found
    assert "data.train='*'" in error.remedy
    assert values(read("parquet", tmp_path, train="trainset", test="testset")) == ([0], [1])
    assert values(read("parquet", tmp_path, train="*", test_share=0)) == ([0, 1], [0, 1])


def test_two_splits_for_validation_are_refused_until_one_is_chosen(tmp_path: Path) -> None:
    for value, name in enumerate(("train", "val", "validation")):
        table(tmp_path / f"{name}.parquet", value)
    error = refused("parquet", tmp_path)
    assert error.found == "val and validation, each of which could be meant"
    assert error.remedy == "set data.test=val or validation"
    assert values(read("parquet", tmp_path, test="validation")) == ([0], [2])


def test_a_test_split_alone_trains_nothing(tmp_path: Path) -> None:
    table(tmp_path / "test.parquet", 0)
    assert "'train'" in refused("parquet", tmp_path).expected


def test_a_single_file_is_one_set_whatever_it_is_called(tmp_path: Path) -> None:
    table(tmp_path / "test.parquet", 7)
    assert values(read("parquet", tmp_path / "test.parquet", test_share=0)) == ([7], [7])


@pytest.mark.parametrize(
    ("path", "split"),
    [("latest-0", None), ("contest/a", None), ("a/x_TRAIN_1", "train"), ("valid.0", "valid"), ("0", None)],
)
def test_a_split_is_a_word_of_its_own(path: str, split: str | None) -> None:
    assert split_in(PurePath(f"{path}.parquet")) == split


# Folders of pictures.
def classes_in(*folders: Path) -> None:
    for value, folder in enumerate(folders):
        for name in ("cat", "dog"):
            put(folder / name / "1.png", picture(value))
            put(folder / name / "2.png", picture(value))


@pytest.mark.parametrize(
    ("train", "test"),
    [("train", "test"), ("Train", "TEST"), ("training", "testing"), ("train", "Validation")],
)
def test_splits_of_folders_may_be_written_in_any_usual_way(train: str, test: str, tmp_path: Path) -> None:
    classes_in(tmp_path / train, tmp_path / test)
    assert values(read("folder", tmp_path)) == ([0], [1])


def test_two_training_splits_are_refused(tmp_path: Path) -> None:
    classes_in(tmp_path / "train", tmp_path / "Train")
    assert "Train and train" in refused("folder", tmp_path).found


def test_flat_splits_are_refused_until_they_are_said_to_be_classes(tmp_path: Path) -> None:
    for index in range(4):
        put(tmp_path / "train" / f"cat.{index}.png")
        put(tmp_path / "test" / f"dog.{index}.png")
    error = refused("folder", tmp_path)
    assert "either splits without labels, or classes of these names" in error.found
    assert "data.train='*'" in error.remedy
    assert read("folder", tmp_path, train="*").class_names == ("test", "train")


@pytest.mark.parametrize("flat", [("train",), ("train", "test", "toys"), ("val", "test")])
def test_flat_folders_called_like_splits_are_refused(flat: tuple[str, ...], tmp_path: Path) -> None:
    for name in flat:
        put(tmp_path / name / "1.png")
    assert "either splits without labels" in refused("folder", tmp_path).found


def test_labels_beside_splits_are_refused_until_one_is_chosen(tmp_path: Path) -> None:
    classes_in(tmp_path / "train", tmp_path / "test")
    (tmp_path / "labels.csv").write_text("file,label\ntrain/cat/1.png,0\ntest/dog/1.png,1\n")
    assert "either the labels of all, or left over" in refused("folder", tmp_path).found
    assert len(read("folder", tmp_path, train="*", test_share=0).train) == 2


def test_labels_of_two_kinds_are_refused(tmp_path: Path) -> None:
    classes_in(tmp_path / "train")
    put(tmp_path / "test" / "1.png")
    (tmp_path / "test" / "labels.csv").write_text("file,label\n1.png,0\n")
    assert "a labels.csv in one, class folders in the other" in refused("folder", tmp_path).found


def test_what_was_passed_over_is_told(tmp_path: Path) -> None:
    classes_in(tmp_path / "train", tmp_path / "test")
    put(tmp_path / "extra" / "1.png")
    put(tmp_path / "train" / "loose.png")
    said = read("folder", tmp_path).understood
    assert "note: folders beside the chosen splits passed over: extra" in said
    assert "note: pictures beside the class folders passed over: 1, say loose.png" in said


def test_pictures_that_a_table_leaves_out_are_told(tmp_path: Path) -> None:
    for index in range(4):
        put(tmp_path / f"{index}.png")
    (tmp_path / "labels.csv").write_text("file,label\n0.png,0\n1.png,1\n2.png,1\n")
    assert "pictures not in labels.csv passed over: 1, say 3.png" in read("folder", tmp_path).understood


def test_folders_called_by_numbers_are_in_their_order(tmp_path: Path) -> None:
    for name in ("0", "1", "2", "10"):
        put(tmp_path / name / "1.png", picture(int(name)))
        put(tmp_path / name / "2.png", picture(int(name)))
    data = read("folder", tmp_path, test_share=0)
    assert data.class_names == ("0", "1", "2", "10")
    assert [int(image.max()) for image in data.train.images] == [0, 0, 1, 1, 2, 2, 10, 10]
    assert "in the order of their numbers" in data.understood


@pytest.mark.parametrize(
    ("table", "found"),
    [
        ("file,label\n0.png,0\n1.png,1\n1\n", "1: 1"),
        ("label,file\n0,0.png\n1\n", "1: 1"),
        ("file,label\n0.png,0,cat\n", "3: 0.png, 0"),
        ("file,label\n0.png,0\n0.png,1\n", "0.png at line 2 and at line 3"),
        ("file,label\n0.png,0\n0.png,0\n", "0.png at line 2 and at line 3"),
        ("file,label,name\n0.png,0,cat\n1.png,0,dog\n", "'cat' at line 2 and 'dog' at line 3"),
        ("file,label\n0.png,1_0\n", "'1_0'"),
        ("file,label\n0.png,٣\n", "'٣'"),
        (f"file,label\n{'x' * 200_000},0\n", "field larger than"),
    ],
)
def test_a_line_that_cannot_be_meant_is_named(table: str, found: str, tmp_path: Path) -> None:
    put(tmp_path / "0.png")
    put(tmp_path / "1.png")
    (tmp_path / "labels.csv").write_text(table, encoding="utf-8")
    assert found in refused("folder", tmp_path).found


def test_a_blank_line_is_no_row(tmp_path: Path) -> None:
    put(tmp_path / "0.png")
    put(tmp_path / "1.png")
    (tmp_path / "labels.csv").write_text("file,label\n0.png,0\n\n1.png,1\n\n")
    assert len(read("folder", tmp_path, test_share=0).train) == 2
