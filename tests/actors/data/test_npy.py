"""Arrays in .npy files of their own, and what may be wrong with them."""

import os
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from outvoted.actors.data.datasets import Split
from outvoted.actors.data.formats.recognised import format_at
from outvoted.search.errors import OutvotedError
from tests.actors.data import formats
from tests.actors.data.test_bombs import npy_header

read = partial(formats.read, "npy")


def refused(path: Path, **settings: Any) -> OutvotedError:
    """Return the error that reading ends in, after checking that it names the folder."""
    with pytest.raises(OutvotedError) as caught:
        read(path, **settings)
    assert str(path.parent) in str(caught.value)
    return caught.value


@pytest.fixture
def place(some: Split, tmp_path: Path) -> Path:
    """A folder with images and labels under names of their own."""
    np.save(tmp_path / "images.npy", some.images)
    np.save(tmp_path / "classes.npy", some.labels)
    return tmp_path


def test_one_file_of_images_is_read_with_the_labels_beside_it(some: Split, place: Path) -> None:
    beside = {"train_labels": "classes.npy", "test_images": "images.npy", "test_labels": "classes.npy"}
    data = read(place / "images.npy", hold="disk", **beside)
    np.testing.assert_array_equal(data.train.images, some.images)
    np.testing.assert_array_equal(data.test.labels, some.labels)
    named = read(place, train_images="images.npy", **beside)
    assert named.fingerprint == data.fingerprint


def test_a_file_or_a_folder_of_arrays_is_recognised(some: Split, place: Path) -> None:
    (place / "classes.npy").rename(place / "y_train.npy")
    assert format_at(place / "images.npy", 0).read().train.labels().tolist() == some.labels.tolist()
    (place / "images.npy").rename(place / "x_train.npy")
    assert format_at(place, 0).read().train.labels().tolist() == some.labels.tolist()


def test_labels_that_are_not_there_are_named(place: Path) -> None:
    assert "y_train.npy" in refused(place / "images.npy").expected


@pytest.mark.parametrize("name", ["../y.npy", "/etc/passwd", "", "link.npy", "x\0y"])
def test_what_lies_outside_the_folder_is_not_read(name: str, place: Path, tmp_path: Path) -> None:
    inner = place / "inner"
    inner.mkdir()
    (place / "images.npy").rename(inner / "images.npy")
    os.link(place / "classes.npy", place / "y.npy")
    (inner / "link.npy").symlink_to(place / "y.npy")
    assert "inside the folder" in refused(inner / "images.npy", train_labels=name).found


def test_a_pipe_is_not_waited_for(place: Path) -> None:
    os.mkfifo(place / "pipe.npy")
    assert "pipe" in refused(place / "images.npy", train_labels="pipe.npy").found


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def _longer(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"0")


def _header(*shape: int, kind: str = "|u1") -> Any:
    return lambda path: path.write_bytes(npy_header(shape, kind) + bytes(1 << 12))


def _long_header(path: Path) -> None:
    path.write_bytes(b"\x93NUMPY\x02\x00" + b"\xff\xff\xff\x0f" + bytes(1 << 12))


HOSTILE = {
    "cut off": (_cut, "in 1,9"),
    "longer than it says": (_longer, "more bytes than its header says"),
    "a trillion rows": (_header(10**12, 3, 5, 4), "1000000000000"),
    "rows below nothing": (_header(-30, 3, 5, 4), "-30"),
    "no rows": (_header(0, 3, 5, 4), "(0, 3, 5, 4)"),
    "one number": (_header(), "()"),
    "a header without end": (_long_header, "a header of more than"),
    "no array": (lambda path: path.write_bytes(b"PK\x03\x04"), "magic string"),
    "objects": (lambda path: np.save(path, np.array([{}] * 30), allow_pickle=True), "pickled"),
    "records": (lambda path: np.save(path, np.zeros((30, 3, 5, 4), "u1,u1")), "type"),
    "fractions": (lambda path: np.save(path, np.full((30, 3, 5, 4), 0.5)), "float64"),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("hold", ["disk", "auto"])
def test_an_array_that_is_no_set_of_images_is_refused(name: str, hold: str, place: Path) -> None:
    change, found = HOSTILE[name]
    change(place / "images.npy")
    if not (name == "fractions" and hold == "disk"):  # can't stay on disk in any case
        said = refused(place / "images.npy", train_labels="classes.npy", hold=hold, test_share=0).found
        assert found in said or (hold == "disk" and "packed or computed" in said)


def test_an_array_whose_columns_come_first_is_read_whole(some: Split, place: Path) -> None:
    np.save(place / "images.npy", np.asfortranarray(some.images))
    data = read(place / "images.npy", train_labels="classes.npy", test_share=0)
    assert data.train.held
    np.testing.assert_array_equal(data.train.images, some.images)
    assert "packed" in refused(place / "images.npy", train_labels="classes.npy", hold="disk").found


def test_an_array_that_is_cut_off_later_is_told_when_it_is_read(place: Path) -> None:
    data = read(place / "images.npy", train_labels="classes.npy", hold="disk", test_share=0)
    content = (place / "images.npy").read_bytes()
    (place / "images.npy").write_bytes(content[:-70])
    np.testing.assert_array_equal(data.train.read(np.array([3])), data.train.read(np.array([3])))
    with pytest.raises(Exception, match="the array ends too early"):
        data.train.read(np.array([29]))
