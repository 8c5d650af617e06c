"""Pictures of morphs: frames, lines over frames, surfaces, and where networks part."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm
from matplotlib.figure import Figure
from plotly.subplots import make_subplots

from outvoted.analysis.report.drawing import OTHERS, THREE, plain, plot_text, save, show
from outvoted.analysis.report.menus import Choice, add_menus, networks, rounded
from outvoted.analysis.studies.ballots import MEAN, Ballots
from outvoted.analysis.studies.morphs.passages import Passage, once
from outvoted.search.arrays import Pixels, Singles

STYLES = ("-", "--", "-.")
_SHOWN = 6


def draw_frames(some: Sequence[Passage], pixels: Pixels, names: Sequence[str], path: Path) -> None:
    """Draw a part of the frames of each passage: down across the pair, to the right towards the third."""
    figure = Figure(figsize=(4.4 * len(some), 4.7), layout="constrained")
    for axes, one in zip(figure.subplots(1, len(some), squeeze=False)[0], some, strict=True):
        taken = np.linspace(0, len(one.frames) - 1, _SHOWN).round().astype(int)
        tiles = pixels[one.frames[np.ix_(taken, taken)]]
        show(axes, np.concatenate(np.concatenate(tiles, axis=2), axis=2))
        axes.set_title(one.title(names), fontsize=9)
    save(figure, path)


def draw_lines(some: Sequence[Passage], mean: Singles, names: Sequence[str], path: Path) -> None:
    """Draw the three classes' probabilities over all frames, one morph after the other (Figs. 3 and 4).

    ``mean`` has shape (images, classes).
    """
    figure = Figure(figsize=(10, 2.6 * len(some) + 0.3), layout="constrained")
    for axes, one in zip(figure.subplots(len(some), 1, squeeze=False)[:, 0], some, strict=True):
        walked = mean[one.frames.ravel()]
        for label, colour, style in zip(one.labels, THREE, STYLES, strict=True):
            axes.plot(walked[:, label], style, color=colour, lw=1.1, label=names[label])
        other = np.delete(walked, list(one.labels), axis=1).sum(1)
        axes.plot(other, ":", color=OTHERS, lw=1.1, label="all other classes")
        axes.set_title(one.title(names), fontsize=9, loc="left")
        axes.set(ylim=(-0.02, 1.02), xlim=(0, len(walked) - 1), ylabel="probability")
        axes.legend(fontsize=7, loc="lower right", bbox_to_anchor=(1, 1), ncols=4, frameon=False)
        plain(axes)
    axes.set_xlabel(f"frame, {len(one.frames[0])} for each mixture of the pair")
    save(figure, path)


def draw_surfaces(some: Sequence[Passage], mean: Singles, names: Sequence[str], path: Path) -> None:
    """Draw a surface for each of the three classes (Fig. 5)."""
    figure = Figure(figsize=(10, 3.5 * len(some)), layout="constrained")
    for row, one in enumerate(some):
        side, length = one.frames.shape
        along, across = np.meshgrid(np.linspace(0, 1, length), np.linspace(0, 1, side))
        for column, label in enumerate(one.labels):
            place = row * 3 + column + 1
            axes = figure.add_subplot(len(some), 3, place, projection="3d")
            heights = mean[one.frames, label]
            axes.plot_surface(
                across, along, heights, cmap="cividis", vmin=0, vmax=1, rcount=side, ccount=length
            )
            axes.set(zlim=(0, 1), title=f"{one.group + 1}{one.letter}: {names[label]}")
            axes.set_xlabel(f"→ {names[one.labels[1]]}", fontsize=8)
            axes.set_ylabel(f"→ {names[one.labels[2]]}", fontsize=8)
            axes.tick_params(labelsize=6)
            axes.title.set_fontsize(9)
    save(figure, path)


def draw_dissent(
    every: Sequence[Passage], dissent: Singles, peers: int, names: Sequence[str], path: Path
) -> None:
    """Draw for each passage where the networks part: how many differ from the most frequent answer.

    Each group has a row, set by set; pairs in the other order, whose frames are mirrored, are left out.
    """
    some = once(every)
    groups = sorted({one.group for one in some})
    columns = len(some) // len(groups)
    figure = Figure(figsize=(1.95 * columns + 1.4, 1.75 * len(groups) + 0.5), layout="constrained")
    grid = figure.subplots(len(groups), columns, squeeze=False)
    most = max(peers - 1, 1)
    norm = BoundaryNorm(np.arange(-0.5, most + 1), 256)
    for axes, group in zip(grid, groups, strict=True):
        for cell, one in zip(axes, [p for p in some if p.group == group], strict=True):
            drawn = cell.imshow(peers * dissent[one.frames], cmap="cividis", norm=norm, aspect="auto")
            _name(cell, one, names)
    bar = figure.colorbar(drawn, ax=grid, shrink=0.4, ticks=range(most + 1))
    bar.set_label(f"networks of {peers} that differ from the most frequent answer", fontsize=8)
    save(figure, path)


def _name(axes: Axes, one: Passage, names: Sequence[str]) -> None:
    first, second, third = (names[label] for label in one.labels)
    axes.set(xticks=[], yticks=[])
    axes.set_title(f"{one.group + 1}{one.letter}", fontsize=8, loc="left", pad=2)
    axes.set_xlabel(f"→ {third}", fontsize=7)
    axes.set_ylabel(f"{second} ← {first}", fontsize=7)


_HEIGHT = 440
_SCENES = ("scene", "scene2", "scene3")
_DISSENT, _PROBABILITY = "share of networks<br>that differ", "probability"


def surface_plot(
    some: Sequence[Passage], whole: Ballots, dissent: Singles, names: Sequence[str]
) -> go.Figure:
    """Draw one passage at a time, for one network or the panel's mean: a surface for each of three classes.

    A network's surfaces are coloured by their height, the mean's by the share of networks that differ.

    Args:
        some: all with equally many frames.
        whole: the panel's mean first, then its networks.
        dissent: share of networks that differ, (images,).
        names: of the classes.
    """
    kinds = [[{"type": "surface"}] * len(_SCENES)]
    titles = [" "] * len(_SCENES)  # which ones, the choice says
    figure = make_subplots(cols=len(_SCENES), specs=kinds, subplot_titles=titles, horizontal_spacing=0.01)
    across, along = (rounded(np.linspace(0, 1, count)) for count in some[0].frames.shape)
    owners: list[int | None] = []
    for network in range(len(whole.names)):
        for column in range(len(_SCENES)):
            figure.add_surface(x=across, y=along, coloraxis="coloraxis", row=1, col=column + 1)
            owners.append(network)
    _frame(figure)
    shown = [_passage(one, whole, dissent, names) for one in some]
    add_menus(figure, shown, networks(whole.names, owners, _bars(whole.names)))
    return figure


def _passage(one: Passage, whole: Ballots, dissent: Singles, names: Sequence[str]) -> Choice:
    frames = one.frames.T  # rows are along, as Plotly's y is
    heights, colours = [], []
    for name, probabilities in zip(whole.names, whole.probabilities, strict=True):
        for label in one.labels:
            heights.append(rounded(probabilities[frames, label]))
            colours.append(rounded(dissent[frames]) if name == MEAN else None)
    _, second, third = (plot_text(names[label]) for label in one.labels)
    layout: dict[str, Any] = {}
    for place, (scene, label) in enumerate(zip(_SCENES, one.labels, strict=True)):
        layout[f"annotations[{place}].text"] = plot_text(names[label])
        layout[f"{scene}.xaxis.title.text"] = f"→ {second}"
        layout[f"{scene}.yaxis.title.text"] = f"→ {third}"
    return Choice(one.title(names), {"z": heights, "surfacecolor": colours}, layout)


def _bars(networks: Sequence[str]) -> dict[int, Mapping[str, Any]]:
    """Say for each network what colours mean."""
    key = "coloraxis.colorbar.title.text"
    return {k: {key: _DISSENT if name == MEAN else _PROBABILITY} for k, name in enumerate(networks)}


def _frame(figure: go.Figure) -> None:
    bar = {"thickness": 12, "len": 0.7, "title": {"text": _PROBABILITY}}
    figure.update_layout(
        height=_HEIGHT, coloraxis={"cmin": 0, "cmax": 1, "colorscale": "Cividis", "colorbar": bar}
    )
    share = {"tickvals": [0, 0.5, 1], "tickfont": {"size": 10}, "title": {"font": {"size": 12}}}
    figure.update_scenes(
        xaxis=share,
        yaxis=share,
        zaxis={"range": [0, 1], "title": {"text": ""}, "tickfont": {"size": 10}},
        camera={"eye": {"x": -1.7, "y": -1.9, "z": 1.1}, "center": {"x": 0, "y": 0, "z": -0.15}},
        aspectmode="cube",
    )
