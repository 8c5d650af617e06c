"""Pictures of interpolated tables: fields over pairs of features, lines between items, ternary plots."""

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import Collection
from matplotlib.figure import Figure

from outvoted.analysis.report.drawing import plain, save
from outvoted.analysis.studies.landscape.palette import colour, marker
from outvoted.analysis.studies.landscape.points import Points
from outvoted.analysis.studies.landscape.ternary import plane, shares
from outvoted.analysis.studies.landscape.walks import cycles
from outvoted.search.arrays import Floats, Singles

_MOST_PAIRS = 6
_EDGE = 0.8
_MEAN = 0


def draw_fields(
    points: Points, rows: Floats, features: Sequence[str], names: Sequence[str], path: Path
) -> None:
    """Draw pairs of features, the first six: the fields coloured by the panel's answer (Fig. 6).

    Where networks part, points have a dark edge. Behind them lie the table's own ``rows``, (n, features).
    """
    pairs = list(combinations(range(len(features)), 2))[:_MOST_PAIRS]
    deep = -(-len(pairs) // 3)
    figure = Figure(figsize=(10.5, 3.3 * deep), layout="constrained")
    grid = figure.subplots(deep, min(3, len(pairs)), squeeze=False).ravel()
    for axes, (x, y) in zip(grid, pairs, strict=False):
        axes.scatter(rows[:, x], rows[:, y], s=5, color="#bbbbbb", zorder=0)
        _scattered(axes, points, points.values[:, x], points.values[:, y], 13, names)
        axes.set_xlabel(features[x], fontsize=8)
        axes.set_ylabel(features[y], fontsize=8)
        plain(axes)
    for axes in grid[len(pairs) :]:
        axes.set_visible(False)
    _legend(grid[0], 7)
    figure.suptitle("the panel's answers; dark edge: networks part; grey: the table's rows", fontsize=9)
    save(figure, path)


def draw_cycles(images: pd.DataFrame, mean: Singles, names: Sequence[str], path: Path) -> None:
    """Draw every group's three lines between items, one after the other (Fig. 7)."""
    walks, length = cycles(images, names)
    figure = Figure(figsize=(10, 1.7 * len(walks) + 0.6), layout="constrained")
    grid = figure.subplots(len(walks), 1, sharex=True, squeeze=False)[:, 0]
    drawn = {}
    for axes, walk in zip(grid, walks, strict=True):
        walked = mean[walk.frames]
        for label in walk.labels:
            (line,) = axes.plot(
                walked[:, label], color=colour(label), marker=marker(label), ms=2.5, lw=1, label=names[label]
            )
            drawn[names[label]] = line
        for cut in range(length, len(walked), length):
            axes.axvline(cut - 0.5, color="#999999", lw=0.8)
        axes.set(ylim=(-0.03, 1.03), ylabel="probability")
        axes.set_title(walk.title, fontsize=8, loc="left")
        plain(axes)
    axes.set_xlabel("points from item to item")
    figure.legend(drawn.values(), drawn.keys(), fontsize=7, loc="outside upper right", ncols=4)
    save(figure, path)


def draw_ternary(some: Sequence[Points], names: Sequence[str], path: Path) -> None:
    """Draw each point's probabilities of three classes in a triangle, a triangle for each of some (Fig. 8).

    Size and colour say the panel's answer and how sure it is; a dark edge that networks part.
    """
    figure = Figure(figsize=(5.2 * len(some), 4.9), layout="constrained")
    for axes, points in zip(figure.subplots(1, len(some), squeeze=False)[0], some, strict=True):
        mean = points.answers[_MEAN]
        x, y = plane(shares(mean, points.labels))
        axes.plot([0, 1, 0.5, 0], [0, 0, np.sqrt(0.75), 0], color="#999999", lw=1)
        _scattered(axes, points, x, y, 6 + 40 * (mean.max(1) - 0.3).clip(0), names)
        _corners(axes, points, names)
        _legend(axes, 8)
        axes.set(xlim=(-0.18, 1.18), ylim=(-0.1, 0.98), aspect="equal", xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
        axes.set_title(points.title, fontsize=9)
    figure.suptitle("mean probabilities of the panel; dark edge: networks part", fontsize=9)
    save(figure, path)


def _scattered(
    axes: Axes, points: Points, x: Floats, y: Floats, size: Floats | int, names: Sequence[str]
) -> None:
    """Draw points with colour and shape by the panel's answer."""
    answer, sizes = points.answers[_MEAN].argmax(1), np.broadcast_to(size, len(x))
    for label in np.unique(answer):
        taken = answer == label
        axes.scatter(
            x[taken],
            y[taken],
            s=sizes[taken],
            color=colour(label),
            marker=marker(label),
            alpha=0.8,
            linewidths=np.where(points.dissent[taken] > 0, _EDGE, 0).tolist(),
            edgecolors="black",
            label=names[label],
        )


def _legend(axes: Axes, size: int) -> None:
    """Name the classes, without the edges that some of their points have."""
    for handle in axes.legend(fontsize=size).legend_handles:
        if isinstance(handle, Collection):
            handle.set_linewidth(0)


def _corners(axes: Axes, points: Points, names: Sequence[str]) -> None:
    places = ((0, 0, "center", "top"), (1, 0, "center", "top"), (0.5, np.sqrt(0.75), "center", "bottom"))
    for (x, y, across, up), label in zip(places, points.labels, strict=True):
        axes.text(x, y + (0.02 if y else -0.03), names[label], ha=across, va=up, fontsize=9)
