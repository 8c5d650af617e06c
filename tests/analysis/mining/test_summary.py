"""The summary against the same figures worked out by hand from the rows."""

import io
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from statistics import mean
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from outvoted.actors.mining.shards import Shards
from outvoted.actors.networks import CNN, MLP, members
from outvoted.actors.networks.members import Member, fingerprint
from outvoted.actors.runs.run_folder import RunFolder, RunRecord, State
from outvoted.analysis.mining.summary import PAPER, Summary, summarise, summary_table
from outvoted.analysis.opened.opened import OpenedRun

Rows = list[dict[str, Any]]
Rewrite = Callable[[RunFolder, Callable[[dict[str, Any]], object]], None]


@pytest.fixture(scope="module")
def summary(run: OpenedRun) -> Summary:
    """The summary of the finished run."""
    return summarise(run)


@pytest.fixture(scope="module")
def searches(run: OpenedRun) -> Rows:
    """The rows of the run's searches table."""
    rows: Rows = Shards(run.store.path).table("searches").to_pylist()
    return rows


def printed(summary: Summary) -> str:
    """Draw a summary as text."""
    console = Console(file=io.StringIO(), width=160)
    console.print(summary_table(summary))
    file = console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


def test_headline_figures(
    summary: Summary, record: RunRecord, referee: Member, searches: Rows, mistakes: Rows
) -> None:
    assert (summary.run, summary.state) == ("small", State.FINISHED)
    assert summary.mistakes == len(mistakes) == sum(row["outcome"] == "mistake" for row in searches)
    assert summary.validity == mean(row["referee_predicted"] == row["label"] for row in mistakes)
    assert summary.referee_accuracy == referee.test_accuracy
    assert summary.seconds_mining == record.figures["seconds"]
    assert summary.searches_per_second == len(searches) / record.figures["seconds"]


def test_there_is_a_row_for_each_target(summary: Summary, trained: list[Member]) -> None:
    assert [row.target for row in summary.targets] == [member.name for member in trained]
    assert [row.hidden for row in summary.targets] == [6, 12, 18]
    assert [row.test_accuracy for row in summary.targets] == [member.test_accuracy for member in trained]


def test_outcomes_are_counted(summary: Summary, searches: Rows) -> None:
    for target, row in enumerate(summary.targets):
        outcomes = [search["outcome"] for search in searches if search["target"] == target]
        assert row.mistakes == outcomes.count("mistake")
        assert row.skipped == outcomes.count("skipped")
        assert row.failed == outcomes.count("failed") == 0
        assert row.searches == outcomes.count("mistake") + outcomes.count("exhausted") == 30
        assert row.success == row.mistakes / 30


def test_costs_are_means_over_successes(summary: Summary, mistakes: Rows) -> None:
    for target, row in enumerate(summary.targets):
        mine = [mistake for mistake in mistakes if mistake["target"] == target]
        seen = [mistake["candidates"] - mistake["unrealistic"] for mistake in mine]
        really = [mistake["inferences_target"] + mistake["inferences_peers"] for mistake in mine]
        assert row.moves == pytest.approx(mean(mistake["moves"] for mistake in mine))
        assert row.inferences == pytest.approx(3 * mean(seen))
        assert row.inferences_run == pytest.approx(mean(really))


def test_validity_is_the_share_the_referee_agrees_with(summary: Summary, mistakes: Rows) -> None:
    for target, row in enumerate(summary.targets):
        agreed = [m["referee_predicted"] == m["label"] for m in mistakes if m["target"] == target]
        assert row.validity == mean(agreed)
    assert {row["valid"] for row in mistakes} == {True, False}


def test_only_the_papers_networks_have_the_papers_figures(own: RunFolder, trained: list[Member]) -> None:
    first, second, third = trained
    thirty, other = replace(first, architecture=MLP(hidden=30)), replace(second, architecture=CNN(hidden=30))
    members.save(own.peers, [thirty, other, third])
    own.write_record(own.read_record().model_copy(update={"panel_fingerprint": None}))
    found = summarise(OpenedRun(own)).targets
    assert [row.hidden for row in found] == [30, None, 18]
    assert [row.paper for row in found] == [(9, 6, 852), None, None]


def test_a_failed_search_is_no_climb(own: RunFolder, summary: Summary) -> None:
    for path in (own.path / "searches").glob("*.parquet"):
        rows = pq.read_table(path)
        outcome = [
            "failed" if value == "exhausted" else value for value in rows.column("outcome").to_pylist()
        ]
        place = rows.schema.get_field_index("outcome")
        pq.write_table(rows.set_column(place, "outcome", pa.array(outcome)), path)
    for before, after in zip(summary.targets, summarise(OpenedRun(own)).targets, strict=True):
        assert after.failed == before.searches - before.mistakes
        assert (after.searches, after.success) == (before.mistakes, 1.0)


