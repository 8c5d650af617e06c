"""Objectives in the order of trials, and the best so far."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from plotly.subplots import make_subplots

from outvoted.analysis.report.drawing import TARGET, plain, save
from outvoted.analysis.report.report import Plot
from outvoted.analysis.tuning.aims import Aim
from outvoted.analysis.tuning.pictures.marks import axis_title, folded, plotly_points
from outvoted.analysis.tuning.pictures.shown import LOST, ShownTrials
from outvoted.search.arrays import Floats

_MOST = 4  # objectives


def draw_progress(shown: ShownTrials, path: Path) -> None:
    """Draw a panel for each objective, trials by number, and a line of the best that could win so far."""
    aims = shown.aims[:_MOST]
    figure = Figure(figsize=(9, 0.6 + 2.5 * len(aims)), layout="constrained")
    for axes, aim in zip(figure.subplots(len(aims), 1, sharex=True, squeeze=False)[:, 0], aims, strict=True):
        values = shown.values(aim)
        for mark, some in shown.measured():
            mark.draw(axes, shown.numbers[some], values[some, 0], shown.reach(aim, some))
        axes.step(*best_so_far(shown, aim), where="post", color=TARGET, linewidth=1.2, label="best so far")
        failed = dict(shown.sorts[:1]).get(LOST)
        if failed is not None:
            rug = np.full(len(failed), 0.02)
            axes.plot(
                *(shown.numbers[failed], rug, LOST.marker),
                color=LOST.colour,
                label=LOST.label,
                transform=axes.get_xaxis_transform(),
            )
        axes.set_ylabel(folded(aim.axis, "\n", 26), fontsize=9)
        plain(axes)
    figure.axes[-1].set_xlabel("trial", fontsize=9)
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=6, frameon=False, fontsize=8.5)
    save(figure, path)


def progress_plot(shown: ShownTrials) -> Plot:
    """Return the same as an interactive plot."""
    aims = shown.aims[:_MOST]
    figure = make_subplots(rows=len(aims), cols=1, shared_xaxes=True, vertical_spacing=0.06)
    for row, aim in enumerate(aims, 1):
        values = shown.values(aim)
        where = {"row": row, "col": 1}
        for mark, some in shown.measured():
            points = plotly_points(shown, mark, some, shown.numbers, values[:, 0], aim)
            figure.add_scatter(**points, showlegend=row == 1, **where)
        x, y = best_so_far(shown, aim)
        figure.add_scatter(
            **{"x": x.tolist(), "y": y.tolist(), "mode": "lines", "name": "best so far", "hoverinfo": "skip"},
            line={"shape": "hv", "color": TARGET, "width": 1.5},
            legendgroup="best so far",
            showlegend=row == 1,
            **where,
        )
        _failed(figure, shown, shown.ends(aim)[0], showlegend=row == 1, **where)
        figure.update_yaxes(title=axis_title(aim.axis), **where)
    figure.update_xaxes(title=axis_title("trial"), row=len(aims), col=1)
    figure.update_layout(
        height=90 + 230 * len(aims),
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        margin={"t": 40, "b": 50, "l": 60, "r": 20},
    )
    return Plot(figure, _CAPTION)


_CAPTION = (
    "Trials in the order in which they were suggested, with 95 % intervals where there are few of them. The "
    "line is the best value so far of the trials that can win."
)


def best_so_far(shown: ShownTrials, aim: Aim) -> tuple[Floats, Floats]:
    """Return numbers of trials, and the best of an objective among those that can win up to each."""
    sweep = shown.sweep
    numbers = np.array([row.number for row in sweep.trials], np.float64)[sweep.eligible]
    values = sweep.scores[aim.name][sweep.eligible, 0] * aim.form.factor
    best = (np.maximum if aim.maximised else np.minimum).accumulate(values)
    better = np.flatnonzero(np.diff(best, prepend=np.nan) != 0)  # NaN differs from everything
    x, y = numbers[better], best[better]
    if not len(x):
        return x, y
    return np.append(x, sweep.trials[-1].number), np.append(y, y[-1])


def _failed(figure: Any, shown: ShownTrials, low: float, **where: Any) -> None:
    """Draw the trials that failed below the others."""
    failed = dict(shown.sorts[:1]).get(LOST)
    if failed is None:
        return
    points = plotly_points(shown, LOST, failed, shown.numbers, np.full(len(shown.rows), low))
    figure.add_scatter(**points, **where)
