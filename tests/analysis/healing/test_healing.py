"""Healing's figures against the same worked out by hand from a few rows."""

import io
import json
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from rich.console import Console

from outvoted.actors.healing.arms import ARMS, Arm
from outvoted.actors.healing.course import steady_since
from outvoted.actors.healing.heal_store import HealStore
from outvoted.actors.runs import schema
from outvoted.actors.runs.run_folder import RunRecord, State
from outvoted.analysis.healing.healing import FIGURES, healing_table, summarise_healing
from outvoted.analysis.healing.report import healing_report
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.report.numbers import PERCENT, Form, Spread
from outvoted.analysis.report.report import Picture
from outvoted.analysis.report.table import Table

PEERS, REPEATS, ROUNDS = 2, (0, 5, 9), 3


def value(name: str, repeat: int, arm: str, number: int, peer: int) -> float:
    """Make up a figure that differs with everything it belongs to."""
    gain = {"start": 0.0, "nothing": 0.01, "copies": 0.02, "mistakes": 0.04}[arm]
    return 0.3 + FIGURES.index(name) / 10 + 0.01 * repeat * gain + gain * number + 0.002 * repeat + peer / 50


def row(repeat: int, arm: str, number: int, peer: int, **other: Any) -> dict[str, Any]:
    """Return a row of the rounds table."""
    figures = {name: value(name, repeat, arm, number, peer) for name in FIGURES}
    place = {"repeat": repeat, "arm": arm, "round": number, "target": peer, "target_name": f"mlp-{peer}"}
    return place | figures | {"added": 10 * number, "seconds": 1.0} | other


def write(store: HealStore, repeat: int, arm: str, number: int, **other: Any) -> None:
    """Write the rows of a step."""
    rows = [row(repeat, arm, number, peer, **other) for peer in range(PEERS)]
    path = store.path / "rounds" / f"{repeat}-{arm}-{number}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, schema=schema.ROUNDS.arrow), path)


@pytest.fixture
def store(tmp_path: Path) -> HealStore:
    """A finished run of three rounds and three repeats."""
    found = HealStore(tmp_path / "made-up")
    for repeat in REPEATS:
        write(found, repeat, "start", 0)
        for arm in ARMS:
            for number in range(1, ROUNDS + 1):
                write(found, repeat, arm, number)
    config = {"heal": {"steady": 0.025}}
    found.folder.write_record(RunRecord(name="made-up", state=State.FINISHED, config=config, versions={}))
    return found


def by_hand(name: str, arm: str, number: int) -> list[float]:
    """Return a figure's mean over peers in each repeat."""
    return [mean(value(name, repeat, arm, number, peer) for peer in range(PEERS)) for repeat in REPEATS]


def test_figures_are_means_over_peers_spread_over_repeats(store: HealStore) -> None:
    summary = summarise_healing(store)
    assert (summary.run, summary.repeats, summary.rounds) == ("made-up", 3, 3)
    for arm in ARMS:
        for number in range(1, ROUNDS + 1):
            found = summary.at(arm, number)
            assert found.added == 10 * number
            for name in FIGURES:
                each = by_hand(name, str(arm), number)
                assert found.figures[name].mean == pytest.approx(mean(each))
                assert found.figures[name].std == pytest.approx(stdev(each))


def test_all_arms_begin_at_the_start(store: HealStore) -> None:
    summary = summarise_healing(store)
    for arm in ARMS:
        first = summary.at(arm, 0)
        assert first.figures["success"].mean == pytest.approx(mean(by_hand("success", "start", 0)))
        assert first.added == 0


def test_arms_are_compared_repeat_by_repeat(store: HealStore) -> None:
    summary = summarise_healing(store)
    for other, found in (("copies", summary.beyond_copies), ("nothing", summary.beyond_nothing)):
        pairs = zip(by_hand("success", "mistakes", 3), by_hand("success", other, 3), strict=True)
        each = [mistakes - others for mistakes, others in pairs]
        assert found["success"].mean == pytest.approx(mean(each))
        assert found["success"].std == pytest.approx(stdev(each))


