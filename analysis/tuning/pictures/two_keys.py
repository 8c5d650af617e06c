"""A map of two keys that list their values: an objective in every cell."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from plotly.subplots import make_subplots

from outvoted.analysis.report.drawing import plot_text, save
from outvoted.analysis.report.report import Plot
from outvoted.analysis.tuning.aims import Aim
from outvoted.analysis.tuning.key_axes import KeyAxis
from outvoted.analysis.tuning.pictures.marks import axis_title
from outvoted.analysis.tuning.pictures.shown import ShownTrials
from outvoted.search.arrays import Floats

_AIMS = 3
_MOST = 24  # values of a key


def has_map(shown: ShownTrials) -> bool:
    """Say whether two keys are varied, both listing few values."""
    return len(shown.axes) == 2 and all(1 < len(axis.listed) <= _MOST for axis in shown.axes)


def cells(shown: ShownTrials, aim: Aim) -> tuple[Floats, list[list[str]]]:
    """Return an objective in each cell, and what is written there; rows are the first key's values.

    Of several trials in a cell the last one counts; NaN where there is none.
    """
    down, across = shown.axes
    values = np.full((len(down.listed), len(across.listed)), np.nan)
    written = [[""] * len(across.listed) for _ in down.listed]
    scores = shown.values(aim)[:, 0]
    for k, row in enumerate(shown.rows):
        point = shown.sweep.points[row.number]
        if np.isnan(scores[k]) or down.key not in point or across.key not in point:
            continue
        at = (down.index(point[down.key]), across.index(point[across.key]))
        values[at] = scores[k]
        written[at[0]][at[1]] = aim.write(shown.sweep.scores[aim.name][shown.places[k]])
    return values, written


def draw_map(shown: ShownTrials, path: Path) -> None:
    """Draw a map for each objective."""
    down, across = shown.axes
    aims = shown.aims[:_AIMS]
    size = (1.2 + (1.0 + 0.85 * len(across.listed)) * len(aims), 1.4 + 0.5 * len(down.listed))
    figure = Figure(figsize=size, layout="constrained")
    for axes, aim in zip(figure.subplots(1, len(aims), squeeze=False)[0], aims, strict=True):
        values, written = cells(shown, aim)
        drawn = axes.imshow(np.ma.masked_invalid(values), cmap="cividis", aspect="auto", origin="lower")
        for at in np.ndindex(*values.shape):
            if np.isfinite(values[at]):
                dark = drawn.norm(values[at]) < 0.55
                axes.text(
                    *(at[1], at[0], written[at[0]][at[1]].replace(" ± ", "\n± ").replace(" (", "\n(")),
                    ha="center",
                    va="center",
                    fontsize=7.5,
                    color="white" if dark else "black",
                )
        axes.set_xticks(range(len(across.listed)), across.texts, fontsize=8)
        axes.set_yticks(range(len(down.listed)), down.texts, fontsize=8)
        axes.set_xlabel(across.name, fontsize=9)
        axes.set_ylabel(down.name, fontsize=9)
        axes.set_title(aim.axis, fontsize=10)
        axes.spines[:].set_visible(False)
    figure.suptitle(_finding(shown), fontsize=10)
    save(figure, path)


def _finding(shown: ShownTrials) -> str:
    """Say where the first objective is best."""
    aim, (down, across) = shown.aims[0], shown.axes
    values, written = cells(shown, aim)
    if not np.isfinite(values).any():
        return f"{aim.axis}, and other objectives, by {down.name} and {across.name}"
    at = np.unravel_index(int(np.nanargmax(aim.sign * values)), values.shape)
    best = f"{down.name} {down.texts[at[0]]} and {across.name} {across.texts[at[1]]}"
    return f"{aim.title}: best with {best} ({written[at[0]][at[1]]}; ±: 95 %)"


def map_plot(shown: ShownTrials) -> Plot:
    """Return the same as an interactive plot."""
    down, across = shown.axes
    aims = shown.aims[:_AIMS]
    figure = make_subplots(
        rows=1, cols=len(aims), subplot_titles=[plot_text(aim.axis) for aim in aims], horizontal_spacing=0.12
    )
    for column, aim in enumerate(aims, 1):
        values, written = cells(shown, aim)
        figure.add_heatmap(
            **{"z": [_known(row) for row in values], "text": written, "texttemplate": "%{text}"},
            **{"x": _marked(across), "y": _marked(down), "colorscale": "Cividis", "showscale": False},
            **{"hovertemplate": "%{y}, %{x}: %{text}<extra></extra>", "xgap": 2, "ygap": 2},
            row=1,
            col=column,
        )
        figure.update_xaxes(title=axis_title(across.name), type="category", row=1, col=column)
        figure.update_yaxes(title=axis_title(down.name), type="category", row=1, col=column)
    figure.update_layout(height=160 + 46 * len(down.listed), margin={"t": 40, "b": 50, "l": 60, "r": 20})
    width = 90 * len(across.listed) * len(aims) + 90
    return Plot(figure, "Every point of the grid, with its 95 % interval.", width=max(320, width))


def _known(row: Floats) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in row]


def _marked(axis: KeyAxis) -> list[str]:
    return [plot_text(text) for text in axis.texts]
