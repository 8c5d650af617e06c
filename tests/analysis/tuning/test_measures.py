"""Laws of measures: they give what reports say, whatever the order of rows, and nothing where nothing is."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from outvoted.actors.mining.shards import Shards
from outvoted.actors.networks.members import Member
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.analysis.comparison.comparison import compare
from outvoted.analysis.mining.cells import Grid
from outvoted.analysis.mining.summary import PAPER, Summary, mistakes_counted, summarise
from outvoted.analysis.mining.voters import by_voters
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.tuning.measures import KINDS, AnyMeasure, measured, measures_of
from outvoted.analysis.tuning.objectives import Measured
from outvoted.cluster.jobs.compare import CompareConfig
from outvoted.cluster.jobs.mine import MineConfig

NAMES = tuple(measures_of("mine"))
Tables = Mapping[str, pa.Table]


@pytest.fixture(scope="module")
def mining(config: dict[str, Any]) -> MineConfig:
    """How the small run was configured."""
    return MineConfig.model_validate(config)


@pytest.fixture(scope="module")
def tables(run_path: Path) -> Tables:
    """Its tables."""
    return {"searches": Shards(run_path).table("searches"), "mistakes": Shards(run_path).table("mistakes")}


@pytest.fixture(scope="module")
def found(mining: MineConfig, run_path: Path) -> dict[str, Measured]:
    """All that is measured of it."""
    return measured("mine", mining, run_path, NAMES)


@pytest.fixture(scope="module")
def summary(run: OpenedRun) -> Summary:
    """What its report says."""
    return summarise(run)


def first(tables: Tables, searches: int) -> Tables:
    """Return the rows of the first searches."""
    ids = tables["searches"]["search_id"].slice(0, searches)
    return {name: rows.filter(pc.is_in(rows["search_id"], ids)) for name, rows in tables.items()}


def shuffled(rows: pa.Table) -> pa.Table:
    """Return rows in another order."""
    return rows.take(np.random.default_rng(3).permutation(len(rows)))


def contained(one: Measured, measure: AnyMeasure) -> bool:
    """Tell whether an interval, where there is one, has its value within."""
    if one.low is None or one.high is None:
        return True
    if measure.interval is None or one.value is None:
        return False
    return one.low <= one.value * (1 + 1e-12) and one.value * (1 - 1e-12) <= one.high


def test_measures_agree_with_the_runs_report(found: dict[str, Measured], summary: Summary) -> None:
    won, begun = (sum(getattr(row, name) for row in summary.targets) for name in ("mistakes", "searches"))
    assert found["success"].value == won / begun
    assert begun / 3 <= found["success"].of <= begun  # three targets were searched from each seed
    assert found["mistakes"].value == summary.mistakes
    assert found["validity"].value == summary.validity
    assert found["realistic"].value == summary.realistic
    moves = [(row.moves or 0) * row.mistakes for row in summary.targets]
    assert found["moves"].value == pytest.approx(sum(moves) / won)
    skipped = sum(row.skipped for row in summary.targets)
    assert found["disputed"].value == pytest.approx(skipped / (skipped + begun))


def test_measures_agree_with_a_comparison(found: dict[str, Measured], run: OpenedRun) -> None:
    (row,) = compare({"only": run}, Grid())
    assert found["success"].value == row.success
    assert found["inferences_per_mistake"].value == pytest.approx(row.inferences)
    assert found["mistakes_per_1000"].value == pytest.approx(1000 / (row.inferences or 0))
    assert found["mistakes_per_second"].value == row.mistakes_per_second
    assert (found["pairs"].value, found["cells"].value) == (row.pairs, row.cells)


def test_measures_agree_with_the_rows(
    found: dict[str, Measured], mistakes: list[dict[str, Any]], trained: list[Member]
) -> None:
    for name in ("realism", "margin", "moves"):
        assert found[name].value == pytest.approx(np.mean([row[name] for row in mistakes]))
    assert found["accuracy"].value == pytest.approx(np.mean([one.test_accuracy for one in trained]))
    assert found["held_out_agreement"] == Measured(None)  # all peers voted


def test_held_out_peers_are_those_of_the_report(mining: MineConfig, run: OpenedRun, tables: Tables) -> None:
    fewer = {name: with_voters(rows, 1) for name, rows in tables.items()}
    one = measured("mine", mining, run.store.path, ["held_out_agreement"], fewer)["held_out_agreement"]
    rows = mistakes_counted(run.mistakes, True).assign(voters=1)
    (row,) = by_voters(fewer["searches"].to_pandas(), rows)
    assert one.value == row.held_out_correct is not None
    assert one.of <= len(rows)  # of three peers one is the target, and one has voted


def with_voters(rows: pa.Table, voters: int) -> pa.Table:
    """Return rows as if so many had voted."""
    place = rows.column_names.index("voters")
    return rows.set_column(place, rows.schema.field(place), pa.array([voters] * len(rows), pa.int16()))


def test_distances_from_table_1_are_means_over_its_networks(
    mining: MineConfig, run_path: Path, summary: Summary
) -> None:
    assert all(measured("mine", mining, run_path, NAMES)[name] == Measured(None) for name in NAMES[-3:])
    widths = ({"kind": "mlp", "hidden": hidden} for hidden in (6, 20, 50))  # two of them are in the table
    panel = mining.panel.model_copy(
        update={"networks": type(mining.panel).model_validate({"networks": list(widths)}).networks}
    )
    one = measured("mine", mining.model_copy(update={"panel": panel}), run_path, NAMES[-3:])
    rows = list(zip(summary.targets[1:], (PAPER[20], PAPER[50]), strict=True))
    success = [abs(row.success - paper[0] / 100) for row, paper in rows]
    moves = [abs((row.moves or 0) - paper[1]) for row, paper in rows]
    inferences = [abs((row.inferences or 0) - paper[2]) / paper[2] for row, paper in rows]
    assert one["table1_success"].value == pytest.approx(np.mean(success))
    assert one["table1_moves"].value == pytest.approx(np.mean(moves))
    assert one["table1_inferences"].value == pytest.approx(np.mean(inferences))


def test_the_order_of_rows_changes_nothing(
    mining: MineConfig, run_path: Path, tables: Tables, found: dict[str, Measured]
) -> None:
    mixed = {name: shuffled(rows) for name, rows in tables.items()}
    assert measured("mine", mining, run_path, NAMES, mixed) == found


@pytest.mark.parametrize("searches", [0, 1, 20, 50, 90])
def test_intervals_contain_their_values_from_the_first_search_on(
    mining: MineConfig, run_path: Path, tables: Tables, searches: int
) -> None:
    found = measured("mine", mining, run_path, NAMES, first(tables, searches))
    assert all(contained(one, measures_of("mine")[name]) for name, one in found.items()), found


def test_what_is_known_early_nears_what_is_known_at_the_end(
    mining: MineConfig, run_path: Path, tables: Tables, found: dict[str, Measured]
) -> None:
    early = [name for name, one in measures_of("mine").items() if one.early and one.interval is not None]
    half = measured("mine", mining, run_path, early, first(tables, 50))
    for name in early:
        if (whole := found[name].value) is not None:
            low, high = half[name].low, half[name].high
            assert low is not None
            assert high is not None
            assert low - (high - low) < whole < high + (high - low), name
    every = measured("mine", mining, run_path, NAMES, tables)
    assert every == found


def test_runs_without_anything_to_measure_give_nothing(mining: MineConfig, tmp_path: Path) -> None:
    assert all(one.value in (None, 0) for one in measured("mine", mining, tmp_path, NAMES).values())


def test_runs_that_have_not_searched_yet_give_nothing(mining: MineConfig, bare: RunFolder) -> None:
    found = measured("mine", mining, bare.path, NAMES)
    assert {name for name, one in found.items() if one.value not in (None, 0)} == {"accuracy"}


def test_without_mistakes_rates_are_0_and_costs_unknown(mining: MineConfig, fruitless: RunFolder) -> None:
    for path in (fruitless.path / "searches").glob("*.parquet"):
        rows = pq.read_table(path)
        place = rows.column_names.index("outcome")
        lost = pa.array(["exhausted"] * len(rows))
        pq.write_table(rows.set_column(place, rows.schema.field(place), lost), path)
    found = measured("mine", mining, fruitless.path, NAMES)
    assert found["mistakes_per_1000"].value == found["mistakes"].value == found["pairs"].value == 0
    assert (found["mistakes_per_1000"].high or 0) > 0  # the next search might have found one
    assert found["inferences_per_mistake"].value is found["moves"].value is found["validity"].value is None


def test_a_comparison_measures_each_of_its_strategies(run: OpenedRun, tmp_path: Path) -> None:
    config = {name: value for name, value in run.record.config.items() if name != "cluster"}
    comparing = CompareConfig.model_validate(config | {"strategies": ["hillclimb", "gradient"]})
    for name in ("hillclimb", "gradient"):
        shutil.copytree(run.store.path, tmp_path / name)
    last = max((tmp_path / "gradient" / "searches").glob("*.parquet"))
    last.unlink()  # which marks its shard
    names = [f"{part}.{name}" for part in ("hillclimb", "gradient") for name in ("cells", "success", "pairs")]
    found = measured("compare", comparing, tmp_path, names)
    opened = {name: OpenedRun(RunFolder(tmp_path / name)) for name in ("hillclimb", "gradient")}
    rows = compare(opened, comparing.map)
    expected = [value for row in rows for value in (row.cells, row.success, row.pairs)]
    assert [found[name].value for name in names] == expected
    shards = Shards(tmp_path / "gradient")
    held = {f"gradient/{name}": shards.table(name) for name in ("searches", "mistakes")}
    assert measured("compare", comparing, tmp_path, names, held) == found


def test_every_measure_is_described(mining: MineConfig) -> None:
    for kind in KINDS:
        for name, one in measures_of(kind).items():
            assert name == one.name
            assert one.title
            assert one.meaning[-1] != "."
            assert one.form(0.5)
