"""Images that stay on disk are those that would be in memory: whatever is asked, the answers are equal."""

import pickle
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from outvoted.actors.data import labelled
from outvoted.actors.data.datasets import Dataset, Split
from outvoted.actors.runs import png
from outvoted.search.errors import OutvotedError
from tests.actors.data.formats import FORMATS, SVHN, Format, load, picture, put, read, refused

STORED = {name: form for name, form in FORMATS.items() if form is not SVHN}


@pytest.fixture(params=STORED)
def stored(request: pytest.FixtureRequest) -> Format:
    """Every format of which images can stay on disk."""
    return STORED[request.param]


def both(setting: dict[str, Any]) -> tuple[Dataset, Dataset]:
    """Load a data set into memory, and leave it where it is."""
    held, left = (load({**setting, "hold": hold}) for hold in ("memory", "disk"))
    assert held.train.held
    assert not left.train.held
    return held, left


def alike(held: Dataset, left: Dataset) -> None:
    assert left.fingerprint == held.fingerprint
    assert (left.shape, left.classes, left.class_names) == (held.shape, held.classes, held.class_names)
    for one, other in ((held.train, left.train), (held.test, left.test)):
        np.testing.assert_array_equal(other.images, one.images)
        np.testing.assert_array_equal(other.labels, one.labels)
        assert (other.nbytes, other.shape) == (one.nbytes, one.shape)
    notes = [line for line in left.understood.splitlines() if "data.hold" not in line]
    assert notes == held.understood.splitlines()


@pytest.mark.parametrize("share", [0, 0.25])
def test_data_on_disk_are_those_in_memory(share: float, stored: Format, some: Split, tmp_path: Path) -> None:
    alike(*both({**stored.written(tmp_path, train=stored.fit(some)), "test_share": share}))


def test_two_splits_on_disk_are_those_in_memory(
    stored: Format, some: Split, others: Split, tmp_path: Path
) -> None:
    twice = Split(np.concatenate([others.images, some.images[:1]]), np.append(others.labels, 0))
    held, left = both(stored.written(tmp_path, train=stored.fit(some), test=stored.fit(twice)))
    alike(held, left)
    assert "1 of 7 test images are among the training images too" in left.understood


def test_any_rows_are_read_in_any_order_and_as_often_as_they_are_asked_for(
    stored: Format, some: Split, tmp_path: Path
) -> None:
    held, left = both({**stored.written(tmp_path, train=stored.fit(some)), "test_share": 0.25})
    random = np.random.default_rng(0)
    for count in (0, 1, 5, 40):
        rows = random.integers(len(left.train), size=count)
        np.testing.assert_array_equal(left.train.read(rows), held.train.read(rows))
    some_rows = np.array([0, 3, 4, 11])
    part, other = left.train.some(some_rows), held.train.some(some_rows)
    np.testing.assert_array_equal(part.read(np.array([3, 1, 1])), other.read(np.array([3, 1, 1])))
    np.testing.assert_array_equal(part.labels, other.labels)
    np.testing.assert_array_equal(part.some(slice(1, 3)).images, other.some(slice(1, 3)).images)


def test_images_on_disk_travel_as_places(stored: Format, some: Split, tmp_path: Path) -> None:
    large = Split(np.repeat(np.repeat(some.images, 60, axis=2), 60, axis=3), some.labels)
    _, left = both({**stored.written(tmp_path, train=stored.fit(large)), "test_share": 0})
    sent = pickle.dumps(left)
    assert len(sent) < 20_000
    arrived = pickle.loads(sent)
    assert arrived.fingerprint == left.fingerprint == arrived.survey.digest
    np.testing.assert_array_equal(arrived.train.read(slice(3)), left.train.read(slice(3)))


def test_size_and_mode_are_kept_to(stored: Format, some: Split, tmp_path: Path) -> None:
    setting = stored.written(tmp_path, train=stored.fit(some))
    alike(*both({**setting, "size": [7, 3], "mode": "grey", "resample": "bicubic", "test_share": 0}))


@pytest.mark.parametrize("coloured", [0, 7, 29])
def test_grey_images_among_coloured_ones_become_rgb(coloured: int, some: Split, tmp_path: Path) -> None:
    for index, image in enumerate(some.images):
        shown = image if index == coloured else image[:1]
        put(tmp_path / str(index % 2) / f"{index:02d}.png", png.encode(shown))
    held, left = both({"name": "folder", "path": str(tmp_path)})
    alike(held, left)
    assert left.shape == (3, 5, 4)


