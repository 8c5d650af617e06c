"""Interactive fields over pairs of features, in the table's units (Powers et al., Fig. 6)."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from outvoted.analysis.report.drawing import plot_text
from outvoted.analysis.studies.landscape.choices import Choice, add_menus, networks, rounded
from outvoted.analysis.studies.landscape.points import Points, entries
from outvoted.search.arrays import Floats

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
