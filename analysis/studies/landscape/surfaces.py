"""Interactive surfaces: each class's probability over a square of frames (Powers et al., Fig. 5)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from outvoted.analysis.report.drawing import plot_text
from outvoted.analysis.studies.landscape.ballots import MEAN, Ballots
from outvoted.analysis.studies.landscape.choices import Choice, add_menus, networks, rounded
from outvoted.analysis.studies.landscape.sequences import Passage
from outvoted.search.arrays import Singles

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
