"""Data sets: where they are looked for, what is checked, and what names them."""

import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from outvoted.actors.data import datasets
from outvoted.actors.data.datasets import Dataset, DataSettings, Split, find, load
from outvoted.search.errors import OutvotedError

Idx = Callable[[Path, NDArray[np.uint8]], Path]
Write = Callable[..., Path]
FULL = Path(os.environ.get("OUTVOTED_DATA", "/nonexistent")) / "mnist"
FOUR = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)


class Quiet(SimpleHTTPRequestHandler):
    """Serves files without printing."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Print nothing."""


@dataclass
class Site:
    """A web site on this machine with the files of one data set."""

    folder: Path
    url: str
    close: Callable[[], None]


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OUTVOTED_DATA", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def site(write_digits: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A site from which "mnist" is downloaded: 20 digits."""
    folder = write_digits(tmp_path / "site")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/"
    md5s = tuple(hashlib.md5((folder / name).read_bytes()).hexdigest() for name in FOUR)
    monkeypatch.setitem(datasets._DOWNLOADS, "mnist", (url, md5s))
    closed = False

    def close() -> None:
        nonlocal closed
        if not closed:
            closed = True
            server.shutdown()
            server.server_close()

    yield Site(folder, url, close)
    close()


@pytest.fixture
def _wrong_checksum(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(datasets._DOWNLOADS, "mnist", (site.url, ("0" * 32,) * 4))


def test_the_explicit_path_comes_first(
    write_digits: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_digits(tmp_path / "data" / "mnist-sample", 20)
    monkeypatch.setenv("OUTVOTED_DATA", str(tmp_path / "data"))
    path = write_digits(tmp_path / "mine")
    assert load(DataSettings(path=path)).folder == path


def test_the_environment_comes_before_the_sample(
    write_digits: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_digits(tmp_path / "data" / "mnist-sample")
    monkeypatch.setenv("OUTVOTED_DATA", str(tmp_path / "data"))
    assert find(DataSettings()) == path


def test_the_sample_comes_before_what_was_downloaded(write_digits: Write, cache: Path) -> None:
    write_digits(cache / "outvoted" / "mnist-sample")
    assert find(DataSettings()) == datasets._PACKAGED / "mnist"


def test_the_environment_comes_before_what_was_downloaded(
    site: Site, write_digits: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(DataSettings(name="mnist"))
    path = write_digits(tmp_path / "data" / "mnist", 20)
    monkeypatch.setenv("OUTVOTED_DATA", str(tmp_path / "data"))
    assert find(DataSettings(name="mnist")) == path


def test_an_environment_without_the_data_set_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUTVOTED_DATA", str(tmp_path))
    assert find(DataSettings()) == datasets._PACKAGED / "mnist"


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_full_sets_are_not_in_the_package(name: datasets.DatasetName) -> None:
    assert find(DataSettings(name=name)) is None


def test_the_sample_holds_12000_digits_of_ten_classes() -> None:
    data = load(DataSettings())
    assert (len(data.train), len(data.test)) == (10_000, 2_000)
    assert data.train.images.shape == (10_000, 1, 28, 28)
    assert data.test.images.shape == (2_000, 1, 28, 28)
    for split in (data.train, data.test):
        assert set(split.labels.tolist()) == set(range(10))
    assert (data.shape, data.classes) == ((1, 28, 28), 10)


@pytest.mark.skipif(not FULL.is_dir(), reason="$OUTVOTED_DATA is not set, or has no folder mnist")
def test_the_sample_is_the_beginning_of_mnist() -> None:
    sample, full = load(DataSettings()), load(DataSettings(name="mnist", path=FULL))
    assert (len(full.train), len(full.test)) == (60_000, 10_000)
    for some, every in ((sample.train, full.train), (sample.test, full.test)):
        np.testing.assert_array_equal(some.images, every.images[: len(some)])
        np.testing.assert_array_equal(some.labels, every.labels[: len(some)])


def test_names_are_what_settings_accept() -> None:
    assert [DataSettings(name=name).name for name in datasets.names()] == list(datasets.names())


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(ValidationError):
        DataSettings.model_validate({"name": "mnits"})


def test_one_pixel_changes_the_fingerprint(few: Dataset) -> None:
    images = few.test.images.copy()
    images[7, 0, 3, 4] ^= 1
    altered = replace(few, test=Split(images, few.test.labels))
    assert altered.fingerprint != few.fingerprint


def test_one_label_changes_the_fingerprint(few: Dataset) -> None:
    labels = few.train.labels.copy()
    labels[0] = (labels[0] + 1) % 10
    altered = replace(few, train=Split(few.train.images, labels))
    assert altered.fingerprint != few.fingerprint


def test_moving_a_data_set_keeps_its_fingerprint(few: Dataset, write_digits: Write, tmp_path: Path) -> None:
    here, there = (load(DataSettings(path=write_digits(tmp_path / name))) for name in ("here", "there"))
    assert here.fingerprint == there.fingerprint != few.fingerprint


def test_splitting_images_otherwise_changes_the_fingerprint(few: Dataset) -> None:
    folded = replace(few, train=Split(few.train.images.reshape(-1, 1, 14, 56), few.train.labels))
    assert folded.fingerprint != few.fingerprint


def test_a_download_gives_the_published_images(site: Site) -> None:
    data = load(DataSettings(name="mnist"))
    assert data.fingerprint == load(DataSettings(path=site.folder)).fingerprint


def test_what_was_downloaded_is_found_without_the_network(site: Site) -> None:
    first = load(DataSettings(name="mnist"))
    site.close()
    again = load(DataSettings(name="mnist"))
    assert (again.folder, again.fingerprint) == (first.folder, first.fingerprint)


@pytest.mark.usefixtures("_wrong_checksum")
def test_a_wrong_checksum_is_refused(site: Site) -> None:
    with pytest.raises(OutvotedError) as caught:
        load(DataSettings(name="mnist"))
    assert site.url in caught.value.found
    assert "data.path" in caught.value.remedy


@pytest.mark.usefixtures("_wrong_checksum")
def test_a_file_with_a_wrong_checksum_is_not_kept(site: Site) -> None:
    for _ in range(2):
        with pytest.raises(OutvotedError):
            load(DataSettings(name="mnist"))
    assert find(DataSettings(name="mnist")) is None


def test_a_dead_server_is_one_message(site: Site) -> None:
    site.close()
    with pytest.raises(OutvotedError) as caught:
        load(DataSettings(name="mnist"))
    assert "mnist" in caught.value.expected
    assert site.url in caught.value.found
    assert all(name in caught.value.remedy for name in FOUR)


def test_a_file_the_server_lacks_is_one_message(site: Site) -> None:
    (site.folder / FOUR[0]).unlink()
    with pytest.raises(OutvotedError, match="404"):
        load(DataSettings(name="mnist"))


def test_a_download_that_was_cut_off_goes_on(site: Site) -> None:
    last = (site.folder / FOUR[-1]).rename(site.folder / "withheld")
    with pytest.raises(OutvotedError, match="404"):
        load(DataSettings(name="mnist"))
    last.rename(site.folder / FOUR[-1])
    assert len(load(DataSettings(name="mnist")).test) == 20


@pytest.mark.parametrize("name", FOUR)
def test_a_missing_file_is_named(name: str, write_digits: Write, tmp_path: Path) -> None:
    (write_digits(tmp_path) / name).unlink()
    with pytest.raises(OutvotedError) as caught:
        load(DataSettings(path=tmp_path))
    assert str(tmp_path / name) in caught.value.expected


@pytest.mark.parametrize(
    ("images", "labels"),
    [((20, 28, 28), (19,)), ((20, 784), (20,)), ((20, 28, 28), (20, 1)), ((0, 28, 28), (0,))],
    ids=["one label too few", "flat images", "labels with two dimensions", "nothing"],
)
def test_images_and_labels_must_match(
    images: tuple[int, ...], labels: tuple[int, ...], idx: Idx, write_digits: Write, tmp_path: Path
) -> None:
    write_digits(tmp_path)
    idx(tmp_path / FOUR[2], np.zeros(images, np.uint8))
    idx(tmp_path / FOUR[3], np.zeros(labels, np.uint8))
    with pytest.raises(OutvotedError) as caught:
        load(DataSettings(path=tmp_path))
    assert f"{images} and {labels} in {tmp_path}" in caught.value.found
    assert FOUR[2] in caught.value.expected
