"""Comparing strategies: the figures worked out by hand from the rows, and pictures of them."""

import io
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import mean, median
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.console import Console

from outvoted.actors.mining.shards import Shards, Table
from outvoted.actors.runs.run_folder import RunFolder, RunRecord
from outvoted.analysis.comparison.comparison import Compared, common_span, compare, comparison_table
from outvoted.analysis.comparison.report import comparison_report, draw_comparison, draw_map
from outvoted.analysis.mining.cells import Grid, cells
from outvoted.analysis.mining.mistakes import mistakes_measured
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.report.report import Widget
from outvoted.search.strategies import Gradient, Hillclimb
from tests.analysis.mining.test_pictures import opened
from tests.analysis.report.sections import shown, titles
from tests.analysis.report.test_packing import unpacked
from tests.small_run import SECONDS

Rows = list[dict[str, Any]]
GRID = Grid(bins=3)


def kept(store: RunFolder, name: Table, keep: Callable[[dict[str, Any]], bool]) -> None:
    """Keep only some rows of a table."""
    for path in (store.path / name).glob("*.parquet"):
        rows = pq.read_table(path)
        pq.write_table(pa.Table.from_pylist([r for r in rows.to_pylist() if keep(r)], rows.schema), path)


def odd(row: dict[str, Any]) -> bool:
    """Tell odd labels."""
    return bool(row["label"] % 2)


@pytest.fixture
def half(own: RunFolder) -> RunFolder:
    """A run that found its mistakes at odd labels alone; the other searches were in vain."""
    kept(own, "mistakes", odd)
    for path in (own.path / "searches").glob("*.parquet"):
        rows = pq.read_table(path)
        values = rows.to_pylist()
        for row in values:
            if row["outcome"] == "mistake" and not odd(row):
                row["outcome"] = "exhausted"
        pq.write_table(pa.Table.from_pylist(values, rows.schema), path)
    return own


@pytest.fixture
def rows(run: OpenedRun, half: RunFolder) -> list[Compared]:
    return compare({"whole": run, "half": OpenedRun(half)}, GRID)


def test_searches_in_vain_are_paid_for_too(rows: list[Compared], run: OpenedRun, half: RunFolder) -> None:
    for row, store in zip(rows, (run.store, half), strict=True):
        searches: Rows = Shards(store.path).table("searches").to_pylist()
        begun = [search for search in searches if search["outcome"] in ("mistake", "exhausted")]
        spent = sum(search["inferences_target"] + search["inferences_peers"] for search in begun)
        spent += store.read_record().figures["seed_inferences"]
        won = sum(search["outcome"] == "mistake" for search in begun)
        assert (row.searches, row.mistakes, row.success) == (90, won, won / 90)
        assert row.inferences == spent / won
        assert row.mistakes_per_second == won / SECONDS
    whole, half_of_it = (row.inferences or 0 for row in rows)
    assert half_of_it > whole


def test_mistakes_are_summed_up(rows: list[Compared], half: RunFolder) -> None:
    mistakes: Rows = Shards(half.path).table("mistakes").to_pylist()
    row = rows[1]
    assert row.strategy == "half"
    assert row.moves == median(mistake["moves"] for mistake in mistakes)
    assert row.validity == mean(mistake["valid"] for mistake in mistakes)
    assert row.pairs == len({(mistake["label"], mistake["predicted"]) for mistake in mistakes})


def test_coverage_is_the_share_of_the_cells_that_any_has_filled(
    own: RunFolder, run: OpenedRun, tmp_path: Path
) -> None:
    even = RunFolder(Path(shutil.copytree(own.path, tmp_path / "even")))
    kept(own, "mistakes", odd)
    kept(even, "mistakes", lambda row: not odd(row))
    over = common_span([run])
    every = cells(mistakes_measured(run.mistakes), run.transform, GRID, over)
    found = compare({"odd": OpenedRun(own), "even": OpenedRun(even)}, GRID)
    assert sum(row.cells for row in found) == len(every)
    assert [row.coverage for row in found] == [row.cells / len(every) for row in found]
    assert 0 < found[0].coverage < 1


def test_alone_a_strategy_covers_what_it_found(run: OpenedRun) -> None:
    (row,) = compare({"whole": run}, GRID)
    assert row.coverage == 1.0


