"""Interactive plots of a boundary study for the page: curves, points and maps (Vlaar, figs. 2 and 4)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from outvoted.analysis.report.drawing import MENU
from outvoted.analysis.report.numbers import PERCENT
from outvoted.analysis.studies.boundary.agreement import (
    CELL_STYLES,
    Agreement,
    CellStyle,
    Entropies,
    disagreement,
)
from outvoted.analysis.studies.boundary.figures import (
    Measure,
    dodge,
    family_colour,
    family_dash,
    family_marker,
    lowest,
    panels,
)
from outvoted.analysis.studies.boundary.findings import BoundaryFindings, Ways
from outvoted.analysis.studies.boundary.groups import OverSeeds
from outvoted.analysis.studies.boundary.tables import ACCURACY, SIMULATED
from outvoted.search.arrays import Floats

SMALL = {"size": 12}
BELOW = {"orientation": "h", "x": 0, "y": -0.22, "yanchor": "top"}
"""A legend under the figure: beside it, it would leave a narrow page no room."""
_NAMED = 6
_AREA = 4  # square root of pixels for one image


def types_plot(found: BoundaryFindings) -> go.Figure:
    """Return fig. 2: shares of types A and C against test accuracy, by family, with standard deviations."""
    wanted = panels(found)
    names = [text.partition(":")[0] for text, _ in wanted]  # the text about it says the rest
    figure = make_subplots(1, len(wanted), subplot_titles=names)
    targets = [one.target for one in found.seeds]
    for column, (_, measure) in enumerate(wanted, 1):
        for place, family in enumerate(found.families):
            rows = [one for one in found.seeds if one.family == family]
            line = _line(rows, measure, place, dodge(place, found.families, targets))
            figure.add_trace(line.update(showlegend=column == 1), 1, column)
    ticks = sorted({100 * one for one in targets})
    figure.update_xaxes(title_text="test accuracy (%)", title_font=SMALL, tickvals=ticks)
    figure.update_yaxes(title_text="% of all images", col=1)
    for column, (_, measure) in enumerate(wanted, 1):
        tops = [(one.mean or 0) + (one.std or 0) for one in map(measure, found.seeds)]
        figure.update_yaxes(range=[0, 108 * max(tops) or 1], col=column)
    figure.update_layout(legend=BELOW)
    return finished(figure, found, 420)


def _line(rows: Sequence[OverSeeds], measure: Measure, place: int, aside: float) -> go.Scatter:
    values = [measure(one) for one in rows]
    hover = [
        f"{one.family} at {ACCURACY(one.target)} %: {PERCENT(value)} % ({one.repeats} groups of {one.size})"
        for one, value in zip(rows, values, strict=True)
    ]
    return go.Scatter(
        x=[100 * (one.target + aside) for one in rows],
        y=[None if value.mean is None else 100 * value.mean for value in values],
        error_y={"type": "data", "array": [100 * (value.std or 0) for value in values]},
        text=hover,
        hoverinfo="text",
        name=rows[0].family,
        legendgroup=rows[0].family,
        mode="lines+markers",
        line={"color": family_colour(place), "dash": family_dash(place)[1]},
        marker={"symbol": family_marker(place)[1], "size": 9},
    )


def entropies_plot(found: BoundaryFindings) -> go.Figure:
    """Return entropy of votes against entropy of labels for each family; areas by number of images."""
    assert found.people is not None
    shown = [one for one in found.entropies if one.target == found.focus]
    names = [f"{one.family}, {one.networks} networks" for one in shown]
    figure = make_subplots(1, len(shown), subplot_titles=names, shared_yaxes=True)
    for place, one in enumerate(shown):
        dots = _dots(found.people.together.entropy, one, found.ways, family_colour(place))
        figure.add_trace(dots, 1, place + 1)
    figure.update_xaxes(title_text="of labels (bits)", title_font=SMALL)
    figure.update_yaxes(title_text="entropy of votes (bits)", title_font=SMALL, col=1)
    return finished(figure, found, 420)


def _dots(who: Floats, one: Entropies, ways: Ways, colour: str) -> go.Scatter:
    """Draw a dot for all images of the same entropies."""
    both = np.stack([who, one.votes]).round(3)
    points, inverse, counts = np.unique(both, axis=1, return_inverse=True, return_counts=True)
    alike = [np.flatnonzero(inverse.ravel() == point).tolist() for point in range(len(counts))]
    sizes = (_AREA * np.sqrt(counts)).tolist()
    return go.Scatter(
        x=points[0].tolist(),
        y=points[1].tolist(),
        mode="markers",
        marker={"size": sizes, "color": colour, "opacity": 0.65, "line": {"width": 1, "color": "#888888"}},
        text=[_images(images, ways) for images in alike],
        hoverinfo="text",
        showlegend=False,
    )


def _images(images: Sequence[int], ways: Ways) -> str:
    """Name the first few images of a point."""
    more = [f"and {len(images) - _NAMED} more"] if len(images) > _NAMED else []
    return "<br>".join([*map(ways.place, images[:_NAMED]), *more])


def menu(buttons: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return a list to choose from, above the figure."""
    where = {"x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom"}
    return {"buttons": list(buttons), "showactive": True, **where, **MENU}