def test_an_image_that_is_none_or_of_another_size_is_named_before_anything_starts(tmp_path: Path) -> None:
    for index in range(40):
        put(tmp_path / "ab"[index % 2] / f"{index:02d}.png")
    put(tmp_path / "b" / "21.png", b"no image")
    assert "b/21.png" in refused("folder", tmp_path, hold="disk").expected
    put(tmp_path / "b" / "21.png", png.encode(np.zeros((1, 5, 4), np.uint8)))
    assert "5 x 4 pixels in " in refused("folder", tmp_path, hold="disk").found


def test_an_image_that_is_gone_later_is_named_when_it_is_read(tmp_path: Path) -> None:
    for index in range(8):
        put(tmp_path / "ab"[index % 2] / f"{index}.png")
    data = read("folder", tmp_path, hold="disk", test_share=0)
    (tmp_path / "b" / "3.png").unlink()
    np.testing.assert_array_equal(data.train.read(np.array([0, 7])), data.train.read(np.array([0, 7])))
    with pytest.raises(OutvotedError, match=r"b/3\.png") as caught:
        data.train.read(np.arange(8))
    assert "on every machine" in caught.value.remedy


def test_pixels_that_change_later_are_told_when_they_are_read(
    stored: Format, some: Split, tmp_path: Path
) -> None:
    form, before = stored.fit(some), Split(some.images, some.labels)
    setting = {**stored.written(tmp_path, train=form), "hold": "disk", "test_share": 0}
    data = load(setting)
    for file in tmp_path.iterdir():
        shutil.rmtree(file) if file.is_dir() else file.unlink()
    before.images[7] ^= 1
    stored.written(tmp_path, train=stored.fit(before))
    np.testing.assert_array_equal(data.train.read(np.array([3])), form.images[[3]])
    with pytest.raises(OutvotedError, match="with the pixels that it had before"):
        data.train.read(np.arange(6, 9))


def test_arrays_nearly_black_are_refused_on_disk_too(some: Split, tmp_path: Path) -> None:
    np.savez(tmp_path / "data.npz", x_train=some.images % 17, y_train=some.labels)
    assert "data.white" in refused("npz", tmp_path / "data.npz", hold="disk").remedy
    setting = {"name": "npz", "path": str(tmp_path / "data.npz"), "white": 16, "test_share": 0}
    alike(*both(setting))


@pytest.mark.parametrize("share", [0, 0.25])
def test_an_archive_whose_checksum_is_wrong_is_refused_on_disk_too(
    share: float, some: Split, tmp_path: Path
) -> None:
    file, images = tmp_path / "data.npz", np.repeat(some.images, 400, axis=3)
    np.savez(file, x_train=images, y_train=some.labels)
    content = bytearray(file.read_bytes())
    content[content.index(images[29].tobytes())] ^= 0xFF
    file.write_bytes(content)
    assert "damaged data (Bad CRC" in refused("npz", file, hold="disk", test_share=share).found


def test_what_is_packed_cannot_stay_on_disk(some: Split, tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "data.npz", x_train=some.images, y_train=some.labels)
    assert "np.savez" in refused("npz", tmp_path / "data.npz", hold="disk").remedy
    np.savez(tmp_path / "data.npz", x_train=some.images.astype(float), y_train=some.labels)
    assert "memory" not in refused("npz", tmp_path / "data.npz", hold="disk").found
    assert read("npz", tmp_path / "data.npz").train.held


def test_what_takes_more_than_a_quarter_of_the_free_memory_stays_on_disk(
    stored: Format, some: Split, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    setting = stored.written(tmp_path, train=stored.fit(some))
    size = stored.fit(some).nbytes
    for free, held in ((4 * size - 1, False), (4 * size, True)):
        monkeypatch.setattr(labelled, "available", lambda free=free: free)
        assert load(setting).train.held is held


def test_pictures_of_files_with_odd_names_stay_on_disk_too(tmp_path: Path) -> None:
    for index, name in enumerate(("a b.png", "\udce9.png", "ü.png", "…" * 60 + ".png")):
        put(tmp_path / "xy"[index % 2] / name, picture(50 + index))
    alike(*both({"name": "folder", "path": str(tmp_path), "test_share": 0}))