def test_skipped_and_failed_searches_are_not_counted(half: RunFolder, rows: list[Compared]) -> None:
    for path in (half.path / "searches").glob("*.parquet"):
        found = pq.read_table(path)
        values = found.to_pylist()
        for row in values:
            if row["outcome"] == "exhausted":
                row["outcome"] = "failed"
        pq.write_table(pa.Table.from_pylist(values, found.schema), path)
    (row,) = compare({"half": OpenedRun(half)}, GRID)
    assert (row.searches, row.success) == (row.mistakes, 1.0)
    assert rows[1].searches == 90


def test_without_mistakes_there_is_nothing_to_divide_by(
    fruitless: RunFolder, figures: list[Figure], tmp_path: Path
) -> None:
    (row,) = compare({"poor": OpenedRun(fruitless)}, GRID)
    assert (row.mistakes, row.pairs, row.cells) == (0, 0, 0)
    assert (row.inferences, row.moves, row.validity, row.coverage) == (None, None, None, 0.0)
    assert "–" in printed([row])
    draw_comparison([row], tmp_path / "comparison.png")
    opened(tmp_path / "comparison.png")
    price, _, _, validity, _ = (axes.texts[0].get_text() for axes in figures[0].axes)
    assert price == validity == "–"
    draw_map(OpenedRun(fruitless), GRID, common_span([OpenedRun(fruitless)]), tmp_path / "map.png")
    assert not (tmp_path / "map.png").exists()


def test_the_table_fits_a_terminal(rows: list[Compared]) -> None:
    lines = printed(rows).splitlines()
    assert max(map(len, lines)) <= 80
    (line,) = [line for line in lines if "half" in line]
    figures = line.split()
    row = rows[1]
    assert figures[:3] == ["half", f"{100 * row.success:.1f}", f"{row.inferences:.0f}"]
    assert figures[-3:] == [str(row.pairs), str(row.cells), f"{row.coverage:.0%}"]


def printed(rows: list[Compared]) -> str:
    """Draw a comparison as text."""
    console = Console(file=io.StringIO(), width=80)
    console.print(comparison_table(rows, "side by side"))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def drawn(axes: Axes) -> list[float]:
    """The widths of bars, top to bottom."""
    return [bar.get_width() for bar in axes.patches if hasattr(bar, "get_width")]


@pytest.mark.parametrize("strategies", [1, 2])
def test_every_figure_has_a_bar_for_each_strategy(
    strategies: int, rows: list[Compared], figures: list[Figure], tmp_path: Path
) -> None:
    shown = rows[:strategies]
    draw_comparison(shown, tmp_path / "comparison.png")
    opened(tmp_path / "comparison.png")
    axes = figures[0].axes
    assert len(axes) == 5
    assert drawn(axes[0]) == [row.inferences for row in shown]
    assert drawn(axes[-1]) == [row.cells for row in shown]


def test_the_title_says_who_is_cheapest_and_no_bar_stands_out(
    rows: list[Compared], figures: list[Figure], tmp_path: Path
) -> None:
    poor = replace(rows[0], strategy="poor", inferences=None)
    draw_comparison([poor, rows[1], rows[0]], tmp_path / "comparison.png")
    colours = {bar.get_facecolor() for bar in figures[0].axes[0].patches}
    assert len(colours) == 1
    assert figures[0].get_suptitle().startswith(f"{rows[0].strategy} needs")


@pytest.mark.parametrize(("descriptors", "maps"), [((), 3), (("scale_x",), 2), (("scale_x", "shear_deg"), 2)])
def test_a_map_shows_neighbouring_descriptors(
    descriptors: tuple[str, ...], maps: int, run: OpenedRun, figures: list[Figure], tmp_path: Path
) -> None:
    draw_map(run, Grid(descriptors=descriptors), common_span([run]), tmp_path / "map.png")
    opened(tmp_path / "map.png")
    pictures = [axes for axes in figures[0].axes if axes.images]
    assert len(pictures) == maps
    counts = [axes.images[0].get_array() for axes in pictures]
    assert [int(count.sum()) for count in counts if count is not None] == [
        Shards(run.store.path).table("mistakes").num_rows
    ] * maps


@pytest.fixture
def compared(run_path: Path, record: RunRecord, tmp_path: Path) -> OpenedRun:
    """A comparison of two strategies of one kind, and of one that was not mined with yet."""
    store = RunFolder(tmp_path / "compared")
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
    assert "Not run yet: gradient." in bars.text
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
