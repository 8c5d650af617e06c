"""Maps of a boundary study for the page: who disagrees (Vlaar, fig. 4), and agreement of any two raters."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from outvoted.analysis.boundary.agreement import Agreement
from outvoted.analysis.boundary.disagreement import LOOKS, Look, disagreement
from outvoted.analysis.boundary.figures import lowest
from outvoted.analysis.boundary.findings import BoundaryFindings, Ways
from outvoted.analysis.boundary.groups import OverSeeds
from outvoted.analysis.boundary.plots import BELOW, finished, menu
from outvoted.analysis.boundary.tables import accuracy
from outvoted.search.arrays import Floats

_BANDS = [[(place + end) / len(LOOKS), look.colour] for place, look in enumerate(LOOKS) for end in (0, 1)]


def map_plot(found: BoundaryFindings) -> go.Figure:
    """Return fig. 4: who disagrees on which image, for one family and target at a time."""
    ways = found.ways
    people = None if found.people is None else found.people.together
    cells = [_cells(one, people, ways) for one in found.seeds]
    looks = [_in_legend(look) for look in (LOOKS if people is not None else LOOKS[:3])]
    figure = go.Figure([*cells, *looks])
    for cell in figure.data[1 : len(cells)]:
        cell.visible = False
    buttons = []
    for place, one in enumerate(found.seeds):
        visible = [other == place for other in range(len(cells))] + [True] * len(looks)
        buttons.append(_button(f"{one.family}, {accuracy(one.target)} %", visible))
    still = {"itemclick": False, "itemdoubleclick": False}
    figure.update_layout(updatemenus=[menu(buttons)], legend=BELOW | still | {"y": -0.16})
    alphas = [f"{alpha:g}" for alpha in ways.alphas]
    figure.update_xaxes(title_text="α", tickvals=list(range(len(alphas))), ticktext=alphas)
    rows = list(range(len(ways.ends)))
    figure.update_yaxes(autorange="reversed", tickvals=rows, ticktext=ways.names, automargin=True)
    return finished(figure, found, 26 * len(rows) + 270)


def _button(label: str, visible: Sequence[bool]) -> dict[str, Any]:
    return {"label": label, "method": "restyle", "args": [{"visible": list(visible)}]}


def _in_legend(look: Look) -> go.Scatter:
    marker = {"symbol": "square", "size": 12, "color": look.colour, "line": {"width": 1, "color": "#888888"}}
    name = f"{look.name} {look.mark}".strip()
    return go.Scatter(x=[None], y=[None], mode="markers", marker=marker, name=name)


def _cells(one: OverSeeds, people: Agreement | None, ways: Ways) -> go.Heatmap:
    kinds = disagreement(one.first, people)
    hover = [_says(image, one.first, people, ways, LOOKS[kind]) for image, kind in enumerate(kinds)]
    return go.Heatmap(
        z=kinds[ways.images].tolist(),
        text=[[LOOKS[kind].mark for kind in row] for row in kinds[ways.images]],
        texttemplate="%{text}",
        hovertext=np.array(hover, object)[ways.images].tolist(),
        hoverinfo="text",
        colorscale=_BANDS,
        zmin=-0.5,
        zmax=len(LOOKS) - 0.5,
        xgap=2,
        ygap=2,
        showscale=False,
    )


def _says(image: int, networks: Agreement, people: Agreement | None, ways: Ways, look: Look) -> str:
    lines = [f"image {image}: {ways.place(image)}", look.name]
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
