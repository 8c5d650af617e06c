"""Scanning on Ray from end to end: the rows are those of a judge in this process."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from rich.console import Console

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.data.formats import FolderSource
from outvoted.actors.data.pictures import Fit
from outvoted.actors.data.sources import chunks
from outvoted.actors.mining.judge import local_judge
from outvoted.actors.mining.scan_store import ScanStore
from outvoted.actors.networks import members
from outvoted.actors.runs.run_folder import RunFolder, State
from outvoted.cluster.command_line.cli import main
from outvoted.cluster.jobs.job import Job, launch
from outvoted.cluster.jobs.scan import ScanConfig
from outvoted.cluster.jobs.scan.kind import SCAN
from outvoted.search.errors import OutvotedError

pytestmark = pytest.mark.ray
BATCH = 64


@pytest.fixture(scope="module")
def repository(digits: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """300 digits as PNG files, and two files that are none."""
    from outvoted.actors.runs import png

    folder = tmp_path_factory.mktemp("repository")
    for index, image in enumerate(digits.test.images):
        (folder / f"{index:03d}.png").write_bytes(png.encode(image))
    (folder / "100a.png").write_text("no image")
    (folder / "200a.jpg").write_bytes(b"")
    return folder


@pytest.fixture(scope="module")
def config(small: Path, repository: Path) -> dict[str, Any]:
    """The panel of the small configuration, which other runs have trained already."""
    values = yaml.safe_load(small.read_text())
    scan = {"source": {"kind": "folder", "path": str(repository)}, "batch": BATCH}
    return {"scan": scan} | {part: values[part] for part in ("data", "panel", "referee")}


def scanned(config: dict[str, Any], path: Path, resume: bool = False) -> RunFolder:
    store = RunFolder(path)
    launch(Job(SCAN, ScanConfig.model_validate(config), store, resume=resume), Console(quiet=True))
    return store


@pytest.fixture(scope="module")
def whole(local_ray: None, config: dict[str, Any], runs: Path) -> RunFolder:
    return scanned(config, runs / "scan")


def test_rows_are_those_of_a_judge_in_this_process(
    whole: RunFolder, repository: Path, digits: Dataset, tmp_path: Path
) -> None:
    judge = local_judge(members.load(whole.peers), digits.shape, digits.classes)
    here, source = ScanStore(tmp_path), FolderSource(path=repository)
    for piece in source.pieces(500):
        for chunk in chunks(piece, Fit(shape=digits.shape), BATCH):
            here.write(judge.judge(chunk))
    there = ScanStore(whole.path)
    assert there.scanned().equals(here.scanned())
    pd.testing.assert_frame_equal(there.dissents(), here.dissents())
    positions = here.dissents()["position"].to_numpy()
    assert len(positions) > 5
    assert there.images(positions) == here.images(positions)


def test_a_scan_leaves_record_summary_and_picture(whole: RunFolder) -> None:
    record = whole.read_record()
    assert (record.kind, record.state, record.figures["images"]) == ("scan", State.FINISHED, 302)
    summary = json.loads((whole.path / "summary.json").read_text())
    assert summary["images"] == 302
    assert summary["reasons"] == {"not an image file": 2}
    assert summary["unanimous"] + summary["dissents"] + summary["disputed"] + 2 == 302
    assert {path.name for path in whole.path.iterdir()} == {
        "run.json", "peers", "scanned", "dissents", "summary.json", "gallery"
    }  # fmt: skip


def test_a_resumed_scan_equals_an_undisturbed_one(
    whole: RunFolder, config: dict[str, Any], runs: Path
) -> None:
    def cut(first: int) -> None:
        (whole.path / "scanned" / f"chunk-{first:012d}.parquet").unlink()

    store = ScanStore(whole.path)
    before = store.scanned(), store.dissents()
    kept = (whole.path / "scanned" / "chunk-000000000000.parquet").stat().st_mtime_ns
    cut(BATCH)
    cut(4 * BATCH)
    scanned(config, whole.path, resume=True)
    assert store.scanned().equals(before[0])
    pd.testing.assert_frame_equal(store.dissents(), before[1])
    assert (whole.path / "scanned" / "chunk-000000000000.parquet").stat().st_mtime_ns == kept


def test_damage_found_on_the_way_is_said_and_resumable(
    whole: RunFolder, config: dict[str, Any], digits: Dataset, runs: Path, tmp_path: Path
) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, x=digits.test.images)
    data = bytearray(path.read_bytes())
    data[100_000:100_010] = bytes(range(1, 11))
    path.write_bytes(data)
    damaged = config | {"scan": {"source": {"kind": "array", "path": str(path)}, "batch": BATCH}}
    with pytest.raises(OutvotedError, match="damaged data"):
        scanned(damaged, runs / "damaged")
    assert RunFolder(runs / "damaged").read_record().state == State.FAILED


def test_a_scan_is_resumed_only_on_the_repository_it_was_begun_with(
    whole: RunFolder, config: dict[str, Any], repository: Path
) -> None:
    extra = repository / "zzz.png"
    extra.write_text("one more")
    try:
        with pytest.raises(OutvotedError, match="303 images"):
            scanned(config, whole.path, resume=True)
    finally:
        extra.unlink()
    assert whole.read_record().state == State.FINISHED


def test_a_scan_is_listed_but_not_replayed(
    whole: RunFolder, runs: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def call(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["outvoted", *arguments])
        with pytest.raises(SystemExit) as stop:
            main()
        said = capsys.readouterr()
        return int(stop.value.code or 0), said.out + said.err

    code, said = call("replay", str(whole.path))
    assert code == 2
    assert "a run of `outvoted scan`" in said
    code, listed = call("runs", "--runs", str(runs))
    assert code == 0
    assert "scan" in listed
