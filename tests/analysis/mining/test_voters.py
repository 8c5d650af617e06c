"""How many peers it takes: shares and means for each number of voters, against plain loops."""

import io
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from rich.console import Console

from outvoted.actors.mining.shards import Shards
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.analysis.mining.pictures import draw_voters
from outvoted.analysis.mining.report import mining_report
from outvoted.analysis.mining.summary import mistakes_counted, summarise
from outvoted.analysis.mining.voters import VotersSummary, by_voters, voters_table
from outvoted.analysis.opened.opened import OpenedRun
from tests.analysis.mining.test_pictures import opened

Rows = list[dict[str, Any]]
PEERS, CLASSES = 4, 3


def search(voters: int, outcome: str) -> dict[str, Any]:
    """A row of the `searches` table."""
    return {"voters": voters, "outcome": outcome, "inferences_target": 10, "inferences_peers": 4}


def mistake(voters: int, target: int, label: int, answers: list[int], **more: Any) -> dict[str, Any]:
    """A row of the `mistakes` table."""
    row = {"voters": voters, "target": target, "label": label, "answers": answers}
    return row | {"moves": 2, "valid": True} | more


NONE = pd.DataFrame({"search_id": []})


def test_each_number_of_voters_has_a_row_fewest_first() -> None:
    searches = pd.DataFrame([search(3, "exhausted"), search(0, "mistake"), search(1, "skipped")])
    mistakes = pd.DataFrame([mistake(0, 0, 1, [2, 1, 1, 1])])
    found = by_voters(searches, mistakes)
    assert [(row.voters, row.searches, row.mistakes) for row in found] == [(0, 1, 1), (1, 0, 0), (3, 1, 0)]


def test_searches_in_vain_are_paid_for_too() -> None:
    outcomes = ["mistake", "exhausted", "exhausted", "skipped", "failed"]
    searches = pd.DataFrame([search(1, outcome) for outcome in outcomes])
    rows = [mistake(1, 0, 1, [2, 1, 1, 1], moves=m, valid=v) for m, v in ((2, True), (5, None))]
    (row,) = by_voters(searches, pd.DataFrame(rows), seeds=20)
    assert (row.searches, row.success, row.moves, row.validity) == (3, 1 / 3, 3.5, 1.0)
    assert row.inferences == (20 + 3 * 14) / 2


def test_without_mistakes_there_is_nothing_to_divide_by() -> None:
    (row,) = by_voters(pd.DataFrame([search(2, "exhausted")]), NONE)
    assert row == VotersSummary(2, 1, 0, 0.0, None, None, None, None)
    assert by_voters(NONE, NONE) == ()


answers = st.lists(st.integers(0, CLASSES - 1), min_size=PEERS, max_size=PEERS)


@given(st.lists(st.tuples(st.integers(0, PEERS - 1), st.integers(0, CLASSES - 1), answers), min_size=1))
@pytest.mark.parametrize("voters", range(PEERS))
def test_held_out_peers_are_those_that_neither_vote_nor_are_the_target(
    voters: int, rows: list[tuple[int, int, list[int]]]
) -> None:
    (found,) = by_voters(
        pd.DataFrame([search(voters, "mistake") for _ in rows]),
        pd.DataFrame([mistake(voters, *row) for row in rows]),
    )
    right = [
        given[(target + step) % PEERS] == label
        for target, label, given in rows
        for step in range(voters + 1, PEERS)
    ]
    assert found.held_out_correct == (pytest.approx(sum(right) / len(right)) if right else None)


SUMMARIES = (
    VotersSummary(0, 50, 45, 0.9, 3.25, 0.5, 0.25, 17.4),
    VotersSummary(4, 50, 0, 0.0, None, None, None, None),
)


def test_the_table_has_a_line_for_each_number() -> None:
    console = Console(file=io.StringIO(), width=80)
    console.print(voters_table(SUMMARIES))
    assert isinstance(console.file, io.StringIO)
    lines = [line.split() for line in console.file.getvalue().splitlines() if line.strip()]
    assert lines[-2:] == [
        ["0", "50", "90.0", "3.2", "17", "50.0%", "25.0%"],
        ["4", "50", "0.0", "–", "–", "–", "–"],
    ]


def test_a_line_is_drawn_for_what_was_measured(tmp_path: Path, figures: list[Figure]) -> None:
    draw_voters(SUMMARIES, tmp_path / "some.png")
    draw_voters(SUMMARIES[1:], tmp_path / "none.png")
    opened(tmp_path / "none.png")
    (some,), (none,) = (figure.axes for figure in figures)
    assert [np.asarray(line.get_xydata()).tolist() for line in some.lines] == [
        [[0, 90], [4, 0]],
        [[0, 50]],
        [[0, 25]],
    ]
    assert len(none.lines) == 1


def test_a_run_with_several_numbers_reports_them(own: RunFolder) -> None:
    record = own.read_record()
    record.config["search"]["voters"] = [1, 2]
    own.write_record(record)
    mining_report(OpenedRun(own)).write(own.path)
    summary = summarise(OpenedRun(own))
    assert [row.voters for row in summary.voters] == [2]
    (row,) = summary.voters
    assert (row.searches, row.mistakes, row.held_out_correct) == (90, summary.mistakes, None)
    opened(own.path / "gallery" / "voters.png")


def test_a_run_with_one_number_has_no_such_table(own: RunFolder) -> None:
    shutil.rmtree(own.path / "gallery", ignore_errors=True)
    report = mining_report(OpenedRun(own))
    report.write(own.path)
    assert len(report.tables) == 1
    assert not (own.path / "gallery" / "voters.png").exists()


def test_votes_that_are_stored_are_read(run: OpenedRun) -> None:
    searches, mistakes = Shards(run.store.path).frame("searches"), mistakes_counted(run.mistakes, True)
    (row,) = by_voters(searches.assign(voters=1), mistakes.assign(voters=1))
    right = [
        np.argmax(votes["probabilities"][(votes["target"] + 2) % 3]) == votes["label"]
        for votes in Shards(run.store.path).table("mistakes").to_pylist()
    ]
    assert row.held_out_correct == np.mean(right) == 1.0  # all three were to agree
