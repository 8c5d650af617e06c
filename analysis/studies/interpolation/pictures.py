"""Pictures of interpolated tables: fields over pairs of features, lines between items, ternary plots."""

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from matplotlib.axes import Axes
from matplotlib.collections import Collection
from matplotlib.figure import Figure
from plotly.subplots import make_subplots

from outvoted.analysis.report.drawing import colour, marker, plain, plot_text, save
from outvoted.analysis.report.menus import Choice, add_menus, networks, rounded
from outvoted.analysis.studies.interpolation.edges import cycles
from outvoted.analysis.studies.interpolation.points import Labels, Points, entries
from outvoted.search.arrays import Floats, Singles

MOST_PAIRS = 6
"""Pairs of features that are drawn: all of four features."""
_ACROSS = 3
_ROW = 330
_SIZE = 6


def scatter_plot(
    some: Sequence[Points], rows: Floats, features: Sequence[str], whose: Sequence[str], names: Sequence[str]
) -> go.Figure:
    """Draw points for one network or the panel's mean over every pair of features, the first six pairs.

    Args:
        some: of which one is shown at a time.
        rows: the table's own, (n, features), drawn behind in grey.
        features: their names.
        whose: the panel's mean and the networks, by name.
        names: of the classes.
    """
    pairs = list(combinations(range(len(features)), 2))[:MOST_PAIRS]
    deep = -(-len(pairs) // _ACROSS)
    figure = make_subplots(rows=deep, cols=min(_ACROSS, len(pairs)))
    for place in range(len(pairs)):
        for _ in whose:
            marker = {"opacity": 0.9, "size": _SIZE}
            figure.add_scatter(
                mode="markers", hoverinfo="x+y", marker=marker, showlegend=False, **_cell(place)
            )
    for place, (x, y) in enumerate(pairs):
        figure.add_scatter(
            x=rounded(rows[:, x]), y=rounded(rows[:, y]), mode="markers", hoverinfo="skip",
            marker={"color": "#999999", "size": 3, "opacity": 0.6},
            name="the table's rows", showlegend=place == 0, zorder=-1, **_cell(place),
        )  # fmt: skip
        figure.update_xaxes(title_text=plot_text(features[x]), **_cell(place))
        figure.update_yaxes(title_text=plot_text(features[y]), **_cell(place))
    legend = entries(some, names)
    for entry in legend:
        figure.add_scatter(x=[None], y=[None], **entry)
    figure.update_layout(
        height=_ROW * deep + 110, legend={"orientation": "h", "y": 1.01, "yanchor": "bottom"}
    )
    owners = [*np.tile(np.arange(len(whose)), len(pairs)).tolist(), *[None] * (len(pairs) + len(legend))]
    add_menus(figure, [_points(points, pairs) for points in some], networks(whose, owners))
    return figure


def _points(points: Points, pairs: Sequence[tuple[int, int]]) -> Choice:
    every = range(len(points.answers))
    looks = [points.markers(network) for network in every]
    columns = [rounded(column) for column in points.values.T]
    traces = {
        "x": [columns[x] for x, _ in pairs for _ in every],
        "y": [columns[y] for _, y in pairs for _ in every],
        **{attribute: [look[attribute] for look in looks] * len(pairs) for attribute in looks[0]},
    }
    return Choice(points.title, traces)


def _cell(place: int) -> dict[str, int]:
    return {"row": place // _ACROSS + 1, "col": place % _ACROSS + 1}


_HEIGHT = 560


def shares(probabilities: Singles, labels: Labels = (0, 1, 2)) -> Floats:
    """Return three classes' probabilities, (n, 3), scaled so that each row's sum is one.

    Where all three are 0 to single precision, they are taken as equal.
    """
    three = probabilities[:, list(labels)].astype(np.float64)
    total = three.sum(1, keepdims=True)
    return np.where(total > 0, three / np.where(total > 0, total, 1), 1 / 3)


def plane(ternary: Floats) -> tuple[Floats, Floats]:
    """Return where shares, (n, 3), lie in a triangle with corners (0, 0), (1, 0) and (1/2, √3/2)."""
    return ternary[:, 1] + ternary[:, 2] / 2, ternary[:, 2] * np.sqrt(0.75)


def ternary_plot(some: Sequence[Points], whose: Sequence[str], names: Sequence[str]) -> go.Figure:
    """Draw points for one network or the panel's mean; colour and size say the answer and how sure it is.

    Args:
        some: of which one is shown at a time.
        whose: the panel's mean and the networks, by name.
        names: of the classes.
    """
    figure = go.Figure()
    for _ in whose:
        figure.add_scatterternary(
            mode="markers", hoverinfo="text", marker={"opacity": 0.8, "line": {"width": 0}},
            showlegend=False,
            cliponaxis=False,
        )  # fmt: skip
    legend = entries(some, names)
    for entry in legend:
        figure.add_scatterternary(a=[None], b=[None], c=[None], **entry)
    axis = {"min": 0, "tickvals": [0.2, 0.4, 0.6, 0.8]}
    figure.update_layout(
        height=_HEIGHT, ternary={"sum": 1, "aaxis": axis, "baxis": axis, "caxis": axis}, legend={"x": 0.9}
    )
    owners = [*range(len(whose)), *[None] * len(legend)]
    add_menus(figure, [_in_triangle(points, names) for points in some], networks(whose, owners))
    return figure


def _in_triangle(points: Points, names: Sequence[str]) -> Choice:
    every = range(len(points.answers))
    three = [rounded(shares(one, points.labels).T) for one in points.answers]
    looks = [points.markers(network) for network in every]
    traces: dict[str, list[Any]] = {
        **{side: [one[k] for one in three] for k, side in enumerate("abc")},
        **{attribute: [look[attribute] for look in looks] for attribute in looks[0]},
        "marker.size": [points.sizes(network) for network in every],
        "text": [points.said(network, names) for network in every],
    }
    first, second, third = (plot_text(names[label]) for label in points.labels)
    corners = {"aaxis": first, "baxis": second, "caxis": third}
    return Choice(
        points.title, traces, {f"ternary.{axis}.title.text": name for axis, name in corners.items()}
    )


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
