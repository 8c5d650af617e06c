"""Ternary plots: what a network thinks of three classes, in a triangle (Powers et al., Fig. 8)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from outvoted.analysis.report.drawing import plot_text
from outvoted.analysis.studies.landscape.choices import Choice, add_menus, networks, rounded
from outvoted.analysis.studies.landscape.points import Labels, Points, entries
from outvoted.search.arrays import Floats, Singles

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
    add_menus(figure, [_points(points, names) for points in some], networks(whose, owners))
    return figure


def _points(points: Points, names: Sequence[str]) -> Choice:
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
