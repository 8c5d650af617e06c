"""Walks through frames, and the probabilities along them (Powers et al., Figs. 3, 4 and 7)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
from matplotlib.figure import Figure
from plotly.subplots import make_subplots

from outvoted.analysis.report.drawing import DASHES, OTHERS, THREE, plain, plot_text, save
from outvoted.analysis.report.menus import Choice, add_menus, networks, rounded
from outvoted.analysis.studies.opened import Ballots
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

    def lines(self, probabilities: Singles, names: Sequence[str]) -> list[tuple[str, Singles]]:
        """Return what is drawn, by name: the probability of each class, and of all others together.

        Args:
            probabilities: of one network, shape (images, classes).
            names: of the classes.
        """
        walked = probabilities[self.frames]
        found = [(names[label], walked[:, label]) for label in self.labels]
        if walked.shape[1] > len(self.labels):
            found.append(("all other classes", np.delete(walked, list(self.labels), axis=1).sum(1)))
        return found


@dataclass(frozen=True)
class Walks:
    """Walks of equal length, in parts of equal length.

    Attributes:
        every: the walks.
        part: frames in a part; thin lines mark where parts begin.
        across: what the horizontal axis counts.
    """

    every: Sequence[Walk]
    part: int
    across: str

    @property
    def cuts(self) -> list[float]:
        """Where parts begin, between two frames."""
        return [cut - 0.5 for cut in range(self.part, len(self.every[0].frames), self.part)]


LINES = 4
"""Of a walk: three classes, and all others."""
MOST_NUMBERS = 330_000
"""Of an interactive figure, which then takes about 2 MB of a page."""
WIDTH = 600
"""Of an interactive figure in pixels: two menus side by side."""
_COLOURS = (*THREE, OTHERS)
_STYLES = ("-", "--", "-.", ":")


def draw_walks(walks: Walks, mean: Singles, names: Sequence[str], title: str, path: Path) -> None:
    """Draw the panel's mean probabilities, shape (images, classes), along each walk."""
    figure = Figure(figsize=(10, 2.2 * len(walks.every) + 0.7), layout="constrained")
    figure.suptitle(title, fontsize=11)
    for axes, walk in zip(figure.subplots(len(walks.every), squeeze=False)[:, 0], walks.every, strict=True):
        lines = walk.lines(mean, names)
        for (name, line), colour, style in zip(lines, _COLOURS, _STYLES, strict=False):
            axes.plot(line, style, color=colour, lw=1.3, label=name)
        for cut in walks.cuts:
            axes.axvline(cut, color=OTHERS, lw=0.4, alpha=0.6)
        axes.set_title(walk.title, fontsize=9, loc="left")
        axes.set(ylim=(-0.02, 1.02), xlim=(0, len(walk.frames) - 1), ylabel="probability")
        axes.legend(fontsize=8, loc="lower right", bbox_to_anchor=(1, 1), ncols=4, frameon=False)
        plain(axes)
    axes.set_xlabel(walks.across)
    save(figure, path)


def walk_plot(walks: Walks, whole: Ballots, dissent: Singles, names: Sequence[str]) -> go.Figure:
    """Draw one walk at a time, for one network or the panel's mean, and below it where networks disagree.

    Args:
        whole: the panel's mean first, then its networks.
        dissent: share of networks that differ, (images,).
        names: of the classes.
    """
    figure = make_subplots(rows=2, shared_xaxes=True, row_heights=[0.78, 0.22], vertical_spacing=0.05)
    lines = len(walks.every[0].lines(whole.probabilities[0], names))
    for _ in whole.names:
        for colour, dash in zip(_COLOURS[:lines], DASHES, strict=False):
            line = {"color": colour, "dash": dash, "width": 1.6}
            figure.add_scatter(mode="lines", line=line, row=1, col=1)
    grey = {"color": OTHERS, "width": 1, "shape": "hvh"}
    figure.add_scatter(mode="lines", line=grey, fill="tozeroy", showlegend=False, row=2, col=1)
    owners = [*np.repeat(np.arange(len(whole.names)), lines).tolist(), None]
    choices = [_choice(walk, whole, dissent, names) for walk in walks.every]
    add_menus(figure, choices, networks(whole.names, owners))
    _lay_out(figure, walks)
    return figure


def _choice(walk: Walk, whole: Ballots, dissent: Singles, names: Sequence[str]) -> Choice:
    lines = [line for one in whole.probabilities for line in walk.lines(one, names)]
    traces = {
        "y": [*(rounded(line) for _, line in lines), rounded(dissent[walk.frames])],
        "name": [*(plot_text(name) for name, _ in lines), "networks that differ"],
    }
    return Choice(walk.title, traces)


def _lay_out(figure: go.Figure, walks: Walks) -> None:
    line: dict[str, Any] = {"type": "line", "yref": "paper", "y0": 0, "y1": 1}
    figure.update_layout(
        shapes=[{**line, "x0": x, "x1": x, "line": {"color": OTHERS, "width": 0.5}} for x in walks.cuts],
        height=520,
        hovermode="x unified",
        legend={"orientation": "h", "x": 0, "y": 1.01, "yanchor": "bottom"},
    )
    figure.update_yaxes(range=[-0.02, 1.02], title_text="probability", row=1)
    figure.update_yaxes(range=[0, 1], title_text="differing", row=2)
    figure.update_xaxes(title_text=walks.across, row=2)
