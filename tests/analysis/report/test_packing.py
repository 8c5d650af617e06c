"""Packed numbers, samples and sheets hold what was put in."""

import base64
import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from outvoted.analysis.report.gallery import thinned, varied_order
from outvoted.analysis.report.packing import LARGEST, NOTHING, Sheets, packed, per_mille, sheets, small
from outvoted.search.arrays import AnyArray, Pixels


def unpacked(values: dict[str, str]) -> AnyArray:
    ((kind, text),) = values.items()
    return np.frombuffer(base64.b64decode(text), np.dtype(kind).newbyteorder("<"))


@given(st.lists(st.integers(0, 65535)))
def test_packed_numbers_are_found_again(numbers: list[int]) -> None:
    assert unpacked(packed(numbers, "u2")).tolist() == numbers


@pytest.mark.parametrize("value", [-1, 65536])
def test_numbers_that_do_not_fit_are_refused(value: int) -> None:
    with pytest.raises(ValueError, match="fit u2"):
        packed([value], "u2")


@given(st.lists(st.floats(0, 1)))
def test_probabilities_keep_three_decimals(values: list[float]) -> None:
    found = unpacked(per_mille(values)) / 1000
    np.testing.assert_allclose(found, values, atol=0.0005 + 1e-12)


def test_a_probability_that_is_not_a_number_is_nothing() -> None:
    assert unpacked(per_mille([np.nan, 1.0])).tolist() == [NOTHING, 1000]


ROWS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 9)), min_size=1)


@given(ROWS, st.integers(1, 40))
def test_the_first_rows_are_an_even_sample_over_kinds(rows: list[tuple[int, int, int]], most: int) -> None:
    table = pd.DataFrame(rows, columns=["label", "predicted", "margin"])
    order = varied_order(table, ("label", "predicted"), "margin")
    assert sorted(order) == list(range(len(table)))
    first = table.iloc[order[:most]]
    taken, there = (frame.groupby(["label", "predicted"]).size() for frame in (first, table))
    for kind, count in there.items():
        assert taken.get(kind, 0) >= min(count, taken.max() - 1)


def test_the_clearest_of_each_kind_come_first() -> None:
    table = pd.DataFrame({"label": [0, 0, 1, 1], "margin": [0.1, 0.9, 0.3, 0.2]}, index=[7, 7, 8, 9])
    assert varied_order(table, ("label",), "margin").tolist() == [1, 2, 3, 0]


@given(st.integers(1, 300), st.integers(2, 40))
def test_thinned_climbs_keep_their_ends(steps: int, most: int) -> None:
    found = thinned(steps, most)
    assert (found[0], found[-1]) == (0, steps - 1)
    assert len(found) == min(steps, most)
    assert (np.diff(found) > 0).all()


def images(seed: int, counts: list[int], shape: tuple[int, int, int]) -> list[Pixels]:
    rng = np.random.default_rng(seed)
    return [rng.integers(0, 256, (count, *shape), dtype=np.uint8) for count in counts]


def cut(found: Sheets, counts: list[int]) -> list[list[AnyArray]]:
    """Cut every item's frames from the sheets, as a page does."""
    items = []
    first = 0
    for number, file in zip(found.counts, found.files, strict=True):
        assert file.startswith("data:image/webp;base64,")
        sheet = np.asarray(Image.open(io.BytesIO(base64.b64decode(file.split(",")[1]))))
        place = 0
        for count in counts[first : first + number]:
            frames = []
            for at in range(place, place + count):
                y, x = at // found.columns * found.height, at % found.columns * found.width
                frames.append(sheet[y : y + found.height, x : x + found.width])
            items.append(frames)
            place += count
        first += number
    return items


def test_small_images_lie_on_sheets_pixel_by_pixel() -> None:
    counts = [1 + k % 7 for k in range(200)]
    every = images(0, counts, (1, 5, 4))
    found = sheets(every, 10**6)
    assert found.lossless
    assert found.items == 200
    assert len(found.files) == 2
    for frames, item in zip(cut(found, counts), every, strict=True):
        for frame, image in zip(frames, item, strict=True):
            np.testing.assert_array_equal(frame[..., 0], image[0])


def test_what_does_not_fit_is_left_out_from_the_end() -> None:
    counts = [300] * 6
    every = images(1, counts, (1, 8, 8))
    whole = sheets(every, 10**7)
    cramped = sheets(every, 60_000)
    assert whole.items == 6
    assert not cramped.lossless
    assert 0 < cramped.items < 6
    assert sum(len(base64.b64decode(file.split(",")[1])) for file in cramped.files) <= 60_000


def test_one_sheet_is_always_kept() -> None:
    assert sheets(images(2, [3], (3, 6, 6)), 1).items == 1


def test_nothing_has_no_sheets() -> None:
    found = sheets([], 100)
    assert (found.items, found.files, found.counts) == (0, (), ())


def test_photos_are_shrunk_with_their_proportions() -> None:
    assert small(images(3, [2], (3, 96, 128))[0]).shape == (2, 48, LARGEST, 3)
    assert small(images(3, [2], (1, 300, 30))[0]).shape == (2, LARGEST, 6)
    exact = images(3, [2], (3, 64, 40))[0]
    np.testing.assert_array_equal(small(exact), exact.transpose(0, 2, 3, 1))