def test_a_run_that_has_searched_nothing_is_summarised(bare: RunFolder, referee: Member) -> None:
    found = summarise(OpenedRun(bare))
    assert (found.mistakes, found.validity, found.searches_per_second) == (0, None, 0)
    assert found.referee_accuracy == referee.test_accuracy
    for row in found.targets:
        assert (row.searches, row.skipped, row.failed, row.mistakes, row.success) == (0, 0, 0, 0, 0)
        assert (row.moves, row.inferences, row.inferences_run, row.validity) == (None,) * 4


def test_a_run_that_has_not_begun_to_search_has_no_rate(bare: RunFolder, record: RunRecord) -> None:
    bare.write_record(record.model_copy(update={"figures": {}, "state": State.RUNNING}))
    found = summarise(OpenedRun(bare))
    assert (found.searches_per_second, found.state) == (None, "running")


def test_a_run_without_mistakes_is_summarised(fruitless: RunFolder) -> None:
    found = summarise(OpenedRun(fruitless))
    assert [row.mistakes for row in found.targets] == [0, 0, 0]
    assert [row.searches for row in found.targets] == [30, 30, 30]
    assert "–" in printed(found)


def test_a_run_without_a_referee_has_no_validity(
    own: RunFolder, trained: list[Member], rewrite: Rewrite, summary: Summary
) -> None:
    members.save(own.peers, trained)
    rewrite(own, lambda row: row.update(valid=None, referee_predicted=None))
    found = summarise(OpenedRun(own))
    assert (found.validity, found.referee_accuracy) == (None, None)
    assert [row.validity for row in found.targets] == [None] * 3
    assert [row.moves for row in found.targets] == [row.moves for row in summary.targets]


def test_the_table_shows_every_targets_figures(summary: Summary) -> None:
    lines = printed(summary).splitlines()
    assert f"small: {summary.mistakes} high-value mistakes" in lines[0]
    for row in summary.targets:
        (line,) = [line for line in lines if line.strip().startswith(row.target)]
        cells = re.split(r"  +", line.strip())
        assert cells[:4] == [row.target, f"{row.test_accuracy:.1%}", "30", f"{100 * row.success:.0f}"]
        assert cells[4:6] == [f"{row.moves:.1f}", f"{row.inferences:.0f}"]
        assert cells[-2:] == [f"{row.inferences_run:.0f}", f"{row.validity:.1%}"]


@pytest.mark.parametrize(("accuracy", "weak"), [(0.3, True), (1.0, False)])
def test_a_referee_no_better_than_the_best_peer_is_told_in_the_headline(
    accuracy: float, weak: bool, own: RunFolder, trained: list[Member], referee: Member
) -> None:
    judge = replace(referee, epochs=(replace(referee.epochs[-1], test_accuracy=accuracy),))
    members.save(own.peers, [*trained, judge])
    found = summarise(OpenedRun(own))
    best = max(trained, key=lambda peer: peer.test_accuracy or 0).name
    assert found.weak_referee == (best if weak else None)
    assert (f"validity not shown: the referee is no better than {best}" in summary_table(found).title) == weak


def test_the_share_of_realistic_mistakes_is_that_of_the_rows(
    own: RunFolder, rewrite: Rewrite, summary: Summary
) -> None:
    assert summary.realistic is not None
    rewrite(own, lambda row: row.update(realism=0.05 if row["target"] else 0.04))
    assert [row.realistic for row in summarise(OpenedRun(own)).targets] == [0.0, 1.0, 1.0]


def test_the_table_shows_the_papers_figures_beside_them(summary: Summary) -> None:
    paper = replace(summary, targets=(replace(summary.targets[0], paper=PAPER[10]),))
    (line,) = [line for line in printed(paper).splitlines() if "mlp-6" in line]
    cells = re.split(r"  +", line.strip())
    assert [cell.partition(" ")[2] for cell in cells[3:6]] == ["[63]", "[5]", "[507]"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("strategy", {"kind": "random"}),
        ("transform", {"kind": "photometric"}),
        ("voters", [2]),
    ],
)
def test_only_the_papers_experiment_has_the_papers_figures(
    key: str, value: object, own: RunFolder, trained: list[Member]
) -> None:
    panel = [replace(trained[0], architecture=MLP(hidden=30)), *trained[1:]]
    members.save(own.peers, panel)
    record = own.read_record()
    record.panel_fingerprint = fingerprint(panel)
    record.data = record.data and record.data.model_copy(update={"name": "mnist-sample"})
    own.write_record(record)
    assert summarise(OpenedRun(own)).targets[0].paper == PAPER[30]
    record.config["search"][key] = value
    own.write_record(record)
    shutil.rmtree(own.path / "searches")  # their rows are those of the other experiment
    assert summarise(OpenedRun(own)).targets[0].paper is None


def test_on_other_images_there_are_no_figures_of_the_paper(own: RunFolder, trained: list[Member]) -> None:
    panel = [replace(trained[0], architecture=MLP(hidden=30)), *trained[1:]]
    members.save(own.peers, panel)
    record = own.read_record()
    record.panel_fingerprint = fingerprint(panel)
    record.data = record.data and record.data.model_copy(update={"name": "fashion-mnist"})
    own.write_record(record)
    found = summarise(OpenedRun(own))
    assert found.targets[0].paper is None
    assert "the paper's figures" not in printed(found)
