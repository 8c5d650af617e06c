import time
from pathlib import Path
from threading import Event

import pytest

from outvoted.cluster.service.fetching import Fetching
from outvoted.cluster.storage.urls import CACHE, folder_of


def test_who_looks_at_a_run_at_a_url_waits_a_moment_and_many_make_one_fetch(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(CACHE, str(tmp_path))
    asked, there = list[Path](), Event()

    def fetch(run: Path) -> None:
        asked.append(run)
        there.wait(30)

    fetching, run = Fetching(fetch), folder_of("s3://bucket/runs") / "a"
    began = time.monotonic()
    for _ in range(5):
        fetching.look(run)
    assert time.monotonic() - began < 3
    assert asked == [run]
    there.set()


def test_of_a_folder_nothing_is_fetched(tmp_path: Path) -> None:
    def fetch(run: Path) -> None:
        raise AssertionError(run)

    Fetching(fetch).look(tmp_path / "a")
