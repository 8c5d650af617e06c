"""What holds of every format: what was written comes back, whatever it was written in."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from outvoted.actors.data.datasets import Split
from outvoted.search.arrays import Ints
from outvoted.search.errors import OutvotedError
from tests.actors.data.formats import ADAPTER, FORMATS, Format, load

FORMAT_NAMES = pytest.mark.parametrize("name", FORMATS)


def labelled(labels: list[int], shape: tuple[int, ...], seed: int) -> Split:
    rng = np.random.default_rng(seed)
    images = rng.integers(256, size=(len(labels), *shape), dtype=np.uint8)
    return Split(images, np.array(sorted(labels), np.int64))


@st.composite
def splits(draw: st.DrawFn) -> tuple[Split, Split]:
    """Draw a training and a test split in the order of labels; no class is without a training image."""
    shape = (draw(st.sampled_from((1, 3))), draw(st.integers(1, 9)), draw(st.integers(1, 9)))
    classes = draw(st.integers(2, 4))
    anyone = st.integers(0, classes - 1)
    train = [*range(classes), *draw(st.lists(anyone, max_size=5))]
    test = draw(st.lists(anyone, min_size=1, max_size=5))
    seed = draw(st.integers(0, 99))
    return labelled(train, shape, seed), labelled(test, shape, seed + 1)


@FORMAT_NAMES
@settings(max_examples=8)
@given(drawn=splits())
def test_pixels_and_labels_come_back(name: str, drawn: tuple[Split, Split]) -> None:
    form = FORMATS[name]
    train, test = map(form.fit, drawn)
    with tempfile.TemporaryDirectory() as folder:
        data = load(form.written(Path(folder), train=train, test=test))
    for found, written in ((data.train, train), (data.test, test)):
        np.testing.assert_array_equal(found.images, written.images)
        np.testing.assert_array_equal(found.labels, written.labels)
        assert found.images.dtype == np.uint8
        assert found.labels.dtype == np.int64
    assert (data.shape, data.classes) == (train.images.shape[1:], train.labels.max() + 1)


def test_size_and_mode_give_the_same_pixels(form: Format, some: Split, tmp_path: Path) -> None:
    written = form.fit(some)
    setting = form.written(tmp_path, train=written, test=written)
    found = load({**setting, "size": [7, 3], "mode": "grey", "resample": "bicubic"})
    for image, pixels in zip(written.images, found.train.images, strict=True):
        picture = Image.fromarray(image[0] if len(image) == 1 else image.transpose(1, 2, 0)).convert("L")
        resized = picture.resize((3, 7), Image.Resampling.BICUBIC)
        np.testing.assert_array_equal(pixels, np.asarray(resized)[None])


def test_grey_images_can_be_read_as_rgb(form: Format, some: Split, tmp_path: Path) -> None:
    grey = Split(some.images[:, :1], some.labels)
    setting = form.written(tmp_path, train=form.fit(grey), test=form.fit(grey))
    found = load({**setting, "mode": "rgb"})
    np.testing.assert_array_equal(found.train.images, grey.images.repeat(3, axis=1))


def numbered(labels: Ints) -> Split:
    """Return images that differ from one another, as a sign which is which."""
    images = np.zeros((len(labels), 3, 2, 2), np.uint8)
    images[:, :, 0, 0] = np.arange(len(labels), dtype=np.uint8)[:, None]
    return Split(images, labels)


def test_a_share_is_held_out_where_no_test_split_is(form: Format, tmp_path: Path) -> None:
    written = form.fit(numbered(np.repeat(np.arange(3), (1, 2, 37))))
    setting = form.written(tmp_path, train=written)
    first, again = (load({**setting, "test_share": 0.25}) for _ in range(2))
    assert (len(first.train), len(first.test)) == (30, 10)
    assert first.fingerprint == again.fingerprint
    seen = np.concatenate([split.images[:, 0, 0, 0] for split in (first.train, first.test)])
    assert sorted(seen) == list(range(40))
    assert set(first.train.labels) == {0, 1, 2}
    for split in (first.train, first.test):
        np.testing.assert_array_equal(split.labels, written.labels[split.images[:, 0, 0, 0]])


def test_a_share_of_nothing_makes_both_splits_of_all_images(
    form: Format, some: Split, tmp_path: Path
) -> None:
    data = load({**form.written(tmp_path, train=form.fit(some)), "test_share": 0})
    for split in (data.train, data.test):
        np.testing.assert_array_equal(split.images, form.fit(some).images)


def test_declared_classes_count_and_are_part_of_the_fingerprint(
    form: Format, some: Split, tmp_path: Path
) -> None:
    setting = form.written(tmp_path, train=form.fit(some))
    three, same, four = load(setting), load({**setting, "classes": 3}), load({**setting, "classes": 4})
    assert (three.classes, same.classes, four.classes) == (3, 3, 4)
    assert three.fingerprint == same.fingerprint != four.fingerprint


def test_settings_survive_json(form: Format, some: Split, tmp_path: Path) -> None:
    read = ADAPTER.validate_python(form.written(tmp_path, train=form.fit(some)))
    assert ADAPTER.validate_json(ADAPTER.dump_json(read)) == read


def test_a_label_beyond_the_classes_is_refused(form: Format, some: Split, tmp_path: Path) -> None:
    setting = form.written(tmp_path, train=form.fit(some))
    with pytest.raises(OutvotedError, match=r"labels 0 to 1[^0-9]") as caught:
        load({**setting, "classes": 2})
    assert "label 2 at image 20" in caught.value.found
    assert str(tmp_path) in caught.value.expected


def test_a_test_label_that_is_not_trained_on_is_refused(form: Format, some: Split, tmp_path: Path) -> None:
    few = Split(form.fit(some).images[10:20], some.labels[10:20])
    setting = form.written(tmp_path, train=few, test=form.fit(some))
    with pytest.raises(OutvotedError, match="training"):
        load(setting)
    if form.name != "folder":  # whose labels are numbered by the folders there are
        assert load({**setting, "classes": 3}).classes == 3


def test_splits_of_two_sizes_are_refused(form: Format, some: Split, tmp_path: Path) -> None:
    train = form.fit(some)
    setting = form.written(tmp_path, train=train, test=Split(train.images[:, :, 1:], train.labels))
    with pytest.raises(OutvotedError, match="images of one size") as caught:
        load(setting)
    assert "4 x 4 pixels" in caught.value.found
    assert "in the training split (" in caught.value.expected
    assert "in the test split (" in caught.value.found
    assert load({**setting, "size": [4, 4]}).shape[1:] == (4, 4)


def test_a_missing_path_is_named(form: Format, tmp_path: Path) -> None:
    with pytest.raises(OutvotedError) as caught:
        load({"name": form.name, "path": str(tmp_path / "nowhere")})
    assert str(tmp_path / "nowhere") in caught.value.expected


def test_an_empty_folder_is_refused(form: Format, tmp_path: Path) -> None:
    with pytest.raises(OutvotedError) as caught:
        load({"name": form.name, "path": str(tmp_path)})
    assert str(tmp_path) in str(caught.value)


def _whole(name: str, folder: Path) -> tuple[dict[str, Any], bytes, str]:
    """Write a small data set; return what reads it, the content of one file, and its fingerprint."""
    form = FORMATS[name]
    split = form.fit(labelled([0, 0, 0, 1, 1, 2, 2], (3, 5, 4), 0))
    setting = form.written(folder, train=split, test=split)
    return setting, (folder / form.damaged).read_bytes(), load(setting).fingerprint


def outcome(setting: dict[str, Any]) -> str:
    """Return the fingerprint of what was read, or the message of the error."""
    try:
        return load(setting).fingerprint
    except OutvotedError as error:
        return str(error)


@FORMAT_NAMES
def test_a_file_cut_off_is_refused_or_has_lost_nothing(name: str, tmp_path: Path) -> None:
    setting, whole, fingerprint = _whole(name, tmp_path)
    refused = 0
    for kept in np.linspace(0, len(whole) - 1, 20).astype(int):
        (tmp_path / FORMATS[name].damaged).write_bytes(whole[:kept])
        found = outcome(setting)
        assert found == fingerprint or str(tmp_path) in found
        refused += found != fingerprint
    assert refused > 10


@FORMAT_NAMES
def test_a_damaged_file_is_read_or_refused(name: str, tmp_path: Path) -> None:
    setting, whole, _ = _whole(name, tmp_path)
    for place in np.linspace(0, len(whole) - 1, 40).astype(int):
        content = bytearray(whole)
        content[place] ^= 0xA5
        (tmp_path / FORMATS[name].damaged).write_bytes(content)
        found = outcome(setting)
        assert "expected:" not in found or str(tmp_path) in found
