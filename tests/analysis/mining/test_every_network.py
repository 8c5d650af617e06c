"""Seeds that led every network to a mistake."""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from outvoted.actors.mining.shards import Shards
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.analysis.mining.every_network import EveryNetwork, every_network
from outvoted.analysis.mining.pictures import draw_every_network
from outvoted.analysis.mining.report import mining_report
from outvoted.analysis.mining.summary import summarise
from outvoted.analysis.opened.mistakes import HeldMistakes, StoredMistakes
from outvoted.analysis.opened.opened import OpenedRun
from tests.analysis.mining.test_pictures import opened

NAMES = ["mlp-6", "mlp-12", "mlp-18"]
OUTCOMES = ["mistake", "exhausted", "skipped", "failed"]


def searches(rows: list[tuple[int, int, int, str]]) -> pd.DataFrame:
    """A `searches` table of (replica, target, voters, outcome)."""
    return pd.DataFrame(rows, columns=["replica", "target", "voters", "outcome"])


def test_every_target_must_be_wrong_on_the_seed() -> None:
    rows = [(seed, target, 1, "mistake") for seed in (4, 7) for target in (0, 1)]
    assert every_network(searches(rows), 2) == EveryNetwork(2, (4, 7))
    rows[3] = (7, 1, 1, "exhausted")
    assert every_network(searches(rows), 2) == EveryNetwork(2, (4,))
    rows[3] = (7, 1, 1, "failed")
    assert every_network(searches(rows), 2) == EveryNetwork(1, (4,))


def test_only_the_most_voters_count() -> None:
    rows = [(0, target, 0, "mistake") for target in (0, 1)] + [(0, 0, 2, "mistake"), (0, 1, 2, "exhausted")]
    assert every_network(searches(rows), 2) == EveryNetwork(1, ())


def test_a_run_that_has_searched_nothing_has_tried_nothing() -> None:
    assert every_network(pd.DataFrame({"search_id": []}), 2) == EveryNetwork(0, ())


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(1, 2), st.sampled_from(OUTCOMES)),
        unique_by=lambda row: row[:3],
        min_size=1,
    )
)
def test_seeds_are_those_of_a_plain_loop(rows: list[tuple[int, int, int, str]]) -> None:
    most = max(row[2] for row in rows)
    tried, whole = 0, []
    for seed in range(4):
        outcomes = [outcome for replica, _, voters, outcome in rows if (replica, voters) == (seed, most)]
        begun = [outcome for outcome in outcomes if outcome in ("mistake", "exhausted")]
        tried += len(begun) == 3
        if begun.count("mistake") == 3:
            whole.append(seed)
    assert every_network(searches(rows), 3) == EveryNetwork(tried, tuple(whole))


@pytest.fixture
def unlucky(own: RunFolder) -> RunFolder:
    """A run in which each target's first mistakes are told to come from the same seeds."""
    mistakes = Shards(own.path).table("mistakes").to_pylist()
    ids = {target: [row["search_id"] for row in mistakes if row["target"] == target] for target in range(3)}
    place = {search: rank for searches in ids.values() for rank, search in enumerate(searches)}
    for name in ("searches", "mistakes"):
        for path in (own.path / name).glob("*.parquet"):
            rows = pq.read_table(path)
            values = rows.to_pylist()
            for row in values:
                row["replica"] = place.get(row["search_id"], 1000 + row["replica"])
            pq.write_table(pa.Table.from_pylist(values, rows.schema), path)
    return own


@pytest.fixture
def fooled(unlucky: RunFolder) -> EveryNetwork:
    """The seeds of that run that fooled all three networks."""
    mistakes = Shards(unlucky.path).frame("mistakes")
    found = every_network(Shards(unlucky.path).frame("searches"), 3)
    assert found.replicas == tuple(range(mistakes.groupby("target").size().min()))
    return found


def test_a_line_for_each_seed_a_column_for_each_network(
    unlucky: RunFolder, fooled: EveryNetwork, tmp_path: Path, figures: list[Figure]
) -> None:
    mistakes = StoredMistakes(Shards(unlucky.path).units)
    draw_every_network(mistakes, fooled, NAMES, unlucky.read_record(), tmp_path / "every.png")
    opened(tmp_path / "every.png")
    axes = figures[0].axes
    lines = min(len(fooled.replicas), 6)
    assert len(axes) == 4 * lines
    assert sum(bool(axis.images) for axis in axes) == 4 * lines
    titles = [axis.get_title() for axis in axes]
    assert titles[0] == "seed"
    for name, title in zip(NAMES, titles[1:4], strict=True):
        assert title.startswith(f"{name}: ")


def test_the_report_counts_and_draws_them(unlucky: RunFolder, fooled: EveryNetwork) -> None:
    mining_report(OpenedRun(unlucky)).write(unlucky.path)
    assert summarise(OpenedRun(unlucky)).every_network == fooled
    opened(unlucky.path / "gallery" / "every-network.png")


def test_with_few_targets_every_network_is_not_asked_for(own: RunFolder) -> None:
    record = own.read_record()
    record.config["search"]["targets"] = ["mlp-12", "mlp-6"]
    own.write_record(record)
    mining_report(OpenedRun(own)).write(own.path)
    summary = summarise(OpenedRun(own))
    assert summary.every_network is None
    assert not (own.path / "gallery" / "every-network.png").exists()
    assert [row.target for row in summary.targets] == ["mlp-12", "mlp-6"]


def test_seeds_that_the_table_of_mistakes_does_not_have_are_not_drawn(run: OpenedRun, tmp_path: Path) -> None:
    rows = Shards(run.store.path).table("mistakes")
    five = pa.array([5] * len(rows), pa.int64())
    rows = rows.set_column(rows.column_names.index("replica"), "replica", five)
    mistakes, two = HeldMistakes(rows), HeldMistakes(rows.filter(pc.less(rows["target"], 2)))
    path = tmp_path / "picture.png"
    draw_every_network(mistakes, EveryNetwork(2, (4,)), NAMES, run.record, path)
    draw_every_network(two, EveryNetwork(2, (5,)), NAMES, run.record, path)
    assert not path.exists()
    draw_every_network(mistakes, EveryNetwork(2, (5,)), NAMES, run.record, path)
    assert path.exists()
