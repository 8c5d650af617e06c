"""Pictures of a comparison of strategies."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from outvoted.analysis.comparison.comparison import Compared
from outvoted.analysis.mining.map_of_weaknesses import Grid, Span, binned
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.report.drawing import PEERS, TARGET, save

_NUMBERED = 20  # classes that can all be written along an axis
PANELS = (
    ("inferences for each mistake", "inferences", 1.0, "{:.0f}"),
    ("% of searches successful", "success", 100.0, "{:.0f}"),
    ("mistakes a second", "mistakes_per_second", 1.0, "{:.0f}"),
    ("% valid", "validity", 100.0, "{:.1f}"),
    ("cells of the map of weaknesses", "cells", 1.0, "{:.0f}"),
)
"""What a comparison draws: title, attribute, factor, and how it is written."""


def draw_comparison(rows: Sequence[Compared], path: Path) -> None:
    """Draw a bar for each strategy and figure; the cheapest strategy is drawn in blue."""
    figure = Figure(figsize=(3.0 * len(PANELS), 0.42 * len(rows) + 1.1), layout="constrained")
    axes = figure.subplots(1, len(PANELS), sharey=True)
    cheapest = min(rows, key=lambda row: row.inferences if row.inferences is not None else np.inf)
    colours = [TARGET if row is cheapest else PEERS for row in rows]
    for axis, (title, name, factor, form) in zip(axes, PANELS, strict=True):
        values = [factor * (getattr(row, name) or 0.0) for row in rows]
        bars = axis.barh([row.strategy for row in rows], values, color=colours)
        axis.bar_label(bars, [form.format(value) for value in values], padding=2, fontsize=8)
        axis.set_title(title, fontsize=9)
        axis.margins(x=0.2)
        axis.spines[["top", "right"]].set_visible(False)
        axis.tick_params(labelsize=8)
    axes[0].invert_yaxis()
    save(figure, path)


def draw_map(run: OpenedRun, grid: Grid, over: Span, path: Path) -> None:
    """Draw the map of weaknesses of a run: label to wrong class, and neighbouring descriptors in pairs."""
    mistakes = run.mistakes.to_pandas()
    if mistakes.empty:
        return
    bins, names = binned(mistakes, run.transform, grid, over), grid.names(run.transform)
    pairs = [*pairwise(names)] or [(name, name) for name in names]
    figure = Figure(figsize=(4.6 * (1 + len(pairs)), 4.2), layout="constrained")
    figure.suptitle(f"Map of weaknesses: {len(mistakes)} mistakes of {run.record.name}", fontsize=10)
    axes = figure.subplots(1, 1 + len(pairs), squeeze=False)[0]
    classes = run.data.classes
    table = np.zeros((classes, classes))
    np.add.at(table, (mistakes["label"].to_numpy(), mistakes["predicted"].to_numpy()), 1)
    axes[0].set(xlabel="wrong class", ylabel="label")
    if classes <= _NUMBERED:
        axes[0].set(xticks=range(classes), yticks=range(classes))
    figure.colorbar(axes[0].imshow(table, cmap="cividis"), ax=axes[0], shrink=0.8)
    for axis, (first, second) in zip(axes[1:], pairs, strict=True):
        counts = np.zeros((grid.bins, grid.bins))
        np.add.at(counts, (bins[second].to_numpy(), bins[first].to_numpy()), 1)
        figure.colorbar(axis.imshow(counts, cmap="cividis", origin="lower"), ax=axis, shrink=0.8)
        axis.set(xlabel=f"{first}, low to high", ylabel=f"{second}, low to high")
        axis.set(xticks=range(grid.bins), yticks=range(grid.bins))
    save(figure, path)
