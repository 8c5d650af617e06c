"""A scan's summary and pictures: every share from rows counted here by hand."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from outvoted.actors.data.checkerboard import Checkerboard, GridSource
from outvoted.actors.data.formats import FolderSource
from outvoted.actors.data.pictures import Fit
from outvoted.actors.data.sources import chunks
from outvoted.actors.mining.judge import JudgedChunk, local_judge
from outvoted.actors.mining.scan_store import ScanStore
from outvoted.actors.networks import members
from outvoted.actors.networks.members import Member
from outvoted.actors.panel.panel_settings import PanelSettings, recipes
from outvoted.actors.runs import png, schema
from outvoted.actors.runs.run_folder import DataRecord, RunFolder, RunRecord, State
from outvoted.actors.training.training import train, trained_member
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.scan.report import dissents_exhibits, scan_report
from outvoted.analysis.scan.summary import check_answered, scan_table, summarise_scan
from outvoted.search.errors import OutvotedError
from tests.analysis.report.sections import titles

CONFIG = {"scan": {"source": FolderSource(path=Path("/images")).model_dump(mode="json")}}


def dissent(position: int, target: int, label: int, predicted: int, margin: float, true: int | None) -> Any:
    image = np.full((1, 4, 4), position, np.uint8)
    return {
        "position": position,
        "target": target,
        "target_name": f"peer {target}",
        "label": label,
        "predicted": predicted,
        "image": {"bytes": png.encode(image), "path": None},
        "margin": margin,
        "true_label": true,
        "label_correct": None if true is None else true == label,
        "valid": label == 1,
    }


def chunk(first: int, dissents: list[Any], **counts: Any) -> JudgedChunk:
    row = {"first": first, "images": 10, "dissents": len(dissents), "undecodable": [], **counts}
    return JudgedChunk(
        first,
        pa.Table.from_pylist([row], schema=schema.SCANNED.arrow),
        pa.Table.from_pylist(dissents, schema=schema.DISSENTS.arrow),
    )


ROWS = [
    chunk(
        0,
        [dissent(1, 0, 1, 2, 0.5, 1), dissent(2, 0, 2, 1, 0.9, 1), dissent(3, 1, 1, 2, 0.1, 0)],
        unanimous=5,
        disputed=1,
        labelled=9,
        correct=[4, 6, 9],
        unanimous_labelled=5,
        unanimous_correct=4,
        undecodable=[{"position": 9, "path": "9.png", "reason": "broken"}],
    ),
    chunk(
        10,
        [dissent(11, 2, 1, 2, 0.7, None)],
        unanimous=9,
        disputed=0,
        labelled=0,
        correct=[0, 0, 0],
        unanimous_labelled=0,
        unanimous_correct=0,
    ),
]


NOTHING_FOUND = {"unanimous": 10, "disputed": 0, "labelled": 0, "correct": [0, 0, 0]}
NOTHING_FOUND |= {"unanimous_labelled": 0, "unanimous_correct": 0}


@pytest.fixture
def store(tmp_path: Path, trained: list[Member]) -> RunFolder:
    store = RunFolder(tmp_path / "scan")
    members.save(store.peers, trained)
    store.write_record(
        RunRecord(
            name="scan",
            kind="scan",
            state=State.FINISHED,
            config=CONFIG,
            versions={},
            figures={"seconds": 4.0},
        )
    )
    for rows in ROWS:
        ScanStore(store.path).write(rows)
    return store


def test_shares_are_taken_of_what_is_known(store: RunFolder) -> None:
    found = summarise_scan(OpenedRun(store))
    assert (found.images, found.unanimous, found.dissents, found.disputed) == (20, 14, 4, 1)
    assert (found.undecodable, found.reasons) == (1, {"broken": 1})
    assert (found.labelled, found.unanimous_correct) == (9, 4 / 5)
    assert (found.label_correct, found.target_correct, found.valid) == (1 / 3, 1 / 3, 3 / 4)
    assert found.images_per_second == 5
    first, second, third = found.targets
    assert (first.dissents, first.share, first.label_correct, first.target_correct) == (2, 0.1, 0.5, 0.5)
    assert (second.dissents, second.label_correct, second.target_correct) == (1, 0, 0)
    assert (third.dissents, third.label_correct, third.target_correct, third.valid) == (1, None, None, 1)
    assert [target.accuracy for target in found.targets] == [4 / 9, 6 / 9, 1]


def test_tenths_hold_every_dissent_once_clearest_first(store: RunFolder) -> None:
    tenths = summarise_scan(OpenedRun(store)).tenths
    assert [round(tenth.highest, 3) for tenth in tenths] == [0.9, 0.7, 0.5, 0.1]
    assert sum(tenth.dissents for tenth in tenths) == 4
    assert [tenth.label_correct for tenth in tenths] == [0, None, 1, 0]


def test_dissents_are_ranked_by_margin(store: RunFolder) -> None:
    scan = ScanStore(store.path)
    assert scan.dissents()["position"].tolist() == [2, 11, 1, 3]
    images = scan.images([11, 2])
    assert {position: int(png.decode(data)[0, 0, 0]) for position, data in images.items()} == {2: 2, 11: 11}


def test_rows_of_a_chunk_cut_off_are_not_read(store: RunFolder) -> None:
    (store.path / "scanned" / "chunk-000000000000.parquet").unlink()
    scan = ScanStore(store.path)
    assert scan.done() == {10}
    assert scan.dissents()["position"].tolist() == [11]
    assert summarise_scan(OpenedRun(store)).images == 10


def test_the_table_fits_the_terminal(store: RunFolder) -> None:
    from rich.console import Console

    console = Console(width=80, record=True)
    console.print(scan_table(summarise_scan(OpenedRun(store))))
    text = console.export_text()
    assert "4 of 20 images" in text
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text


def test_a_report_has_a_picture(store: RunFolder) -> None:
    scan_report(OpenedRun(store)).write(store.path)
    assert (store.path / "summary.json").exists()
    with Image.open(store.path / "gallery" / "dissents.png") as picture:
        assert picture.width > 600
        assert len(np.unique(np.asarray(picture.convert("L")))) > 20


def test_a_scan_that_found_nothing_has_a_report(store: RunFolder) -> None:
    for folder in ("scanned", "dissents"):
        shutil.rmtree(store.path / folder)
    ScanStore(store.path).write(chunk(0, [], **NOTHING_FOUND))
    report = scan_report(OpenedRun(store))
    report.write(store.path)
    found = summarise_scan(OpenedRun(store))
    assert (found.images, found.dissents, found.label_correct, found.tenths) == (10, 0, None, ())
    assert not (store.path / "gallery").exists()
    assert len(report.tables[0].rows) == 3


def test_a_scan_without_results_is_not_reported(store: RunFolder) -> None:
    shutil.rmtree(store.path / "scanned")
    with pytest.raises(OutvotedError, match="a run without results yet"):
        scan_report(OpenedRun(store))


def test_the_checkerboard_is_drawn_as_it_was_scanned(tmp_path: Path) -> None:
    board = Checkerboard()
    data = board.dataset()
    panel = PanelSettings.model_validate(
        {
            "networks": [{"kind": "mlp", "hidden": [6, 6]}] * 3,
            "training": {"epochs": 40, "learning_rate": 0.03},
        }
    )
    trained = []
    for recipe in recipes(panel, None):
        epochs = train(recipe.network, recipe.training, data, recipe.seed)
        trained.append(trained_member(recipe.name, "peer", recipe.network, recipe.seed, epochs))
    store, grid = RunFolder(tmp_path / "toy"), GridSource(points=24, board=board)
    members.save(store.peers, trained)
    config: dict[str, Any] = {"scan": {"source": GridSource(points=24).model_dump(mode="json")}}
    config["data"] = board.model_dump(mode="json")
    store.write_record(RunRecord(name="toy", kind="scan", state=State.FINISHED, config=config, versions={}))
    judge = local_judge(trained, data.shape, data.classes)
    for piece in grid.pieces(200):
        for part in chunks(piece, Fit(shape=data.shape), 200):
            ScanStore(store.path).write(judge.judge(part))
    scan_report(OpenedRun(store)).write(store.path)
    found = summarise_scan(OpenedRun(store))
    assert found.images == found.labelled == 576
    assert found.dissents > 0
    assert all(target.accuracy is not None and target.accuracy > 0.7 for target in found.targets)
    with Image.open(store.path / "gallery" / "checkerboard.png") as picture:
        assert picture.width > 500


def test_a_scan_of_which_no_image_was_answered_is_an_error(store: RunFolder) -> None:
    summary = summarise_scan(OpenedRun(store))
    check_answered(summary, "")
    nothing = replace(summary, undecodable=summary.images, reasons={"broken": 2, "no answer from b": 9})
    with pytest.raises(OutvotedError, match="no answer from b, or they could not be read") as caught:
        check_answered(nothing, "all rows are kept in runs/x")
    assert caught.value.remedy.endswith("all rows are kept in runs/x")
    check_answered(replace(nothing, reasons={"broken": 11}), "")


@pytest.fixture
def scan(run: OpenedRun, tmp_path: Path) -> RunFolder:
    """A scan of two chunks by the small run's peers; the images are 4 by 4."""
    store = RunFolder(tmp_path / "scan")
    data = DataRecord(name="x", fingerprint="0" * 64, train=1, test=1, class_names=("a", "<b>", "c"))
    config = {"scan": {"source": FolderSource(path=Path("/images")).model_dump(mode="json")}}
    store.write_record(
        RunRecord(name="scan", kind="scan", state=State.FINISHED, config=config, versions={}, data=data)
    )
    shutil.copytree(run.store.peers, store.peers)
    rows = [dissent(1, 0, 1, 2, 0.5, 1), dissent(2, 0, 2, 1, 0.9, 1), dissent(3, 1, 1, 2, 0.1, 0)]
    for row in rows:
        row["probabilities"] = [[0.2, 0.3, 0.5]] * 3
    counts = {"unanimous": 7, "disputed": 0, "labelled": 9, "correct": [1, 2, 3]}
    counts |= {"unanimous_labelled": 7, "unanimous_correct": 7}
    ScanStore(store.path).write(chunk(0, rows, **counts))
    return store


def test_a_scan_has_a_gallery_of_its_dissents(scan: RunFolder) -> None:
    found = dissents_exhibits(OpenedRun(scan))
    assert [item.name for item in found.items] == ["2", "1", "3"]
    assert [found.items[0].images[0, 0, 0, 0], found.items[2].images[0, 0, 0, 0]] == [2, 3]
    assert found.classes == ("a", "<b>", "c")
    (facet,) = found.facets
    right = [facet.values[k] for k in facet.index]
    assert right == ["the dissenter", "the others", "neither"]
    assert titles(scan_report(OpenedRun(scan))) == ["Results", "Dissents"]


def test_of_too_many_dissents_some_are_shown(scan: RunFolder) -> None:
    found = dissents_exhibits(OpenedRun(scan), most=2)
    assert (len(found.items), found.of) == (2, 3)
    assert {item.name for item in found.items} == {"2", "1"}


def test_points_of_a_board_are_no_gallery(scan: RunFolder) -> None:
    record = scan.read_record()
    record.config["scan"]["source"] = GridSource().model_dump(mode="json")
    record.config["data"] = Checkerboard().model_dump(mode="json")
    scan.write_record(record)
    assert titles(scan_report(OpenedRun(scan))) == ["Results", "The board"]
