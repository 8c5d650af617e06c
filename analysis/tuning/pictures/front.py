"""Objectives against each other: the Pareto front."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from plotly.subplots import make_subplots

from outvoted.analysis.report.drawing import TARGET, plain, save
from outvoted.analysis.report.report import Plot
from outvoted.analysis.tuning.aims import Aim
from outvoted.analysis.tuning.pictures.marks import axis_title, plotly_points, short
from outvoted.analysis.tuning.pictures.shown import ShownTrials
from outvoted.search.arrays import Floats

_MOST = 3  # objectives that the first one is drawn against


def draw_front(shown: ShownTrials, path: Path) -> None:
    """Draw the first objective against each other one, with intervals; of two the front as a line."""
    first, others = shown.aims[0], shown.aims[1 : 1 + _MOST]
    figure = Figure(figsize=(0.8 + 5.2 * len(others), 4.4), layout="constrained")
    for axes, other in zip(figure.subplots(1, len(others), squeeze=False)[0], others, strict=True):
        across, up = shown.values(other)[:, 0], shown.values(first)[:, 0]
        for mark, some in shown.measured():
            sides = [shown.reach(aim, some) for aim in (other, first)]
            mark.draw(axes, across[some], up[some], sides[1])
            if sides[0] is not None:
                axes.errorbar(
                    *(across[some], up[some]),
                    xerr=sides[0],
                    fmt="none",
                    ecolor=mark.colour,
                    elinewidth=0.8,
                    alpha=0.5,
                    zorder=1,
                )
        if len(shown.aims) == 2:
            axes.plot(*staircase(shown, other, first), color=TARGET, linewidth=1.1, zorder=2)
        axes.set_xlabel(other.axis, fontsize=9)
        axes.set_ylabel(first.axis, fontsize=9)
        plain(axes)
    figure.suptitle(_finding(shown), fontsize=10)
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False, fontsize=8.5)
    save(figure, path)


def _finding(shown: ShownTrials) -> str:
    """Say how many trials no other beats, and between which values of each objective they lie."""
    sweep, front = shown.sweep, np.isin([row.number for row in shown.sweep.trials], shown.sweep.front)
    told = []
    for aim in shown.aims:
        values = sweep.scores[aim.name][front, 0] * aim.form.factor
        values = values[np.isfinite(values)]
        if len(values):
            unit = aim.axis.removeprefix(aim.title).lstrip(",")
            told.append(f"{aim.title} {values.min():.3g} to {values.max():.3g}{unit}")
    return "\n".join([f"{front.sum()} of {len(front)} trials are on the front, with", ", ".join(told)])


def front_plot(shown: ShownTrials) -> Plot:
    """Return the same as an interactive plot."""
    first, others = shown.aims[0], shown.aims[1 : 1 + _MOST]
    figure = make_subplots(rows=1, cols=len(others), horizontal_spacing=0.12)
    for column, other in enumerate(others, 1):
        across, up = shown.values(other)[:, 0], shown.values(first)[:, 0]
        where = {"row": 1, "col": column}
        if len(shown.aims) == 2:
            x, y = staircase(shown, other, first)
            figure.add_scatter(
                **{"x": short(x), "y": short(y), "mode": "lines", "hoverinfo": "skip", "showlegend": False},
                line={"color": TARGET, "width": 1.2},
                **where,
            )
        for mark, some in shown.measured():
            points = plotly_points(shown, mark, some, across, up, first, other)
            figure.add_scatter(**points, showlegend=column == 1, **where)
        figure.update_xaxes(title=axis_title(other.axis), **where)
        figure.update_yaxes(title=axis_title(first.axis), **where)
    figure.update_layout(
        height=440,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        margin={"t": 40, "b": 50, "l": 60, "r": 20},
    )
    return Plot(figure, _caption(shown), width=340 * len(others))


def _caption(shown: ShownTrials) -> str:
    ways = "; ".join(aim.wanted for aim in shown.aims)
    return f"Wanted: {ways}. No trial beats one on the front in one objective and equals it in the rest."


def staircase(shown: ShownTrials, across: Aim, up: Aim) -> tuple[Floats, Floats]:
    """Return the corners of what two objectives' front leaves behind it."""
    sweep = shown.sweep
    on = np.flatnonzero(np.isin([row.number for row in sweep.trials], sweep.front))
    x, y = (sweep.scores[aim.name][on, 0] * aim.form.factor for aim in (across, up))
    order = np.argsort(
        x * across.sign
    )  # from the worst to the best along x, from the best to the worst along y
    x, y = x[order], y[order]
    return np.repeat(x, 2)[:-1], np.repeat(y, 2)[1:]
