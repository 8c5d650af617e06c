"""Tables of images: Parquet, and what Hugging Face datasets save."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from outvoted.actors.data.datasets import Split
from outvoted.actors.runs import png
from tests.actors.data.formats import FORMATS, image_column, read, refused


def table(split: Split, **columns: Any) -> pa.Table:
    return pa.table({"image": image_column(split), "label": split.labels} | columns)


def test_files_of_a_folder_follow_their_names(some: Split, tmp_path: Path) -> None:
    for first in (0, 10, 20):
        rows = slice(first, first + 10)
        part = Split(some.images[rows], some.labels[rows])
        pq.write_table(table(part), tmp_path / f"part-{first:02d}.parquet")
    data = read("parquet", tmp_path, test_share=0)
    np.testing.assert_array_equal(data.train.images, some.images)
    np.testing.assert_array_equal(data.train.labels, some.labels)


def test_the_splits_are_chosen_by_the_beginning_of_names(some: Split, others: Split, tmp_path: Path) -> None:
    for name, split in (("train-0", some), ("validation-0", others), ("extra-0", some), ("extra-1", some)):
        pq.write_table(table(split), tmp_path / f"{name}.parquet")
    data = read("parquet", tmp_path)
    assert (len(data.train), len(data.test)) == (30, 6)
    assert len(read("parquet", tmp_path, train="extra").train) == 60
    assert "did you mean 'extra'?" in refused("parquet", tmp_path, train="extr").remedy


def test_grey_images_among_coloured_ones_become_rgb(some: Split, tmp_path: Path) -> None:
    images = image_column(some)
    images[3] = {"bytes": png.encode(some.images[3, :1]), "path": "grey.png"}
    pq.write_table(table(some, image=images), tmp_path / "a.parquet")
    found = read("parquet", tmp_path / "a.parquet", test_share=0).train.images
    np.testing.assert_array_equal(found[3], some.images[3, :1].repeat(3, axis=0))
    np.testing.assert_array_equal(found[4], some.images[4])


@pytest.mark.parametrize("column", ["image", "label"])
def test_a_missing_column_is_told_the_nearest(column: str, some: Split, tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    names = [f"{name}s" if name == column else name for name in ("image", "label")]
    pq.write_table(table(some).rename_columns(names), path)
    error = refused("parquet", path)
    assert f"'{column}'" in error.expected
    assert f"did you mean '{column}s'?" in error.remedy
    assert read("parquet", path, **{column: f"{column}s"}).classes == 3


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        ({"image": [[1, 2]] * 30}, "list"),
        ({"image": ["a.png"] * 30}, "string"),
        ({"image": [{"path": "a.png"}] * 30}, "struct"),
        ({"image": [{"bytes": None, "path": "a.png"}] * 30}, "No such file"),
        ({"image": [b"text"] * 30}, "not an image file"),
        ({"label": ["cat"] * 30}, "cat"),
        ({"label": [*range(29), None]}, "row 29"),
        ({"label": [*([0] * 7), -3, *([0] * 22)]}, "label -3 at image 7"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_columns_of_other_things_are_refused(
    columns: dict[str, Any], found: str, some: Split, tmp_path: Path
) -> None:
    path = tmp_path / "a.parquet"
    if isinstance(columns.get("image", [None])[0], dict):
        kind = {key: pa.binary() if key == "bytes" else pa.string() for key in columns["image"][0]}
        columns = {"image": pa.array(columns["image"], pa.struct(kind))}
    pq.write_table(table(some, **columns), path)
    assert found in refused("parquet", path).found


def test_an_image_of_another_size_is_named_by_its_row(some: Split, tmp_path: Path) -> None:
    images = image_column(some)
    images[17] = {"bytes": png.encode(some.images[17, :, 1:]), "path": None}
    pq.write_table(table(some, image=images), tmp_path / "a.parquet", row_group_size=10)
    error = refused("parquet", tmp_path / "a.parquet")
    assert error.found.startswith("4 x 4 pixels in row 17, column image")


def test_no_rows_are_refused(some: Split, tmp_path: Path) -> None:
    pq.write_table(table(some).slice(0, 0), tmp_path / "a.parquet")
    assert refused("parquet", tmp_path / "a.parquet").found == "none"


def test_a_saved_dataset_without_rows_is_refused(some: Split, tmp_path: Path) -> None:
    import datasets as huggingface

    form = huggingface.Features({"image": huggingface.Image(), "label": huggingface.Value("int64")})
    nothing = huggingface.Dataset.from_dict({"image": [], "label": []}, features=form)
    nothing.save_to_disk(tmp_path / "saved")
    refused("huggingface", tmp_path / "saved")


@pytest.fixture
def saved(some: Split, others: Split, tmp_path: Path) -> Path:
    """A saved DatasetDict."""
    FORMATS["huggingface"].written(tmp_path, train=some, test=others)
    return tmp_path / "saved"


def test_names_of_classes_come_from_the_features(some: Split, tmp_path: Path) -> None:
    import datasets as huggingface

    form = {"image": huggingface.Image(), "label": huggingface.ClassLabel(names=["ant", "bee", "cow", "doe"])}
    columns = {"image": image_column(some), "label": some.labels}
    made = huggingface.Dataset.from_dict(columns, features=huggingface.Features(form))
    made.save_to_disk(tmp_path / "saved", num_shards=3)
    made.to_parquet(tmp_path / "a.parquet")
    for name, path in (("huggingface", tmp_path / "saved"), ("parquet", tmp_path / "a.parquet")):
        data = read(name, path, test_share=0)
        assert data.class_names == ("ant", "bee", "cow", "doe")
        assert data.classes == 4
        np.testing.assert_array_equal(data.train.images, some.images)


def test_a_selection_that_was_saved_is_read_in_its_order(some: Split, tmp_path: Path) -> None:
    import datasets as huggingface

    form = huggingface.Features({"image": huggingface.Image(), "label": huggingface.Value("int64")})
    columns = {"image": image_column(some), "label": some.labels}
    rows = [25, 3, 14, 4]
    huggingface.Dataset.from_dict(columns, features=form).select(rows).save_to_disk(tmp_path / "saved")
    data = read("huggingface", tmp_path / "saved", test_share=0)
    np.testing.assert_array_equal(data.train.images, some.images[rows])


def test_a_split_of_another_name_is_told_the_nearest(saved: Path) -> None:
    assert "did you mean 'train'?" in refused("huggingface", saved, train="trian").remedy
    assert len(read("huggingface", saved, train="test").train) == 5


def test_a_missing_split_folder_is_named(saved: Path) -> None:
    (saved / "test").rename(saved / "away")
    assert str(saved / "test") in refused("huggingface", saved).expected


def test_a_data_file_outside_of_the_folder_is_never_read(saved: Path, tmp_path: Path) -> None:
    state = saved / "test" / "state.json"
    (file,) = (saved / "test").glob("*.arrow")
    file.rename(tmp_path / file.name)
    state.write_text(json.dumps({"_data_files": [{"filename": f"../../{file.name}"}]}))
    error = refused("huggingface", saved)
    assert str(state) in error.expected
    assert f"'../../{file.name}' does not lie inside" in error.found


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"_data_files": []}', '{"_data_files": 3}', '{"_data_files": [{}]}']
)
def test_a_damaged_description_is_refused(content: str, saved: Path) -> None:
    (saved / "train" / "state.json").write_text(content)
    refused("huggingface", saved)


def test_tables_of_indices_are_refused(saved: Path) -> None:
    state = saved / "train" / "state.json"
    content = json.loads(state.read_text()) | {"_indices_data_files": [{"filename": "indices.arrow"}]}
    state.write_text(json.dumps(content))
    assert "indices" in refused("huggingface", saved).found
