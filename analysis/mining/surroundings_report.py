"""The surroundings of seeds as a picture, and interactive on a run's page."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.patheffects import AbstractPathEffect, withStroke

from outvoted.analysis.mining.directions import two_directions
from outvoted.analysis.mining.surroundings import Climb, Surroundings, climbs, every, file_of
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.report.drawing import class_names, colour, plot_text, save, show
from outvoted.analysis.report.menus import add_menus, networks, rounded
from outvoted.analysis.report.report import Part, Picture, Plot, Section
from outvoted.search.arrays import Floats, Ints, Pixels

_MISTAKE = "#D55E00"
ALL_CORRECT, SEVERAL = "#eeeeee", "#555555"
WHO = "who is outvoted"
_MOST = 12
_HEIGHT = 560
_TEXT = (
    "A seed is moved in two directions, as far as the realism budget allows, and shown to the panel. Lines "
    "are the climbs of mistakes mined from it; climbs also move in the other directions, which the map keeps "
    "fixed."
)
_COLUMNS = 3
_ROOM = 0.06  # around the budget's frame, as a share of its width
_DARK: list[AbstractPathEffect] = [withStroke(linewidth=2.2, foreground="black")]


def draw_surroundings(
    found: Surroundings, climbs: Sequence[Climb], corners: Pixels, title: str, path: Path
) -> None:
    """Write the picture of a seed's surroundings: see :func:`surroundings_figure`."""
    save(surroundings_figure(found, climbs, corners, title), path)


