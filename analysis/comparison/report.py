"""The report of a comparison of strategies: its table, its pictures, and the sections of its page."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from outvoted.actors.mining.shards import Shards, check_not_all
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.analysis.comparison.comparison import (
    Compared,
    StrategyRun,
    common_span,
    compare,
    comparison_table,
)
from outvoted.analysis.mining.cells import Grid, Span, binned
from outvoted.analysis.mining.mistakes import mistakes_measured
from outvoted.analysis.mining.surroundings_report import measured
from outvoted.analysis.mining.weaknesses import Finders, weaknesses
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.report.drawing import COLOURS, caption, class_names, save
from outvoted.analysis.report.numbers import COUNT, DASH
from outvoted.analysis.report.report import OnStep, Report, Section, pictures
from outvoted.analysis.report.table import Table
from outvoted.search.strategies import AnyStrategy
from outvoted.search.strategies.base import strategy_names

_TEXT = (
    "One panel and the same seeds, one strategy after another. Each strategy's run is a folder within this "
    "one: `outvoted report` writes its page, with its mistakes."
)
_NUMBERED = 20  # classes that fit along an axis
_PICTURE = "comparison.png"
_PANELS = (
    ("inferences per mistake (fewer is better)", "inferences", 1.0, "{:.0f}"),
    ("% of searches successful", "success", 100.0, "{:.0f}"),
    ("mistakes per second of mining", "mistakes_per_second", 1.0, "{:.0f}"),
    ("% valid", "validity", 100.0, "{:.1f}"),
    ("cells of the map of weaknesses", "cells", 1.0, "{:.0f}"),
)
"""What a comparison draws: title, attribute, factor, and format."""


def comparison_report(run: OpenedRun) -> Report:
    """Report how the strategies that have been mined with so far compare.

    Raises:
        OutvotedError: there are none, or one of their runs cannot be read.
    """
    names = strategy_names(run.configured("strategies", tuple[AnyStrategy, ...]))
    runs = mined_with(run, names)
    if not runs:
        raise run.without("searches")
    grid: Grid = run.configured("map", Grid)
    rows = compare(runs, grid)
    over = common_span(runs.values())
    table = comparison_table(rows, run.record.name)
    drawn: dict[str, Callable[[Path], object]] = {_PICTURE: partial(draw_comparison, rows)}
    for name, one in runs.items():
        drawn[f"{name}/gallery/map.png"] = partial(draw_map, one, grid, over)
    missing = [name for name in names if name not in runs]
    return Report(
        {"run": run.record.name, "strategies": rows},
        [table],
        _headlines(rows),
        partial(_sections, run.store.path, runs, missing, table),
        drawn,
        data={"comparison.json": rows},
        check=partial(_check, rows),
    )


def held_report(runs: Mapping[str, OpenedRun | StrategyRun], grid: Grid) -> Report:
    """Report strategies that were compared in this process, one or more."""
    rows = compare(runs, grid)
    table = comparison_table(rows, "compare")
    section = Section("Strategies", _TEXT.partition(" Each")[0], (table,))
    values = {"strategies": [asdict(row) for row in rows]}
    return Report(values, [table], _headlines(rows), lambda on_step: (section,))


def mined_with(run: OpenedRun, names: Sequence[str]) -> dict[str, OpenedRun]:
    """Return the runs of the strategies that have searched already, by name."""
    path = run.store.path
    every = {name: OpenedRun(RunFolder(path / name, path.parent), run.trust) for name in names}
    return {name: one for name, one in every.items() if len(Shards(one.store.path).done())}


def _check(rows: Sequence[Compared], where: str) -> None:
    for row in rows:
        check_not_all(row.failures, where)


def _headlines(rows: Sequence[Compared]) -> list[tuple[str, str]]:
    found = [
        (f"{len(rows)}", "strategies" if len(rows) > 1 else "strategy"),
        (COUNT(sum(row.mistakes for row in rows)), "mistakes in all"),
    ]
    priced = [row for row in rows if row.inferences is not None]
    if priced:
        cheapest = min(priced, key=lambda row: row.inferences or 0.0)
        found.append((COUNT(cheapest.inferences), f"inferences per mistake, the fewest: {cheapest.strategy}"))
    widest = max(rows, key=lambda row: row.coverage)
    found.append((f"{widest.coverage:.0%}", f"of the known map of weaknesses, the most: {widest.strategy}"))
    return found


def _sections(
    folder: Path,
    runs: Mapping[str, OpenedRun],
    missing: Sequence[str],
    table: Table,
    on_step: OnStep,
) -> Iterator[Section]:
    text = f"{_TEXT} Not run yet: {', '.join(missing)}." if missing else _TEXT
    caption = "Each strategy on the same panel and seeds."
    yield Section("Strategies", text, (table, *pictures(folder, {_PICTURE: caption})))
    found = {name: mistakes_measured(run.mistakes) for name, run in runs.items()}
    every = pd.concat(found.values(), ignore_index=True)
    if every.empty:
        return
    run = next(iter(runs.values()))
    who = np.repeat(np.arange(len(found)), [len(frame) for frame in found.values()])
    finders = (
        Finders("strategy", list(found), who),
        Finders("target", [member.name for member in run.peers], every["target"].to_numpy(np.int64)),
    )
    names = class_names(run.record, run.data.classes)
    yield weaknesses(every, run.transform, common_span(runs.values()), finders, names, gallery=False)


def draw_comparison(rows: Sequence[Compared], path: Path) -> None:
    """Draw a bar for each strategy and figure, a dash where it is unknown; the title says who is cheapest."""
    figure = Figure(figsize=(9.6, 2 * (0.34 * len(rows) + 0.7)), layout="constrained")
    axes = list(figure.subplots(2, 3, sharey=True).flat)
    figure.suptitle(_cheapest(rows), fontsize=11)
    for axis, (title, name, factor, form) in zip(axes, _PANELS, strict=False):
        found = [getattr(row, name) for row in rows]
        bars = axis.barh(
            [row.strategy for row in rows], [factor * (one or 0.0) for one in found], color=COLOURS[0]
        )
        labels = [DASH if one is None else form.format(factor * one) for one in found]
        axis.bar_label(bars, labels, padding=2, fontsize=8)
        axis.set_title(title, fontsize=9)
        axis.margins(x=0.2)
        axis.spines[["top", "right"]].set_visible(False)
        axis.tick_params(labelsize=8)
    axes[0].invert_yaxis()
    for axis in axes[len(_PANELS) :]:
        axis.remove()
    save(figure, path)


def _cheapest(rows: Sequence[Compared]) -> str:
    priced = {row.strategy: row.inferences for row in rows if row.inferences}
    if len(priced) < 2:
        return "What mistakes cost, and how varied they are"
    least, most = min(priced, key=priced.__getitem__), max(priced, key=priced.__getitem__)
    return f"{least} needs {priced[most] / priced[least]:.1f} times fewer inferences per mistake than {most}"


def draw_map(run: OpenedRun, grid: Grid, over: Span, path: Path) -> None:
    """Draw a run's map of weaknesses: labels by wrong classes, and neighbouring descriptors in pairs."""
    mistakes = mistakes_measured(run.mistakes)
    if mistakes.empty:
        return
    bins, names = binned(mistakes, run.transform, grid, over), grid.names(run.transform)
    pairs = [*pairwise(names)] or [(name, name) for name in names]
    figure = Figure(figsize=(3.4 * (1 + len(pairs)), 3.1), layout="constrained")
    axes = figure.subplots(1, 1 + len(pairs), squeeze=False)[0]
    classes = run.data.classes
    table = np.zeros((classes, classes))
    np.add.at(table, (mistakes["label"].to_numpy(), mistakes["predicted"].to_numpy()), 1)
    worst = np.unravel_index(int(table.argmax()), table.shape)
    most = caption(run.record, int(worst[0]), int(worst[1])).replace("\n", " ")
    figure.suptitle(
        f"{run.record.name}: {len(mistakes):,} mistakes, most often {most} ({table[worst]:,.0f})", fontsize=11
    )
    axes[0].set(xlabel="wrong class", ylabel="label")
    if classes <= _NUMBERED:
        axes[0].set(xticks=range(classes), yticks=range(classes))
    _counted(figure, axes[0], axes[0].imshow(table, cmap="cividis"))
    for axis, (first, second) in zip(axes[1:], pairs, strict=True):
        counts = np.zeros((grid.bins, grid.bins))
        np.add.at(counts, (bins[second].to_numpy(), bins[first].to_numpy()), 1)
        _counted(figure, axis, axis.imshow(counts, cmap="cividis", origin="lower"))
        axis.set(xlabel=measured(first), ylabel=measured(second))
        axis.set_xticks(*_edges(run, first, grid, over))
        axis.set_yticks(*_edges(run, second, grid, over))
    save(figure, path)


def _counted(figure: Figure, axis: Axes, drawn: AxesImage) -> None:
    axis.tick_params(labelsize=8)
    bar = figure.colorbar(drawn, ax=axis, shrink=0.7)
    bar.set_label("mistakes", fontsize=8)
    bar.ax.tick_params(labelsize=8)


def _edges(run: OpenedRun, name: str, grid: Grid, over: Span) -> tuple[list[float], list[str]]:
    """Return where a descriptor's bins end on an axis of bins, and the values there, five at most."""
    place = run.transform.measures.index(name)
    values = np.linspace(over.low[place], over.high[place], grid.bins + 1).round(9) + 0.0
    step = max(1, grid.bins // 4)
    return [end - 0.5 for end in range(0, grid.bins + 1, step)], [f"{value:.3g}" for value in values[::step]]
