"""Reading idx files: what is whole reads back, everything else is one message."""

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from outvoted.actors.data.formats.idx import idx_array
from outvoted.search.errors import OutvotedError

Idx = Callable[[Path, NDArray[np.uint8]], Path]
BYTES = arrays(np.uint8, array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=6))


def read_idx(path: Path) -> NDArray[np.uint8]:
    return idx_array(path).read()


IMAGES = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
WHOLE = bytes((0, 0, 8, 3)) + np.array([2, 3, 4], ">u4").tobytes() + IMAGES.tobytes()


def refused(path: Path) -> OutvotedError:
    """Return the error that reading a file ends in, after checking that it names the file and a remedy."""
    with pytest.raises(OutvotedError) as caught:
        read_idx(path)
    assert str(path) in caught.value.expected
    assert caught.value.found
    assert "data.path" in caught.value.remedy
    return caught.value


@pytest.mark.parametrize("name", ["images.idx", "images.gz"])
@settings(max_examples=40)
@given(array=BYTES)
def test_what_was_written_is_read(
    name: str, array: NDArray[np.uint8], idx: Idx, tmp_path_factory: pytest.TempPathFactory
) -> None:
    found = read_idx(idx(tmp_path_factory.getbasetemp() / name, array))
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, array)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert refused(tmp_path / "absent.gz").found == "no such file"


def test_a_folder_is_no_idx_file(tmp_path: Path) -> None:
    assert "cannot be read" in refused(tmp_path).found


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "begins with bytes (none)"),
        (b"\x00\x00", "begins with bytes 00 00"),
        (b"PK\x03\x04" + WHOLE[4:], "begins with bytes 50 4b 03 04"),
        (b"\x00\x00\x0d\x03" + WHOLE[4:], "begins with bytes 00 00 0d 03"),
        (WHOLE[:-1], "(2, 3, 4) and 23 bytes"),
        (WHOLE + b"\x00", "(2, 3, 4) and 25 bytes"),
        (WHOLE[:12], "3 dimensions in a file of 12 bytes"),
        (WHOLE[:4], "3 dimensions in a file of 4 bytes"),
    ],
    ids=["empty", "too short", "not idx", "floats", "cut", "too long", "header cut", "no header"],
)
def test_an_unusable_file_is_described(content: bytes, found: str, tmp_path: Path) -> None:
    path = tmp_path / "images.idx"
    path.write_bytes(content)
    assert found in refused(path).found


@pytest.mark.parametrize("kept", [5, 6, 7, 9, 15])
def test_a_file_cut_inside_a_size_is_refused(kept: int, tmp_path: Path) -> None:
    path = tmp_path / "images.idx"
    path.write_bytes(WHOLE[:kept])
    refused(path)


def test_sizes_that_overflow_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "images.idx"
    path.write_bytes(bytes((0, 0, 8, 3)) + np.array([2**31, 2**31, 4], ">u4").tobytes())
    refused(path)


def test_more_dimensions_than_arrays_have_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "images.idx"
    path.write_bytes(bytes((0, 0, 8, 200)) + bytes(4 * 200))
    refused(path)


def test_a_file_that_is_not_gzipped_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "images.gz"
    path.write_bytes(WHOLE)
    assert "cannot be read" in refused(path).found


@settings(max_examples=40)
@given(kept=st.integers(0, len(gzip.compress(WHOLE)) - 1))
def test_a_gzip_file_cut_anywhere_is_refused(kept: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "cut.gz"
    path.write_bytes(gzip.compress(WHOLE)[:kept])
    refused(path)


@settings(max_examples=150)
@given(place=st.integers(0, len(gzip.compress(WHOLE)) - 1), value=st.integers(0, 255))
def test_a_damaged_gzip_file_never_reads_as_other_images(
    place: int, value: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    raw = bytearray(gzip.compress(WHOLE))
    raw[place] = value
    path = tmp_path_factory.getbasetemp() / "damaged.gz"
    path.write_bytes(raw)
    try:
        found = read_idx(path)
    except OutvotedError:
        refused(path)
    else:
        np.testing.assert_array_equal(found, IMAGES)