def finished(figure: go.Figure, found: BoundaryFindings, height: int) -> go.Figure:
    """Give a figure its height in pixels and margins, and say in it whether labellers are simulated."""
    figure.update_annotations(font_size=12)
    figure.update_layout(height=height, margin={"l": 60, "r": 20, "t": 90, "b": 60})
    if found.simulated:
        title = {"text": SIMULATED, "font": SMALL, "x": 0.01, "xanchor": "left", "y": 0.99, "yanchor": "top"}
        figure.update_layout(title=title)
    return figure


_BANDS = [
    [(place + end) / len(CELL_STYLES), style.colour]
    for place, style in enumerate(CELL_STYLES)
    for end in (0, 1)
]


def map_plot(found: BoundaryFindings) -> go.Figure:
    """Return fig. 4: who disagrees on which image, for one family and target at a time."""
    ways = found.ways
    people = None if found.people is None else found.people.together
    cells = [_cells(one, people, ways) for one in found.seeds]
    styles = [_in_legend(style) for style in (CELL_STYLES if people is not None else CELL_STYLES[:3])]
    figure = go.Figure([*cells, *styles])
    for cell in figure.data[1 : len(cells)]:
        cell.visible = False
    buttons = []
    for place, one in enumerate(found.seeds):
        visible = [other == place for other in range(len(cells))] + [True] * len(styles)
        buttons.append(_button(f"{one.family}, {ACCURACY(one.target)} %", visible))
    still = {"itemclick": False, "itemdoubleclick": False}
    figure.update_layout(updatemenus=[menu(buttons)], legend=BELOW | still | {"y": -0.16})
    alphas = [f"{alpha:g}" for alpha in ways.alphas]
    figure.update_xaxes(title_text="α", tickvals=list(range(len(alphas))), ticktext=alphas)
    rows = list(range(len(ways.ends)))
    figure.update_yaxes(autorange="reversed", tickvals=rows, ticktext=ways.names, automargin=True)
    return finished(figure, found, 26 * len(rows) + 270)


def _button(label: str, visible: Sequence[bool]) -> dict[str, Any]:
    return {"label": label, "method": "restyle", "args": [{"visible": list(visible)}]}


def _in_legend(style: CellStyle) -> go.Scatter:
    marker = {"symbol": "square", "size": 12, "color": style.colour, "line": {"width": 1, "color": "#888888"}}
    name = f"{style.name} {style.mark}".strip()
    return go.Scatter(x=[None], y=[None], mode="markers", marker=marker, name=name)


def _cells(one: OverSeeds, people: Agreement | None, ways: Ways) -> go.Heatmap:
    kinds = disagreement(one.first, people)
    hover = [_says(image, one.first, people, ways, CELL_STYLES[kind]) for image, kind in enumerate(kinds)]
    return go.Heatmap(
        z=kinds[ways.images].tolist(),
        text=[[CELL_STYLES[kind].mark for kind in row] for row in kinds[ways.images]],
        texttemplate="%{text}",
        hovertext=np.array(hover, object)[ways.images].tolist(),
        hoverinfo="text",
        colorscale=_BANDS,
        zmin=-0.5,
        zmax=len(CELL_STYLES) - 0.5,
        xgap=2,
        ygap=2,
        showscale=False,
    )


def _says(image: int, networks: Agreement, people: Agreement | None, ways: Ways, style: CellStyle) -> str:
    lines = [f"image {image}: {ways.place(image)}", style.name]
    for name, group in (("labellers", people), ("networks", networks)):
        if group is not None:
            counts = group.counts[image]
            order = [label for label in np.argsort(-counts, kind="stable") if counts[label]]
            said = ", ".join(f"{ways.class_names[label]} × {counts[label]}" for label in order)
            lines.append(f"{name}: {said}")
    return "<br>".join(lines)


def kappas_plot(found: BoundaryFindings) -> go.Figure:
    """Return the maps of kappa, of labels and, where there are labels, of errors."""
    kappas = found.kappas
    assert kappas is not None
    figure = go.Figure(_matrix(kappas.labels, kappas.names))
    if kappas.errors is not None:
        figure.add_trace(_matrix(kappas.errors, kappas.names).update(visible=False))
        buttons = [_button("labels", [True, False]), _button("errors", [False, True])]
        figure.update_layout(updatemenus=[menu(buttons)])
    figure.update_xaxes(tickangle=-90, automargin=True)
    figure.update_yaxes(autorange="reversed", automargin=True)
    if kappas.people:
        for line in (figure.add_vline, figure.add_hline):
            line(kappas.people - 0.5, line={"width": 3, "color": "#ffffff"})
    return finished(figure, found, 24 * len(kappas.names) + 230)


def _matrix(matrix: Floats, names: Sequence[str]) -> go.Heatmap:
    values = [[None if np.isnan(value) else round(value, 3) for value in row] for row in matrix.tolist()]
    return go.Heatmap(
        z=values,
        x=list(names),
        y=list(names),
        colorscale="Cividis",
        zmin=lowest(matrix),
        zmax=1,
        hovertemplate="%{y}, %{x}: κ = %{z}<extra></extra>",
    )
