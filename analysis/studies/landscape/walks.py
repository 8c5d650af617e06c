"""Walks through frames, and the probabilities along them (Powers et al., Figs. 3, 4 and 7)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from outvoted.analysis.report.drawing import DASHES, OTHERS, THREE, plot_text
from outvoted.analysis.report.menus import Choice, add_menus, networks, rounded
from outvoted.analysis.studies.ballots import Ballots
from outvoted.search.arrays import Ints, Singles


@dataclass(frozen=True)
class Walk:
    """Frames in a row.

    Attributes:
        title: what it leads through.
        frames: image ids, in order.
        labels: the three classes whose probabilities are drawn.
    """

    title: str
    frames: Ints
    labels: tuple[int, int, int]


_OTHER = "all other classes"
_HEIGHT = 520


def walk_plot(
    walks: Sequence[Walk], whole: Ballots, dissent: Singles, names: Sequence[str], part: int, across: str
) -> go.Figure:
    """Draw one walk at a time, for one network or the panel's mean, and below it where networks part.

    Args:
        walks: all of one length.
        whole: the panel's mean first, then its networks.
        dissent: share of networks that differ, (images,).
        names: of the classes.
        part: frames after which a new part begins, marked by a thin line.
        across: what the horizontal axis counts.
    """
    figure = make_subplots(rows=2, shared_xaxes=True, row_heights=[0.78, 0.22], vertical_spacing=0.05)
    others = whole.probabilities.shape[2] > len(THREE)
    owners: list[int | None] = []
    for network in range(len(whole.names)):
        for colour, dash in zip((*THREE, OTHERS), DASHES, strict=True):
            if colour != OTHERS or others:
                line = {"color": colour, "dash": dash, "width": 1.6}
                figure.add_scatter(mode="lines", line=line, row=1, col=1)
                owners.append(network)
    grey = {"color": OTHERS, "width": 1, "shape": "hvh"}
    figure.add_scatter(mode="lines", line=grey, fill="tozeroy", showlegend=False, row=2, col=1)
    owners.append(None)
    _frame(figure, len(walks[0].frames), part, across)
    add_menus(
        figure, [_walk(walk, whole, dissent, names, others) for walk in walks], networks(whole.names, owners)
    )
    return figure


def _walk(walk: Walk, whole: Ballots, dissent: Singles, names: Sequence[str], others: bool) -> Choice:
    walked = whole.probabilities[:, walk.frames]
    drawn = walked[:, :, list(walk.labels)].transpose(0, 2, 1)
    legend = [plot_text(names[label]) for label in walk.labels]
    if others:
        rest = np.delete(walked, list(walk.labels), axis=2).sum(2)
        drawn, legend = np.concatenate([drawn, rest[:, None]], axis=1), [*legend, _OTHER]
    lines = [*rounded(drawn.reshape(-1, len(walk.frames))), rounded(dissent[walk.frames])]
    return Choice(walk.title, {"y": lines, "name": [*legend * len(whole.names), "networks that differ"]})


def _frame(figure: go.Figure, length: int, part: int, across: str) -> None:
    cuts: list[dict[str, Any]] = [
        {"type": "line", "x0": cut - 0.5, "x1": cut - 0.5, "yref": "paper", "y0": 0, "y1": 1}
        for cut in range(part, length, part)
    ]
    figure.update_layout(
        shapes=[{**cut, "line": {"color": OTHERS, "width": 0.5}} for cut in cuts],
        height=_HEIGHT,
        hovermode="x unified",
        legend={"orientation": "h", "x": 0, "y": 1.01, "yanchor": "bottom"},
    )
    figure.update_yaxes(range=[-0.02, 1.02], title_text="probability", row=1)
    figure.update_yaxes(range=[0, 1], title_text="differing", row=2)
    figure.update_xaxes(title_text=across, row=2)
