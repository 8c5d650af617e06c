"""Folders of pictures: every file is an image that counts, or is named."""

import io
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.actors.data import formats


def picture(value: Any = 7, mode: str = "RGB", size: tuple[int, int] = (4, 3), kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, size, value).save(buffer, format=kind)
    return buffer.getvalue()


def put(path: Path, content: bytes | None = None) -> Path:
    return formats.put(path, picture() if content is None else content)


read = partial(formats.read, "folder", test_share=0)
refused = partial(formats.refused, "folder", test_share=0)


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    """A folder of two cats and a dog."""
    for value, name in enumerate(("dog/rex.png", "cat/b.png", "cat/a.png")):
        put(tmp_path / "pets" / name, picture((value, value, value)))
    return tmp_path / "pets"


def test_subfolders_in_order_are_the_classes(pets: Path) -> None:
    data = read(pets)
    assert (data.name, data.class_names, data.classes) == ("pets", ("cat", "dog"), 2)
    assert data.train.labels.tolist() == [0, 0, 1]
    assert data.train.images[:, 0, 0, 0].tolist() == [2, 1, 0]


def test_without_a_split_called_train_there_is_one_split(pets: Path) -> None:
    put(pets / "train" / "steam.png")
    assert read(pets).class_names == ("cat", "dog", "train")


@pytest.mark.parametrize("test", ["test", "val", "validation", "valid"])
def test_splits_stand_above_the_classes(test: str, pets: Path) -> None:
    put(pets / "elsewhere" / "train" / "a" / "1.png")
    put(pets / "elsewhere" / "train" / "b" / "1.png")
    put(pets / "elsewhere" / test / "b" / "1.png")
    data = read(pets / "elsewhere")
    assert (data.train.labels.tolist(), data.test.labels.tolist()) == ([0, 1], [1])


def test_splits_may_have_other_names(pets: Path) -> None:
    for split in ("old", "new", "test"):
        put(pets / split / "a" / "1.png")
        put(pets / split / "b" / "1.png")
        put(pets / split / "b" / "2.png")
    (pets / "new" / "a" / "1.png").unlink()
    data = read(pets, train="old", test="new")
    assert (data.train.labels.tolist(), data.test.labels.tolist()) == ([0, 1, 1], [1, 1])
    assert "did you mean 'new'?" in refused(pets, train="old", test="newe").remedy


def test_a_class_only_in_the_test_split_is_refused(pets: Path) -> None:
    put(pets / "all" / "train" / "a" / "1.png")
    put(pets / "all" / "test" / "b" / "1.png")
    assert "test label 1" in refused(pets / "all").found


def test_labels_and_names_come_from_the_table(tmp_path: Path) -> None:
    for value, name in enumerate(("x.png", "y.jpg")):
        put(tmp_path / name, picture((value,) * 3))
    (tmp_path / "labels.csv").write_text("name,label,file,more\npenguin,3,y.jpg,\nowl,1,x.png,\n")
    data = read(tmp_path)
    assert data.train.labels.tolist() == [3, 1]
    assert data.train.images[:, 0, 0, 0].tolist() == [1, 0]
    assert data.class_names == ("0", "owl", "2", "penguin")


def test_declared_classes_lengthen_or_shorten_the_names(pets: Path) -> None:
    assert read(pets, classes=4).class_names == ("cat", "dog", "2", "3")


@pytest.mark.parametrize(
    ("table", "found"),
    [
        ("", "'file'"),
        ("path,label\nx.png,0\n", "'file'"),
        ("file,lable\nx.png,0\n", "'label'"),
        ("file,label\nx.png,owl\n", "line 2"),
        ("file,label\nx.png\n", "line 2"),
        ("file,label\nx.png,1.5\n", "line 2"),
        ("file,label\nx.png,99999999999999999999\n", "line 2"),
        ("file,label\nx.png,32767\n", "0 to 32766"),
        ("file,label\nx.png,-1\n", "line 2"),
        ("file,label\nz.png,0\n", "z.png"),
        ("file,label\n", "labels.csv"),
    ],
)
def test_a_wrong_table_is_described(table: str, found: str, tmp_path: Path) -> None:
    put(tmp_path / "x.png")
    (tmp_path / "labels.csv").write_text(table)
    assert found in refused(tmp_path).expected