def test_a_round_that_not_all_arms_and_repeats_have_run_does_not_count(store: HealStore) -> None:
    for arm in ARMS[:2]:
        for repeat in REPEATS:
            write(store, repeat, arm, 4)
    write(store, REPEATS[0], Arm.MISTAKES, 4)
    assert summarise_healing(store).rounds == 3


def test_a_run_that_has_only_begun_is_summarised(tmp_path: Path, store: HealStore) -> None:
    for path in (store.path / "rounds").iterdir():
        if "start" not in path.name:
            path.unlink()
    summary = summarise_healing(store)
    assert (summary.rounds, summary.steady["mistakes"]) == (0, None)
    assert summary.beyond_copies["success"].mean == 0


def test_figures_that_are_missing_are_left_out(store: HealStore) -> None:
    for repeat in REPEATS:
        write(store, repeat, "mistakes", 3, validity=None, held_out_wrong=None)
    found = summarise_healing(store).at(Arm.MISTAKES, 3).figures
    assert found["validity"] == Spread(None, None)
    assert PERCENT(found["validity"]) == "–"


def test_one_repeat_has_no_deviation(store: HealStore) -> None:
    for path in (store.path / "rounds").iterdir():
        if not path.name.startswith("0-"):
            path.unlink()
    found = summarise_healing(store).at(Arm.COPIES, 3).figures["success"]
    assert found.std is None
    assert "±" not in PERCENT(found)


@pytest.mark.parametrize(
    ("success", "since"),
    [
        ([0.5, 0.4, 0.3], None),
        ([0.5, 0.4, 0.39, 0.4, 0.41], 1),
        ([0.5, 0.4, 0.39, 0.4, 0.41, 0.3], None),
        ([0.5, 0.4, 0.39, 0.3, 0.31, 0.3], 3),
        ([0.4, 0.4], None),
        ([], None),
        ([0.5, 0.75, 0.5], None),
    ],
)
def test_steady_are_the_last_rounds_within_the_bound(success: list[float], since: int | None) -> None:
    assert steady_since(success, 0.0201) == since


def test_the_steadiness_of_each_arm_is_told(store: HealStore) -> None:
    assert summarise_healing(store).steady == {"nothing": 1, "copies": None, "mistakes": None}


def test_the_table_fits_a_terminal_and_shows_every_arm(store: HealStore) -> None:
    summary = summarise_healing(store)
    console = Console(file=io.StringIO(), width=80)
    console.print(healing_table(summary))
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert "…" not in text
    for arm in ARMS:
        assert PERCENT(summary.at(arm, 3).figures["success"]) in text
    assert Form(1, 100, "+")(summary.beyond_copies["moved_accuracy"]) in text


def test_the_report_is_json_and_a_picture_with_every_arms_colour(store: HealStore) -> None:
    summary = summarise_healing(store)
    healing_report(OpenedRun(store.folder)).write(store.path)
    found = json.loads((store.path / "summary.json").read_text())
    assert len(found["rows"]) == len(summary.rows) == 3 * 4
    assert found["rows"][0]["figures"]["success"]["mean"] == summary.rows[0].figures["success"].mean
    with Image.open(store.path / "healing.png") as picture:
        pixels = np.asarray(picture.convert("RGB"))
    for colour in ("#000000", "#0072B2", "#D55E00"):
        assert (pixels == list(bytes.fromhex(colour[1:]))).all(axis=2).any()
    assert sorted(path.name for path in store.path.iterdir()) == [
        "healing.png",
        "rounds",
        "run.json",
        "summary.json",
    ]


def test_the_page_shows_table_and_picture(store: HealStore) -> None:
    report = healing_report(OpenedRun(store.folder))
    report.write(store.path)
    before = summarise_healing(store).at(Arm.MISTAKES, 0).figures["success"]
    assert (f"{PERCENT(before)}%", "of searches found a mistake before") in report.headlines
    (section,) = report.sections(lambda done, of: None)
    shown, picture = section.parts
    assert isinstance(shown, Table)
    assert isinstance(picture, Picture)
    assert picture.path == store.path / "healing.png"
