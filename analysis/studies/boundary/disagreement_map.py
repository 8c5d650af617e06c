"""The map of who disagrees on which image (Vlaar, fig. 4): as a PNG, and on the page with all predictions."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from outvoted.analysis.report.drawing import save
from outvoted.analysis.report.menus import Choice, add_menus
from outvoted.analysis.studies.boundary.agreement import Agreement
from outvoted.analysis.studies.boundary.figures import title
from outvoted.analysis.studies.boundary.findings import BoundaryFindings
from outvoted.analysis.studies.boundary.groups import OverSeeds
from outvoted.analysis.studies.boundary.tables import ACCURACY, SIMULATED
from outvoted.search.arrays import Ints


@dataclass(frozen=True)
class CellStyle:
    """How the map shows a kind of image.

    Attributes:
        name: the kind, in the legend.
        colour: of the cell; colour-blind readers can tell the colours apart.
        mark: drawn in the cell, so that nobody depends on colours.
        ink: the colour of the mark.
    """

    name: str
    colour: str
    mark: str
    ink: str


NOBODY, NETWORKS, NETWORKS_MORE, LABELLERS, LABELLERS_MORE, BOTH, MISTAKEN = range(7)
CELL_STYLES = (
    CellStyle("all agree", "#c4c4c4", "", "#222222"),
    CellStyle("networks only, 2 classes", "#9fd0ee", "●", "#222222"),
    CellStyle("networks only, 3 or more", "#00639c", "●", "#ffffff"),
    CellStyle("labellers only, 2 classes", "#f6b48a", "▲", "#222222"),
    CellStyle("labellers only, 3 or more", "#a84300", "▲", "#ffffff"),
    CellStyle("both disagree", "#ffffff", "", "#222222"),
    CellStyle("all agree, networks on another label", "#c4c4c4", "×", "#222222"),
)
"""The paper's reds and blues, from Okabe & Ito's palette."""
_RANGE = (-0.5, len(CELL_STYLES) - 0.5)
_EDGE = "#888888"


def disagreement(networks: Agreement, people: Agreement | None) -> Ints:
    """Return who disagrees on each image: an index into CELL_STYLES, shape (images,).

    Without labels, people are taken to agree with the networks.
    """
    split = np.where(networks.split > 2, NETWORKS_MORE, NETWORKS)
    alone = np.where(networks.agree, NOBODY, split)
    if people is None:
        return alone
    mistaken = networks.agree & people.agree & (networks.label != people.label)
    apart = np.where(people.split > 2, LABELLERS_MORE, LABELLERS)
    disagree = np.where(networks.agree, apart, BOTH)
    return np.where(people.agree, np.where(mistaken, MISTAKEN, alone), disagree)


def _grid(found: BoundaryFindings, one: OverSeeds) -> Ints:
    """Return who disagrees in the first group, shape (pairs, steps)."""
    people = None if found.people is None else found.people.together
    return disagreement(one.first, people)[found.ways.images]


def _legend(found: BoundaryFindings) -> dict[str, str]:
    """Return the legend: the colour of each entry."""
    styles = CELL_STYLES if found.people is not None else CELL_STYLES[: NETWORKS_MORE + 1]
    return {f"{style.mark} {style.name}".strip(): style.colour for style in styles}


def draw_map(found: BoundaryFindings, path: Path) -> None:
    """Draw the first group of each family, one map for each target accuracy."""
    targets = sorted({one.target for one in found.seeds})
    rows, columns = found.ways.images.shape
    size = (0.17 * columns * len(targets) + 1.6, 0.17 * rows * len(found.families) + 1.9)
    figure = Figure(figsize=(max(5.5, size[0]), size[1]), layout="constrained")
    grid = figure.subplots(len(found.families), len(targets), squeeze=False)
    drawn = {(one.family, one.target): one for one in found.seeds}
    for place, axes in np.ndenumerate(grid):
        one = drawn.get((found.families[place[0]], targets[place[1]]))
        if one is None:
            axes.set_visible(False)
        else:
            _cells(axes, found, one)
    legend = _legend(found)
    boxes = [Patch(facecolor=colour, edgecolor=_EDGE) for colour in legend.values()]
    abreast = 3 if columns > 5 else 2
    figure.legend(boxes, list(legend), loc="outside lower center", ncols=abreast, fontsize=8, frameon=False)
    title(
        figure, found, "Who disagrees on which image: networks (dots), labellers (triangles), or both (white)"
    )
    save(figure, path)


def _cells(axes: Axes, found: BoundaryFindings, one: OverSeeds) -> None:
    kinds, ways = _grid(found, one), found.ways
    colours = ListedColormap([style.colour for style in CELL_STYLES])
    low, high = _RANGE
    axes.pcolormesh(kinds, cmap=colours, vmin=low, vmax=high, edgecolors=_EDGE, linewidth=0.3)
    for (row, column), kind in np.ndenumerate(kinds):
        style = CELL_STYLES[kind]
        axes.text(column + 0.5, row + 0.5, style.mark, fontsize=5, color=style.ink, ha="center", va="center")
    axes.invert_yaxis()
    axes.set_aspect("equal")
    axes.set_yticks(np.arange(len(ways.ends)) + 0.5, ways.names, fontsize=5)
    axes.set_xticks([0.5, len(ways.alphas) - 0.5], ["0", "α = 1"], fontsize=6)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_title(f"{one.family}, {ACCURACY(one.target)} %, {one.size} networks", fontsize=8)


def map_plot(found: BoundaryFindings) -> go.Figure:
    """Return the map of one family and target accuracy at a time; hovering shows an image's predictions."""
    ways = found.ways
    edge = {"width": 1, "color": _EDGE}
    figure = go.Figure(_heatmap())
    for name, colour in _legend(found).items():
        marker = {"symbol": "square", "size": 12, "color": colour, "line": edge}
        figure.add_scatter(x=[None], y=[None], mode="markers", marker=marker, name=name)
    add_menus(figure, [_choice(found, one) for one in found.seeds])
    alphas = [f"{alpha:g}" for alpha in ways.alphas]
    figure.update_xaxes(title_text="α", tickvals=list(range(len(alphas))), ticktext=alphas)
    rows = list(range(len(ways.ends)))
    figure.update_yaxes(autorange="reversed", tickvals=rows, ticktext=ways.names, automargin=True)
    below = {"orientation": "h", "x": 0, "y": -0.16, "yanchor": "top"}  # beside it there may be no room
    legend = {**below, "itemclick": False, "itemdoubleclick": False}
    named = {"text": SIMULATED if found.simulated else "", "font": {"size": 12}, "x": 0.01, "y": 0.99}
    figure.update_layout(height=26 * len(rows) + 270, legend=legend, title=named)
    return figure


