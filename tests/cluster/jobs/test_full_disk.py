"""A full disk ends a run with a message of its own; with room again it goes on to the same rows."""

import os
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from rich.console import Console

from outvoted.actors.runs.run_folder import RunFolder, State
from outvoted.cluster.jobs.job import Job, launch
from outvoted.cluster.jobs.kinds import read
from outvoted.cluster.jobs.mine import MineConfig
from outvoted.cluster.jobs.mine.kind import MINE
from outvoted.search.errors import OutvotedError
from tests.cluster.rows import assert_same_rows

MIB = 1 << 20


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of eight megabytes."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ("mount", "-t", "tmpfs", "-o", f"size={8 * MIB}", "tmpfs", str(disk))
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("needs root, to mount a small disk")
    yield disk
    subprocess.run(("umount", "-l", str(disk)), check=False)


def _fill(disk: Path) -> None:
    """Leave no room on a disk."""
    with suppress(OSError), (disk / "ballast").open("ab", buffering=0) as file:
        while True:
            file.write(bytes(1 << 12))


def _mine(disk: Path, small: Path, *, resume: bool = False) -> RunFolder:
    store = RunFolder(disk / "run")
    config = read(MineConfig, small, ("cluster.shard_size=5", "cluster.shards_in_flight=1"))
    launch(Job(MINE, config, store, resume=resume), Console(quiet=True))
    return store


@pytest.mark.ray
def test_a_disk_that_is_full_in_midst_of_a_run_is_named_and_the_run_goes_on_to_the_same_rows(
    small_disk: Path, small: Path, undisturbed: RunFolder
) -> None:
    store = RunFolder(small_disk / "run")

    def fill_after_a_shard() -> None:
        end = time.monotonic() + 100
        while not list((store.path / "searches").glob("shard-*")) and time.monotonic() < end:
            time.sleep(0.01)
        _fill(small_disk)

    filling = threading.Thread(target=fill_after_a_shard)
    filling.start()
    with pytest.raises(OutvotedError, match="the disk is full"):
        _mine(small_disk, small)
    filling.join()
    record = store.read_record()
    assert record.state == State.FAILED
    assert "the disk is full" in (record.message or "")
    assert not list(store.path.rglob("*.partial"))
    (small_disk / "ballast").unlink()
    assert_same_rows(_mine(small_disk, small, resume=True), undisturbed)
    assert store.read_record().state == State.FINISHED
