"""A run's page says what was run and whether it is finished, for every kind of run."""

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from outvoted.actors.data.checkerboard import Checkerboard, GridSource
from outvoted.actors.data.formats import FolderSource
from outvoted.actors.mining.scan_store import ScanStore
from outvoted.actors.runs.run_record import DataRecord, RunRecord, State
from outvoted.actors.runs.store import RunStore
from outvoted.analysis.comparison.report import comparison_report
from outvoted.analysis.mining.report import mining_report
from outvoted.analysis.mining.weaknesses import Finders, span, weaknesses
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.report.page import page, page_html
from outvoted.analysis.report.report import Report, Section, Widget
from outvoted.analysis.scan.report import dissents_exhibits, scan_report
from outvoted.analysis.studies.study_page import told_by_studying
from outvoted.search.errors import OutvotedError
from outvoted.search.strategies import Gradient, Hillclimb
from outvoted.search.transforms import Affine
from tests.analysis.html.test_packing import unpacked
from tests.analysis.test_map_of_weaknesses import table
from tests.analysis.test_scan_report import chunk, dissent

NOTHING = Report({}, ())


def test_a_finished_run_has_no_notice(record: RunRecord) -> None:
    assert page(record, NOTHING).notice == ""


@pytest.mark.parametrize("state", [State.RUNNING, State.INTERRUPTED, State.FAILED])
def test_a_run_that_is_not_finished_is_marked(record: RunRecord, state: State) -> None:
    found = page(record.model_copy(update={"state": state, "message": "no <disk>"}), NOTHING)
    assert found.notice.startswith(f"Not finished: this run was {state} (no <disk>)")
    assert "no &lt;disk&gt;" in page_html(found)


def test_what_was_run_is_told(record: RunRecord) -> None:
    found = page(record, NOTHING)
    told = dict(found.facts)
    assert told["Data"] == f"{record.data.name}: 800 for training, 300 for testing" if record.data else False
    assert told["Versions"] == "outvoted 0"
    assert told["Mining"] == "12.5 s"
    (section,) = found.sections
    (part,) = section.parts
    assert isinstance(part, Widget)
    assert "patience: 40" in part.markup


def test_settings_are_escaped(record: RunRecord) -> None:
    found = page(record.model_copy(update={"config": {"name": "</pre><b>"}}), NOTHING)
    assert "<b>" not in page_html(found)


def shown(report: Report) -> list[Section]:
    return list(report.sections(lambda done, of: None))


def titles(report: Report) -> list[str]:
    return [section.title for section in shown(report)]


def test_mining_without_a_mistake_has_results_alone(own: RunStore) -> None:
    shutil.rmtree(own.path / "mistakes")
    assert titles(mining_report(OpenedRun(own))) == ["Results"]


def test_a_run_without_results_is_not_reported(bare: RunStore) -> None:
    with pytest.raises(OutvotedError, match="a run without results so far") as caught:
        mining_report(OpenedRun(bare))
    assert "--resume" in caught.value.remedy


@pytest.fixture
def compared(run_path: Path, record: RunRecord, tmp_path: Path) -> OpenedRun:
    """A comparison of two strategies of one kind, and of one that was not mined with yet."""
    store = RunStore(tmp_path / "compared")
    strategies = [each.model_dump(mode="json") for each in (Hillclimb(), Hillclimb(), Gradient())]
    config = {"strategies": strategies, "map": {}}
    store.write_record(record.model_copy(update={"kind": "compare", "config": config}))
    for name in ("hillclimb", "hillclimb-2"):
        shutil.copytree(run_path, store.path / name)
    return OpenedRun(store)


def test_strategies_share_one_map(compared: OpenedRun, mistakes: list[dict[str, Any]]) -> None:
    report = comparison_report(compared)
    assert titles(report) == ["Strategies", "Map of weaknesses"]
    bars, weak = shown(report)
    assert "Not mined with yet: gradient." in bars.text
    assert (f"{2 * len(mistakes):,}", "mistakes in all") in report.headlines
    (widget,) = weak.parts
    assert isinstance(widget, Widget)
    assert isinstance(widget.data, dict)
    strategy = widget.data["finders"][0]
    assert strategy["names"] == ["hillclimb", "hillclimb-2"]
    who = unpacked(strategy["index"]).tolist()
    assert who == [0] * len(mistakes) + [1] * len(mistakes)


@pytest.mark.usefixtures("sketched")
def test_a_comparison_leaves_a_table_and_pictures(compared: OpenedRun) -> None:
    report, path = comparison_report(compared), compared.store.path
    report.write(path)
    found = [row["strategy"] for row in json.loads((path / "comparison.json").read_text())]
    assert found == ["hillclimb", "hillclimb-2"]
    assert (path / "comparison.png").is_file()
    assert (path / "hillclimb-2" / "gallery" / "map.png").is_file()


def test_the_map_has_every_mistake_in_its_bin() -> None:
    affine = Affine()
    middle = [(low + high) / 2 for low, high in zip(*dataclasses.astuple(span(affine, [])), strict=True)]
    found = table(affine, [middle, middle], predicted=[5, 6])
    who = Finders("target", ["<b>"], found["label"].to_numpy() * 0)
    section = weaknesses(found, affine, span(affine, [found]), [who], list("0123456789"), gallery=True)
    (part,) = section.parts
    assert isinstance(part, Widget)
    data: Any = part.data
    assert unpacked(data["predicted"]).tolist() == [5, 6]
    assert [change["name"] for change in data["changes"]] == list(affine.measures)
    for change in data["changes"]:
        assert unpacked(change["bins"]).tolist() == [2, 2]
        assert len(change["edges"]) == 6
        assert change["edges"] == sorted(change["edges"])


@pytest.fixture
def scan(run: OpenedRun, tmp_path: Path) -> RunStore:
    """A scan of two chunks by the small run's peers; the images are 4 by 4."""
    store = RunStore(tmp_path / "scan")
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


def test_a_scan_has_a_gallery_of_its_dissents(scan: RunStore) -> None:
    found = dissents_exhibits(OpenedRun(scan))
    assert [item.name for item in found.items] == ["2", "1", "3"]
    assert [found.items[0].images[0, 0, 0, 0], found.items[2].images[0, 0, 0, 0]] == [2, 3]
    assert found.classes == ("a", "<b>", "c")
    (facet,) = found.facets
    right = [facet.values[k] for k in facet.index]
    assert right == ["the dissenter", "the others", "neither"]
    assert titles(scan_report(OpenedRun(scan))) == ["Results", "Dissents"]


def test_of_too_many_dissents_some_are_shown(scan: RunStore) -> None:
    found = dissents_exhibits(OpenedRun(scan), most=2)
    assert (len(found.items), found.of) == (2, 3)
    assert {item.name for item in found.items} == {"2", "1"}


def test_points_of_a_board_are_no_gallery(scan: RunStore) -> None:
    record = scan.read_record()
    record.config["scan"]["source"] = GridSource().model_dump(mode="json")
    record.config["data"] = Checkerboard().model_dump(mode="json")
    scan.write_record(record)
    assert titles(scan_report(OpenedRun(scan))) == ["Results", "The board"]


def test_a_study_without_sections_shows_its_tables_and_pictures(tmp_path: Path) -> None:
    (tmp_path / "dissent-here.png").write_bytes(b"png")
    told = told_by_studying([], tmp_path)
    assert [section.title for section in told.sections] == ["Results", "Pictures"]
    assert told_by_studying([], tmp_path, told.sections[:1]).sections == told.sections[:1]