def _heatmap() -> go.Heatmap:
    ends = np.linspace(0, 1, len(CELL_STYLES) + 1).tolist()
    bands = [[end, style.colour] for k, style in enumerate(CELL_STYLES) for end in (ends[k], ends[k + 1])]
    low, high = _RANGE
    scale = {"colorscale": bands, "zmin": low, "zmax": high, "showscale": False}
    return go.Heatmap(texttemplate="%{text}", hoverinfo="text", xgap=2, ygap=2, **scale)


def _choice(found: BoundaryFindings, one: OverSeeds) -> Choice:
    kinds = _grid(found, one)
    marks = [[CELL_STYLES[kind].mark for kind in row] for row in kinds]
    hover = [
        [_says(found, image, one.first, CELL_STYLES[kind]) for image, kind in zip(*row, strict=True)]
        for row in zip(found.ways.images.tolist(), kinds, strict=True)
    ]
    traces = {"z": [kinds.tolist()], "text": [marks], "hovertext": [hover]}
    return Choice(f"{one.family}, {ACCURACY(one.target)} %", traces)


def _says(found: BoundaryFindings, image: int, networks: Agreement, style: CellStyle) -> str:
    """Say for the hover text what labellers and networks make of an image."""
    groups = {"networks": networks}
    if found.people is not None:
        groups = {"labellers": found.people.together, **groups}
    said = [f"{who}: {_counts(group.counts[image], found.ways.class_names)}" for who, group in groups.items()]
    return "<br>".join([f"image {image}: {found.ways.place(image)}", style.name, *said])


def _counts(counts: Ints, class_names: Sequence[str]) -> str:
    order = [label for label in np.argsort(-counts, kind="stable") if counts[label]]
    return ", ".join(f"{class_names[label]} × {counts[label]}" for label in order)
