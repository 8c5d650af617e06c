"""A run's page says what was run and whether it is finished, for every kind of run."""

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from outvoted.actors.data.sources import FolderSource, GridSource
from outvoted.actors.mining.scan_store import ScanStore
from outvoted.actors.runs.run_record import DataRecord, RunRecord, State
from outvoted.actors.runs.store import RunStore
from outvoted.analysis.comparison.compare_report import told_by_comparing
from outvoted.analysis.comparison.comparison import compare
from outvoted.analysis.healing.heal_report import told_by_healing
from outvoted.analysis.healing.healing import HealSummary, RoundSummary
from outvoted.analysis.mining.map_of_weaknesses import Grid, span
from outvoted.analysis.mining.mine_report import told_by_mining
from outvoted.analysis.mining.summary import summarise
from outvoted.analysis.mining.weaknesses import Finders, weaknesses
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.report.html.page import page_html
from outvoted.analysis.report.html.parts import Plot, Table, Widget
from outvoted.analysis.report.html.run_page import page_of
from outvoted.analysis.report.html.told import Told
from outvoted.analysis.report.spread import Spread
from outvoted.analysis.scan.dissents import dissents_exhibits
from outvoted.analysis.scan.scan_page import told_by_scanning
from outvoted.analysis.scan.scan_summary import summarise_scan
from outvoted.analysis.studies.study_page import told_by_studying
from outvoted.search.transforms import Affine
from tests.analysis.html.test_packing import unpacked
from tests.analysis.test_map_of_weaknesses import table
from tests.analysis.test_scan_report import chunk, dissent

NOTHING = Told((), ())


def test_a_finished_run_has_no_notice(record: RunRecord) -> None:
    assert page_of(record, NOTHING).notice == ""


@pytest.mark.parametrize("state", [State.RUNNING, State.INTERRUPTED, State.FAILED])
def test_a_run_that_is_not_finished_is_marked(record: RunRecord, state: State) -> None:
    page = page_of(record.model_copy(update={"state": state, "message": "no <disk>"}), NOTHING)
    assert page.notice.startswith(f"Not finished: this run was {state} (no <disk>)")
    assert "no &lt;disk&gt;" in page_html(page)


def test_what_was_run_is_told(record: RunRecord) -> None:
    page = page_of(record, NOTHING)
    told = dict(page.facts)
    assert told["Data"] == f"{record.data.name}: 800 for training, 300 for testing" if record.data else False
    assert told["Versions"] == "outvoted 0"
    assert told["Mining"] == "12.5 s"
    (section,) = page.sections
    (part,) = section.parts
    assert isinstance(part, Widget)
    assert "patience: 40" in part.html


def test_settings_are_escaped(record: RunRecord) -> None:
    page = page_of(record.model_copy(update={"config": {"name": "</pre><b>"}}), NOTHING)
    assert "<b>" not in page_html(page)


def titles(told: Told) -> list[str]:
    return [section.title for section in told.sections]


def test_mining_without_a_mistake_has_results_alone(bare: RunStore) -> None:
    run = OpenedRun(bare)
    assert titles(told_by_mining(run, summarise(run))) == ["Results"]


def test_strategies_share_one_map(run: OpenedRun, mistakes: list[dict[str, Any]]) -> None:
    runs = {"hillclimb": run, "again": run}
    told = told_by_comparing(compare(runs, Grid()), runs, ["gradient"])
    assert titles(told) == ["Strategies", "Map of weaknesses"]
    assert "Not mined with yet: gradient." in told.sections[0].text
    assert (f"{2 * len(mistakes):,}", "mistakes in all") in told.headlines
    (widget,) = told.sections[1].parts
    assert isinstance(widget, Widget)
    assert isinstance(widget.data, dict)
    strategy = widget.data["finders"][0]
    assert strategy["names"] == ["hillclimb", "again"]
    who = unpacked(strategy["index"]).tolist()
    assert who == [0] * len(mistakes) + [1] * len(mistakes)


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
    store.write_record(
        RunRecord(name="scan", kind="scan", state=State.FINISHED, config={}, versions={}, data=data)
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
    told = told_by_scanning(OpenedRun(scan), summarise_scan(OpenedRun(scan)), FolderSource(path=Path()))
    assert titles(told) == ["Results", "Dissents"]


def test_of_too_many_dissents_some_are_shown(scan: RunStore) -> None:
    found = dissents_exhibits(OpenedRun(scan), most=2)
    assert (len(found.items), found.of) == (2, 3)
    assert {item.name for item in found.items} == {"2", "1"}


def test_points_of_a_board_are_no_gallery(scan: RunStore) -> None:
    told = told_by_scanning(OpenedRun(scan), summarise_scan(OpenedRun(scan)), GridSource())
    assert titles(told) == ["Results", "The board"]


def test_healing_is_drawn_with_its_deviations() -> None:
    names = ("success", "moved_accuracy", "clean_accuracy", "held_out_wrong", "validity")
    rows = tuple(
        RoundSummary(arm, number, 0.0, dict.fromkeys(names, Spread(0.5 - number / 10, 0.1)))
        for arm in ("nothing", "copies", "mistakes")
        for number in (0, 1)
    )
    more = dict.fromkeys(names, Spread(0.0, None))
    told = told_by_healing(HealSummary("h", 2, 1, rows, dict.fromkeys(("mistakes",)), more, more))
    assert ("50.0 ± 10.0 %", "of searches ended in a mistake before") in told.headlines
    drawn, plot = told.sections[0].parts
    assert isinstance(drawn, Table)
    assert isinstance(plot, Plot)
    traces = json.loads(plot.figure.to_json())["data"]
    assert sum(trace.get("showlegend", False) for trace in traces) == 3
    assert len(traces) == 4 * 3 * 2


def test_a_study_without_sections_shows_its_tables_and_pictures(tmp_path: Path) -> None:
    (tmp_path / "dissent-here.png").write_bytes(b"png")
    told = told_by_studying([], tmp_path)
    assert titles(told) == ["Results", "Pictures"]
    assert told_by_studying([], tmp_path, told.sections[:1]).sections == told.sections[:1]
