"""Pictures of interpolated tables: fields over pairs of features, lines between items, ternary plots."""

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from outvoted.analysis.drawing import plain, save
from outvoted.analysis.landscape.ballots import Ballots
from outvoted.analysis.landscape.sequences import edge_sequences
from outvoted.search.arrays import Floats, Singles

CLASSES = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#000000")
"""Okabe & Ito's palette; more classes begin again, with other markers."""
MARKERS = "o^sDvP*X"
_MOST_PAIRS = 6


def draw_fields(
    images: pd.DataFrame,
    found: Ballots,
    rows: Floats,
    features: Sequence[str],
    names: tuple[str, ...],
    path: Path,
) -> None:
    """Draw pairs of features, the first six: the fields coloured by the panel's answer (Fig. 6).

    Where networks part, points have a dark edge. Behind them lie the table's own ``rows``, (n, features).
    """
    values, answer = np.stack(images["values"].to_list()), found.probabilities.mean(0).argmax(1)
    pairs = list(combinations(range(len(features)), 2))[:_MOST_PAIRS]
    figure = Figure(figsize=(10.5, 3.3 * -(-len(pairs) // 3)), layout="constrained")
    grid = figure.subplots(-(-len(pairs) // 3), min(3, len(pairs)), squeeze=False).ravel()
    parted = found.dissent > 0
    for axes, (x, y) in zip(grid, pairs, strict=False):
        axes.scatter(rows[:, x], rows[:, y], s=5, color="#bbbbbb", zorder=0)
        for label in np.unique(answer):
            taken = answer == label
            axes.scatter(
                values[taken, x],
                values[taken, y],
                s=13,
                marker=_marker(label),
                color=_colour(label),
                linewidths=np.where(parted[taken], 0.8, 0).tolist(),
                edgecolors="black",
                label=names[label],
            )
        axes.set_xlabel(features[x], fontsize=8)
        axes.set_ylabel(features[y], fontsize=8)
        plain(axes)
    for axes in grid[len(pairs) :]:
        axes.set_visible(False)
    grid[0].legend(fontsize=7)
    figure.suptitle("the panel's answers; dark edge: networks part; grey: the table's rows", fontsize=9)
    save(figure, path)


def draw_cycles(images: pd.DataFrame, mean: Singles, names: tuple[str, ...], path: Path) -> None:
    """Draw every group's three lines between items, one after the other (Fig. 7)."""
    edges = edge_sequences(images)
    groups = sorted(edges.keys["group"].unique())
    figure = Figure(figsize=(10, 1.7 * len(groups) + 0.4), layout="constrained")
    grid = figure.subplots(len(groups), 1, sharex=True, squeeze=False)[:, 0]
    for axes, group in zip(grid, groups, strict=True):
        taken = (edges.keys["group"] == group).to_numpy()
        walked = mean[edges.frames[taken].ravel()]
        for label in range(mean.shape[1]):
            axes.plot(
                walked[:, label],
                color=_colour(label),
                marker=_marker(label),
                ms=2.5,
                lw=1,
                label=names[label],
            )
        length = edges.frames.shape[1]
        for cut in range(1, int(taken.sum())):
            axes.axvline(cut * length - 0.5, color="#999999", lw=0.8)
        axes.set(ylim=(-0.03, 1.03), ylabel="probability")
        axes.set_title(_cycle(edges.keys[taken], int(group), names), fontsize=8, loc="left")
        plain(axes)
    axes.set_xlabel("points from item to item")
    handles, labels = grid[0].get_legend_handles_labels()
    figure.legend(handles, labels, fontsize=7, loc="outside upper right", ncols=4)
    save(figure, path)


def draw_ternary(mean: Singles, dissent: Singles, names: tuple[str, ...], path: Path) -> None:
    """Draw each point's probabilities of the first three classes in a triangle (Fig. 8).

    Size and colour say the answer and how sure it is; a dark edge that networks part.
    """
    figure = Figure(figsize=(5.6, 5.2), layout="constrained")
    axes = figure.subplots()
    answer, sure = mean.argmax(1), mean.max(1)
    x, y = plane(mean[:, :3])
    axes.plot([0, 1, 0.5, 0], [0, 0, np.sqrt(0.75), 0], color="#999999", lw=1)
    for label in np.unique(answer):
        taken = answer == label
        axes.scatter(
            x[taken],
            y[taken],
            s=4 + 50 * (sure[taken] - 0.3).clip(0),
            color=_colour(label),
            marker=_marker(label),
            alpha=0.75,
            linewidths=np.where(dissent[taken] > 0, 0.8, 0).tolist(),
            edgecolors="black",
            label=names[label],
        )
    _corners(axes, names)
    axes.legend(fontsize=8, loc="upper right")
    axes.set(xlim=(-0.12, 1.12), ylim=(-0.12, 1.0), aspect="equal", xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    axes.set_title("mean probabilities of the panel; dark edge: networks part", fontsize=9)
    save(figure, path)


def ternary(probabilities: Singles) -> Floats:
    """Return the first three classes' probabilities, (n, 3), scaled so that each row's sum is one."""
    three = probabilities[:, :3].astype(np.float64)
    return np.asarray(three / three.sum(1, keepdims=True))


def plane(probabilities: Singles) -> tuple[Floats, Floats]:
    """Return where points, (n, 3), lie in a triangle with corners (0, 0), (1, 0) and (1/2, √3/2)."""
    shares = ternary(probabilities)
    return shares[:, 1] + shares[:, 2] / 2, shares[:, 2] * np.sqrt(0.75)


def _corners(axes: Axes, names: tuple[str, ...]) -> None:
    places = ((0, 0, "right", "top"), (1, 0, "left", "top"), (0.5, np.sqrt(0.75), "center", "bottom"))
    for (x, y, across, up), name in zip(places, names, strict=False):
        axes.text(x, y, name, ha=across, va=up, fontsize=9)


def _cycle(keys: pd.DataFrame, group: int, names: tuple[str, ...]) -> str:
    stations = [names[label] for label in keys["first"]]
    return f"group {group + 1}: " + " → ".join([*stations, stations[0]])


def _colour(label: int) -> str:
    return CLASSES[label % len(CLASSES)]


def _marker(label: int) -> str:
    return MARKERS[label % len(MARKERS)]