def test_a_table_that_is_no_text_is_refused(tmp_path: Path) -> None:
    put(tmp_path / "labels.csv", b"\xff\xfe\x00")
    assert "UTF-8" in refused(tmp_path).expected


def test_a_misspelt_column_is_told_the_nearest(tmp_path: Path) -> None:
    put(tmp_path / "labels.csv", b"file,lable\nx.png,0\n")
    assert "did you mean 'lable'?" in refused(tmp_path).remedy


def test_grey_pictures_among_coloured_ones_become_rgb(pets: Path) -> None:
    put(pets / "ant" / "1.png", picture(9, "L"))
    put(pets / "eel" / "1.png", picture(5, "L"))
    data = read(pets)
    assert data.shape == (3, 3, 4)
    assert data.train.images[[0, -1], :, 0, 0].tolist() == [[9, 9, 9], [5, 5, 5]]


def test_a_grey_training_split_goes_with_a_coloured_test_split(tmp_path: Path) -> None:
    put(tmp_path / "train" / "a" / "1.png", picture(9, "L"))
    put(tmp_path / "test" / "a" / "1.png", picture((1, 2, 3)))
    data = read(tmp_path, classes=2)
    assert data.train.images[0, :, 0, 0].tolist() == [9, 9, 9]
    assert data.test.images[0, :, 0, 0].tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("mode", "value", "found"),
    [
        ("1", 1, [255]),
        ("L", 7, [7]),
        ("LA", (7, 99), [7]),
        ("RGB", (1, 2, 3), [1, 2, 3]),
        ("RGBA", (1, 2, 3, 0), [1, 2, 3]),
        ("P", 0, [0, 0, 0]),
    ],
)
def test_pictures_of_all_modes_become_grey_or_rgb(
    mode: str, value: Any, found: list[int], tmp_path: Path
) -> None:
    put(tmp_path / "a" / "1.png", picture(value, mode))
    assert read(tmp_path, classes=2).train.images[0, :, 0, 0].tolist() == found


def test_pictures_are_turned_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be seen, turn clockwise
    raw = Image.new("L", (4, 3))
    raw.putpixel((0, 0), 255)
    (tmp_path / "a").mkdir()
    raw.save(tmp_path / "a" / "1.png", exif=exif)
    (image,) = read(tmp_path, classes=2).train.images
    assert image.shape == (1, 4, 3)
    assert image[0, 0].tolist() == [0, 0, 255]


def test_the_first_odd_size_is_named(pets: Path) -> None:
    odd = put(pets / "dog" / "a.png", picture(size=(5, 3)))
    put(pets / "dog" / "z.png", picture(size=(6, 3)))
    error = refused(pets)
    assert str(pets / "cat" / "a.png") in error.expected
    assert error.found == f"3 x 5 pixels in {odd}"
    assert read(pets, size=[6, 8]).shape == (3, 6, 8)


@pytest.mark.parametrize("content", [b"", b"text", b"%!PS-Adobe-3.0 EPSF-3.0\n", picture()[:50]])
def test_a_file_that_is_no_picture_is_named(content: bytes, pets: Path) -> None:
    odd = put(pets / "dog" / "a.png", content)
    assert str(odd) in refused(pets).expected


def test_sixteen_bit_pictures_are_refused(pets: Path) -> None:
    odd = put(pets / "dog" / "a.png", picture(700, "I;16"))
    error = refused(pets)
    assert str(odd) in error.expected
    assert "more than 8 bits" in error.found


def test_a_folder_within_a_class_is_named(pets: Path) -> None:
    put(pets / "dog" / "more" / "1.png")
    assert str(pets / "dog" / "more") in refused(pets).expected


@pytest.mark.parametrize("name", [".DS_Store", "Thumbs.db", ".hidden.png"])
def test_what_desktops_leave_behind_is_passed_over(name: str, pets: Path) -> None:
    put(pets / "dog" / name, b"")
    put(pets / ".cache" / "1.png")
    assert len(read(pets).train) == 3


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cat").mkdir()
    assert "without pictures" in refused(tmp_path).found


def test_one_image_of_each_class_cannot_be_held_out(tmp_path: Path) -> None:
    for name in ("a", "b"):
        put(tmp_path / name / "1.png")
    assert "data.test_share to 0" in refused(tmp_path, test_share=0.1).remedy
    data = read(tmp_path)
    np.testing.assert_array_equal(data.train.images, data.test.images)