def surroundings_figure(found: Surroundings, climbs: Sequence[Climb], corners: Pixels, title: str) -> Figure:
    """Draw what the seed looks like, each network's probability of the label, and who is outvoted where.

    Args:
        climbs: of the mistakes mined from the seed; on a network's map are those it was the target of.
        corners: the seed at the ends and the middle of both directions, (9, channels, height, width), row by
            row, y ascending.
        title: what is seen.
    """
    count = len(found.networks) + 2
    deep = -(-count // _COLUMNS)
    figure = Figure(figsize=(3.1 * _COLUMNS, 2.9 * deep + 1.3), layout="constrained")
    grid = figure.subplots(deep, _COLUMNS, squeeze=False).ravel()
    _tiles(grid[0], found, corners)
    for place, name in enumerate(found.networks):
        axes = grid[1 + place]
        _probability(axes, found, place)
        _climbs(axes, [climb for climb in climbs if climb.target == place])
        axes.set_title(name, fontsize=10)
    handles = [*_who(grid[count - 1], found, climbs), *_marks(found, climbs)]
    figure.legend(handles=handles, fontsize=9, loc="outside lower center", ncols=3, frameon=False)
    for axes in grid[count:]:
        axes.set_visible(False)
    bar = figure.colorbar(
        ScalarMappable(Normalize(0, 1), "cividis"), ax=grid[1:count].tolist(), shrink=0.5, aspect=25
    )
    bar.set_label("probability of the label", fontsize=9)
    bar.ax.tick_params(labelsize=8)
    figure.suptitle(f"{title}\n{_directions(found)}", fontsize=11)
    return figure


def around(found: Surroundings, climbs: Sequence[Climb], label: str) -> str:
    """Return a picture's title."""
    mined = (
        f"{len(climbs)} mistakes were mined from it" if len(climbs) != 1 else "1 mistake was mined from it"
    )
    return f"Around seed {found.seed_id}, label {label}: {mined}"


def _directions(found: Surroundings) -> str:
    across, up = map(measured, found.names)
    return f"across: {across}, up: {up}; in every other direction the seed is unchanged"


def _marks(found: Surroundings, climbs: Sequence[Climb]) -> list[Line2D]:
    """Return what lines and markers mean, of those that are drawn."""
    white: dict[str, Any] = {"color": "white", "path_effects": _DARK}
    marks = [Line2D([], [], ls="--", color=_MISTAKE, label="the realism budget")]
    leads = [edge(found, place) for place in range(len(found.networks))]
    if any(lead.min() < 0 < lead.max() for lead in leads):
        marks.append(Line2D([], [], lw=1.4, **white, label="where the network changes its answer"))
    if climbs:
        seed: dict[str, Any] = {
            "marker": "o",
            "ms": 6,
            "color": "white",
            "markeredgecolor": "black",
            "ls": "",
        }
        cross: dict[str, Any] = {
            "marker": "X",
            "ms": 7,
            "color": _MISTAKE,
            "markeredgecolor": "white",
            "ls": "",
        }
        marks += [
            Line2D([], [], **seed, label="the seed"),
            Line2D([], [], **cross, label="a mined mistake, projected onto the two directions"),
            Line2D([], [], marker=".", lw=0.9, **white, label="the way to it, projected"),
        ]
    return marks


_SUFFIXES = {"deg": "degrees", "px": "pixels"}
_UNITS = {"rotation": "degrees", "shear": "degrees", "translate": "pixels", "scale": "factor"}


def measured(name: str) -> str:
    """Return a direction's name with its unit, where it has one."""
    words, _, suffix = name.rpartition("_")
    unit = _SUFFIXES.get(suffix)
    if unit is None:
        words, unit = name, _UNITS.get(name.split("_")[0])
    return f"{words.replace('_', ' ')} ({unit})" if unit else name.replace("_", " ")


def outvoted_map(found: Surroundings) -> Ints:
    """Say who is outvoted at each point: k the k-th network, from 1; 0 all are correct, -1 several err."""
    who = np.where(found.outvoted.any(0), found.outvoted.argmax(0) + 1, -1)
    return np.where(found.correct.all(0), 0, who)


def edge(found: Surroundings, network: int) -> Floats:
    """Return by how much the label leads over the best other class, (rows, columns); 0 on the boundary."""
    label = found.probabilities[network, ..., found.label].astype(np.float64)
    others = np.delete(found.probabilities[network], found.label, axis=-1).max(-1)
    return np.asarray(label - others)


def _probability(axes: Axes, found: Surroundings, network: int) -> None:
    probability = found.probabilities[network, ..., found.label]
    axes.pcolormesh(found.x, found.y, probability, cmap="cividis", vmin=0, vmax=1, shading="nearest")
    lead = edge(found, network)
    if lead.min() < 0 < lead.max():
        lines = axes.contour(found.x, found.y, lead, levels=[0], colors="white", linewidths=1.4)
        lines.set_path_effects(_DARK)
    _frame(axes, found)


def _who(axes: Axes, found: Surroundings, climbs: Sequence[Climb]) -> list[Patch]:
    """Draw who is outvoted, and return what the colours mean."""
    who, networks = outvoted_map(found), len(found.networks)
    colours = [SEVERAL, ALL_CORRECT, *(colour(place) for place in range(networks))]
    drawn = ListedColormap(colours)
    axes.pcolormesh(found.x, found.y, who + 1, cmap=drawn, vmin=-0.5, vmax=networks + 1.5, shading="nearest")
    _frame(axes, found)
    _climbs(axes, climbs)
    axes.set_title("who is outvoted", fontsize=10)
    outvoted = [f"{name} is outvoted" for name in found.networks]
    labels = ["several are wrong", "all are correct", *outvoted]
    there = [place for place in range(networks + 2) if (who == place - 1).any()]
    return [Patch(facecolor=colours[place], edgecolor="#999999", label=labels[place]) for place in there]


def _climbs(axes: Axes, climbs: Sequence[Climb]) -> None:
    for climb in climbs:
        (line,) = axes.plot(climb.x, climb.y, color="white", lw=0.9, marker=".", ms=3)
        line.set_path_effects(_DARK)
    if climbs:
        x, y = ([ends[-1] for ends in way] for way in zip(*((one.x, one.y) for one in climbs), strict=True))
        axes.scatter(x, y, marker="X", s=45, color=_MISTAKE, edgecolors="white", linewidths=0.8, zorder=5)
        start = climbs[0].x[0], climbs[0].y[0]
        axes.scatter(*start, marker="o", s=40, color="white", edgecolors="black", zorder=6)


def _frame(axes: Axes, found: Surroundings) -> None:
    width, height = np.ptp(found.x), np.ptp(found.y)
    left, low = found.x.min(), found.y.min()
    axes.add_patch(Rectangle((left, low), width, height, fill=False, ls="--", ec=_MISTAKE, lw=1))
    axes.set(
        xlim=(left - _ROOM * width, left + (1 + _ROOM) * width),
        ylim=(low - _ROOM * height, low + (1 + _ROOM) * height),
    )
    axes.set_xlabel(measured(found.names[0]), fontsize=9)
    axes.set_ylabel(measured(found.names[1]), fontsize=9)
    axes.tick_params(labelsize=8)


def _tiles(axes: Axes, found: Surroundings, corners: Pixels) -> None:
    rows = corners.reshape(3, 3, *corners.shape[1:])[::-1]  # the largest y on top, as on the maps
    show(axes, np.concatenate(np.concatenate(rows, axis=2), axis=2))
    axes.set_xlabel(f"{found.names[0]} →", fontsize=9)
    axes.set_ylabel(f"{found.names[1]} →", fontsize=9)
    axes.set_title("the seed at the limits of the budget", fontsize=10)


def surroundings_sections(run: OpenedRun) -> list[Section]:
    """Return a section of the landscapes that `outvoted landscape` has drawn of a run; none without any.

    Raises:
        OutvotedError: a file cannot be read.
    """
    found = list(every(run.store.path))
    if not found:
        return []
    parts: list[Part] = []
    for one in found[:_MOST]:
        parts += _parts(run, one)
    more = f" The first {_MOST} of {len(found)} are shown." if len(found) > _MOST else ""
    return [Section("Around seeds", _TEXT + more, parts)]


def surroundings_plot(found: Surroundings, ways: Sequence[Climb]) -> go.Figure:
    """Draw one network's probability of the label at a time, with its boundary, or who is outvoted."""
    figure, owners = go.Figure(), list[int | None]()
    for network in range(len(found.networks)):
        mine = [way for way in ways if way.target == network]
        for trace in (*_probability_traces(found, network), *_climb_traces(mine)):
            figure.add_trace(trace)
            owners.append(network)
    for trace in (_who_trace(found), *_climb_traces(ways)):
        figure.add_trace(trace)
        owners.append(len(found.networks))
    x, y = found.names
    figure.update_layout(
        height=_HEIGHT,
        xaxis={"title": {"text": plot_text(x)}},
        yaxis={"title": {"text": plot_text(y)}},
        shapes=[_budget(found)],
        showlegend=False,
    )
    add_menus(figure, networks((*found.networks, WHO), owners))
    return figure


def _parts(run: OpenedRun, found: Surroundings) -> list[Part]:
    label = class_names(run.record, run.data.classes)[found.label]
    ways = climbs(run, found.seed_id, two_directions(run.transform, *found.names))
    caption = f"Seed {found.seed_id}, label {label}: {' and '.join(found.names)}."
    picture: Path = file_of(run.store.path, found).with_suffix(".png")
    drawn = [Picture(picture, caption)] if picture.is_file() else []
    return [*drawn, Plot(surroundings_plot(found, ways), f"{caption} Choose a network.")]


def _probability_traces(found: Surroundings, network: int) -> tuple[go.Heatmap, go.Contour]:
    x, y = found.x.tolist(), found.y.tolist()
    bar = {"title": {"text": "probability<br>of the label"}, "thickness": 12}
    probability = rounded(found.probabilities[network, ..., found.label])
    boundary = {"start": 0, "end": 0, "size": 1, "coloring": "none"}
    return (
        go.Heatmap(x=x, y=y, z=probability, zmin=0, zmax=1, colorscale="Cividis", colorbar=bar),
        go.Contour(
            x=x,
            y=y,
            z=rounded(edge(found, network)),
            contours=boundary,
            line={"color": "white", "width": 2},
            showscale=False,
            hoverinfo="skip",
        ),
    )


def _who_trace(found: Surroundings) -> go.Heatmap:
    """Return a map in steps of colour, one for each that may be outvoted."""
    names = ["several wrong", "all correct", *map(plot_text, found.networks)]
    colours = [SEVERAL, ALL_CORRECT, *(colour(place) for place in range(len(found.networks)))]
    count = len(names)
    steps = [(end, shade) for k, shade in enumerate(colours) for end in (k / count, (k + 1) / count)]
    return go.Heatmap(
        x=found.x.tolist(),
        y=found.y.tolist(),
        z=(outvoted_map(found) + 1).tolist(),
        zmin=-0.5,
        zmax=count - 0.5,
        colorscale=steps,
        colorbar={"tickvals": list(range(count)), "ticktext": names, "thickness": 12},
        hoverinfo="x+y",
    )


def _climb_traces(ways: Sequence[Climb]) -> tuple[go.Scatter, go.Scatter]:
    """Return the ways in one trace, with gaps between them, and where they end."""
    x = [value for way in ways for value in (*rounded(way.x), None)]
    y = [value for way in ways for value in (*rounded(way.y), None)]
    line = {"color": "#D55E00", "width": 1.5}
    ends = [f"search {way.search_id}" for way in ways]
    return (
        go.Scatter(x=x, y=y, mode="lines+markers", line=line, marker={"size": 4}, hoverinfo="skip"),
        go.Scatter(
            x=[rounded(way.x)[-1] for way in ways],
            y=[rounded(way.y)[-1] for way in ways],
            mode="markers",
            text=ends,
            hoverinfo="text",
            marker={"symbol": "x", "size": 10, "color": "#D55E00", "line": {"color": "white", "width": 1}},
        ),
    )


def _budget(found: Surroundings) -> dict[str, Any]:
    ends = {"x0": found.x.min(), "x1": found.x.max(), "y0": found.y.min(), "y1": found.y.max()}
    return {"type": "rect", **ends, "line": {"color": "#D55E00", "width": 1, "dash": "dash"}}
