"""What an interpolation study shows: fields over features, lines between items, and ternary plots."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import combinations
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import Collection
from matplotlib.figure import Figure

from outvoted.analysis.report.drawing import colour, marker, plain, save
from outvoted.analysis.report.report import Part, Picture, Plot, Report, Section
from outvoted.analysis.studies.interpolation.fields import Points, cycles, edge_sequences, fields, own_rows
from outvoted.analysis.studies.opened import OpenedStudy
from outvoted.analysis.studies.roughness import LandscapeFindings, analyse
from outvoted.analysis.studies.walks import LINES, MOST_NUMBERS, WIDTH, draw_walks, walk_plot
from outvoted.search.arrays import Floats, Singles

_FIELDS, _TERNARY = "figures/fields.png", "figures/ternary.png"
_LINES = "The panel's mean probabilities on the way from item to item and back to the first"
_TRIANGLES = 4


def report(study: OpenedStudy) -> Report:
    """Measure what has been voted, and have the panel vote on the table's own rows."""
    names, votes, data = study.class_names, study.ballots, study.data
    assert data.features is not None  # the study was checked
    every = fields(study.images, votes, names)
    own = own_rows(study, votes.names, every[0].labels)
    found = analyse(study, edge_sequences(study.images), own.correct)
    features = [feature.name for feature in data.features]
    pictures = {
        _FIELDS: partial(draw_fields, every, own.points.values, features, names),
        "figures/lines.png": partial(draw_walks, cycles(study.images, names), votes.mean, names, _LINES),
        _TERNARY: partial(draw_ternary, [own.points, *every][:_TRIANGLES], names),
    }
    return Report(found.to_json(), found.tables(), sections=lambda _: sections(found), pictures=pictures)


def sections(found: LandscapeFindings) -> Sequence[Section]:
    """Return the sections of a page; their pictures are drawn by then."""
    study, names, whole = found.study, found.study.class_names, found.votes.with_mean()
    walks, folder = cycles(study.images, names), study.store.path
    most = MOST_NUMBERS // (len(walks.every[0].frames) * len(whole.names) * LINES)
    drawn = replace(walks, every=walks.every[:most])
    more = "" if len(walks.every) <= most else f" The first {most} of {len(walks.every)} groups."
    lines = f"Probabilities on the lines from item to item, and where networks disagree.{more}"
    parts: list[Part] = [
        Picture(folder / _FIELDS, "Fields over pairs of features."),
        Plot(walk_plot(drawn, whole, found.votes.dissent, names), lines, WIDTH),
        Picture(folder / _TERNARY, "Probabilities of three classes. The larger a point, the more confident."),
    ]
    text = "Points between items of three classes, on which the panel votes as on rows of the table."
    return [found.section(), Section("Fields between items", text, parts)]


_MOST_PAIRS, _ACROSS = 6, 3  # six are all pairs of four features


def draw_fields(
    every: Sequence[Points], rows: Floats, features: Sequence[str], names: Sequence[str], path: Path
) -> None:
    """Draw fields over pairs of features, the first six, coloured by the panel's prediction (Fig. 6).

    Behind them lie the table's own ``rows``, (n, features).
    """
    whole, pairs = _joined(every), list(combinations(range(len(features)), 2))[:_MOST_PAIRS]
    deep = -(-len(pairs) // _ACROSS)
    figure = Figure(figsize=(10.5, 3.3 * deep), layout="constrained")
    grid = figure.subplots(deep, min(_ACROSS, len(pairs)), squeeze=False).ravel()
    for axes, (x, y) in zip(grid, pairs, strict=False):
        axes.scatter(rows[:, x], rows[:, y], s=5, color="#bbbbbb", zorder=0)
        _scatter(axes, whole, whole.values[:, x], whole.values[:, y], 13, names)
        axes.set_xlabel(features[x], fontsize=8)
        axes.set_ylabel(features[y], fontsize=8)
        plain(axes)
    for axes in grid[len(pairs) :]:
        axes.set_visible(False)
    _legend(grid[0], 7)
    figure.suptitle(
        f"Between items, networks disagree on {(whole.dissent > 0).mean():.1%} of the points (dark edges); "
        "grey: the table's rows",
        fontsize=10,
    )
    save(figure, path)


def _joined(every: Sequence[Points]) -> Points:
    values, mean, dissent = (
        np.concatenate([getattr(one, name) for one in every]) for name in ("values", "mean", "dissent")
    )
    return replace(every[0], values=values, mean=mean, dissent=dissent)


def draw_ternary(some: Sequence[Points], names: Sequence[str], path: Path) -> None:
    """Draw each point's probabilities of three classes in a triangle, a triangle for each of some (Fig. 8).

    Colour is the panel's prediction; the larger a point, the more confident.
    """
    figure = Figure(figsize=(5.2 * len(some), 4.9), layout="constrained")
    for axes, points in zip(figure.subplots(1, len(some), squeeze=False)[0], some, strict=True):
        x, y = plane(shares(points.mean, points.labels))
        sizes = 6 + 40 * (points.mean.max(1) - 0.3).clip(0)
        axes.plot([0, 1, 0.5, 0], [0, 0, _TOP, 0], color="#999999", lw=1)
        _scatter(axes, points, x, y, sizes, names)
        for (across, up), side, label in zip(_CORNERS, ("top", "top", "bottom"), points.labels, strict=True):
            axes.text(across, up + (0.02 if up else -0.03), names[label], ha="center", va=side, fontsize=9)
        _legend(axes, 8)
        axes.set(xlim=(-0.18, 1.18), ylim=(-0.1, 0.98), aspect="equal", xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
        axes.set_title(points.title, fontsize=9)
    figure.suptitle(
        "The panel's mean probabilities: the nearer a corner, the surer; dark edge: networks disagree",
        fontsize=10,
    )
    save(figure, path)


def _scatter(
    axes: Axes, points: Points, x: Floats, y: Floats, size: Floats | int, names: Sequence[str]
) -> None:
    """Draw points, coloured by the panel's prediction, with a dark edge where networks disagree."""
    answer, sizes = points.mean.argmax(1), np.broadcast_to(size, len(x))
    for label in np.unique(answer):
        taken = answer == label
        axes.scatter(
            x[taken],
            y[taken],
            s=sizes[taken],
            color=colour(label),
            marker=marker(label),
            alpha=0.8,
            linewidths=np.where(points.dissent[taken] > 0, 0.8, 0).tolist(),
            edgecolors="black",
            label=names[label],
        )


def _legend(axes: Axes, size: int) -> None:
    """Name the classes, without the edges that some of their points have."""
    for handle in axes.legend(fontsize=size).legend_handles:
        if isinstance(handle, Collection):
            handle.set_linewidth(0)


_TOP = np.sqrt(0.75)
_CORNERS = ((0, 0), (1, 0), (0.5, _TOP))


def shares(probabilities: Singles, labels: Sequence[int] = (0, 1, 2)) -> Floats:
    """Return three classes' probabilities, (n, 3), scaled so that each row's sum is one.

    Where all three are 0 in single precision, they are taken to be equal.
    """
    three = probabilities[:, list(labels)].astype(np.float64)
    total = three.sum(1, keepdims=True)
    return np.where(total > 0, three / np.where(total > 0, total, 1), 1 / 3)


def plane(ternary: Floats) -> tuple[Floats, Floats]:
    """Return where shares, (n, 3), lie in a triangle with corners (0, 0), (1, 0) and (1/2, √3/2)."""
    return ternary[:, 1] + ternary[:, 2] / 2, ternary[:, 2] * _TOP
