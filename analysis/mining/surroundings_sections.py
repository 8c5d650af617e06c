"""The surroundings of seeds in the report of a run."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import plotly.graph_objects as go

from outvoted.analysis.mining.directions import two_directions
from outvoted.analysis.mining.surroundings import Climb, Surroundings, climbs
from outvoted.analysis.mining.surroundings_files import every, file_of
from outvoted.analysis.mining.surroundings_picture import ALL_RIGHT, SEVERAL, edge, outvoted_map
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.report.html.escaping import plot_text
from outvoted.analysis.report.html.naming import class_names
from outvoted.analysis.report.html.parts import Part, Picture, Plot, Section
from outvoted.analysis.studies.landscape.choices import add_menus, networks, rounded
from outvoted.analysis.studies.landscape.palette import colour

WHO = "who is outvoted"
_MOST = 12
_HEIGHT = 560
_TEXT = (
    "A seed is moved in two directions, as far as the realism budget goes, and put to the panel. Lines are "
    "the climbs of mistakes mined from it; they move in the other directions too, in which the map stands "
    "still."
)


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
        for trace in (*_probability(found, network), *_climbs(mine)):
            figure.add_trace(trace)
            owners.append(network)
    for trace in (_who(found), *_climbs(ways)):
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


def _probability(found: Surroundings, network: int) -> tuple[go.Heatmap, go.Contour]:
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


def _who(found: Surroundings) -> go.Heatmap:
    """Return a map in steps of colour, one for each that may be outvoted."""
    names = ["several wrong", "all right", *map(plot_text, found.networks)]
    colours = [SEVERAL, ALL_RIGHT, *(colour(place) for place in range(len(found.networks)))]
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


def _climbs(ways: Sequence[Climb]) -> tuple[go.Scatter, go.Scatter]:
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
