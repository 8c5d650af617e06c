"""Each key against each objective; for grids of two keys a map."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from plotly.subplots import make_subplots

from outvoted.analysis.report.drawing import COLOURS, plain, plot_text, save
from outvoted.analysis.report.numbers import interval
from outvoted.analysis.report.report import Plot
from outvoted.analysis.tuning.aims import Aim
from outvoted.analysis.tuning.key_axes import KeyAxis
from outvoted.analysis.tuning.pictures.marks import axis_title, folded, plotly_points, short
from outvoted.analysis.tuning.pictures.shown import ShownTrials
from outvoted.search.arrays import Floats

_KEYS, _AIMS = 8, 3
"""How many of each are drawn."""
_JITTER = 0.16  # by which points of a category are moved apart, at most
_ENOUGH = 3  # trials, of whose mean an interval says something
_MEANS = "mean"


def draw_slices(shown: ShownTrials, order: list[KeyAxis], path: Path) -> None:
    """Draw a panel for each key, the most important first, and each objective.

    Args:
        order: the keys' axes.
    """
    keys, aims = order[:_KEYS], shown.aims[:_AIMS]
    size = (0.8 + 2.5 * len(keys), 0.7 + 2.3 * len(aims))
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(len(aims), len(keys), sharey="row", sharex="col", squeeze=False)
    for row, aim in zip(grid, aims, strict=True):
        values = shown.values(aim)[:, 0]
        for axes, key in zip(row, keys, strict=True):
            where = apart(shown, key)
            for mark, some in shown.measured():
                mark.draw(axes, where[some], values[some], shown.reach(aim, some))
            _means(axes, shown, key, aim)
            plain(axes)
        row[0].set_ylabel(folded(aim.axis, "\n", 26), fontsize=9)
    for axes, key in zip(grid[-1], keys, strict=True):
        ticks, texts = key.ticks(4)
        turned = {"rotation": 25, "ha": "right"} if max(map(len, texts)) > 7 else {}
        axes.set_xticks(ticks, texts, **turned)
        axes.set_xlim(key.span)
        axes.set_xlabel(key.name, fontsize=9)
    handles, labels = grid[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=5, frameon=False, fontsize=8.5)
    save(figure, path)


def _means(axes: Axes, shown: ShownTrials, key: KeyAxis, aim: Aim) -> None:
    x, means, reach = means_of(shown, key, aim)
    if len(x):
        axes.errorbar(
            *(x, means, reach),
            fmt="_",
            ms=14,
            mew=2,
            color=COLOURS[2],
            elinewidth=2,
            label=_MEANS,
            zorder=4,
        )


def slices_plot(shown: ShownTrials, order: list[KeyAxis]) -> Plot:
    """Return the same as an interactive plot."""
    keys, aims = order[:_KEYS], shown.aims[:_AIMS]
    figure = make_subplots(
        **{"rows": len(aims), "cols": len(keys), "shared_yaxes": True, "shared_xaxes": True},
        horizontal_spacing=0.15 / len(keys),
        vertical_spacing=0.08,
    )
    for row, aim in enumerate(aims, 1):
        values = shown.values(aim)[:, 0]
        for column, key in enumerate(keys, 1):
            where: dict[str, Any] = {"row": row, "col": column}
            first = {"showlegend": row == column == 1}
            across = apart(shown, key)
            for mark, some in shown.measured():
                points = plotly_points(shown, mark, some, across, values, aim, briefly=True)
                figure.add_scatter(**points, **first, **where)
            _plotly_means(figure, shown, key, aim, **first, **where)
            ticks, texts = key.ticks(4)
            figure.update_xaxes(
                **{"range": list(key.span), "zeroline": False, "tickvals": ticks},
                **{"ticktext": list(map(plot_text, texts))},
                **where,
            )
            if row == len(aims):
                figure.update_xaxes(title=axis_title(key.name), **where)
        figure.update_yaxes(range=list(shown.ends(aim)), row=row)  # shared axes don't find it themselves
        figure.update_yaxes(title=axis_title(aim.axis), row=row, col=1)
    figure.update_layout(
        height=110 + 240 * len(aims),
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        margin={"t": 50, "b": 60, "l": 60, "r": 20},
    )
    return Plot(figure, _caption(shown), width=max(320, 70 + 190 * len(keys)))


def _plotly_means(figure: Any, shown: ShownTrials, key: KeyAxis, aim: Aim, **where: Any) -> None:
    x, means, reach = means_of(shown, key, aim)
    if len(x):
        figure.add_scatter(
            **{"x": short(x), "y": short(means), "mode": "markers", "name": _MEANS, "legendgroup": _MEANS},
            marker={"symbol": "line-ew-open", "size": 16, "color": COLOURS[2], "line": {"width": 3}},
            error_y={"type": "data", "array": short(reach[0]), "color": COLOURS[2], "width": 0},
            hovertemplate="%{y:.4g}",
            **where,
        )


def _caption(shown: ShownTrials) -> str:
    left = max(0, len(shown.axes) - _KEYS)
    few = f" Of {len(shown.axes)} keys the {_KEYS} that matter most are drawn." if left else ""
    means = " Green: means of the trials with a value, and their 95 % intervals over these."
    return (
        "Each point is a trial, with its 95 % interval where there are few of them; the keys that matter "
        f"most come first.{means if any(key.listed for key in shown.axes) else ''}{few}"
    )


def apart(shown: ShownTrials, key: KeyAxis) -> Floats:
    """Return where trials lie on a key's axis, those with one listed value moved apart by their numbers."""
    places = shown.at(key)
    if not key.listed:
        return places
    steps = np.diff(np.unique(places[np.isfinite(places)]))
    width = _JITTER * (float(steps.min()) if len(steps) else 1.0)
    golden = shown.numbers * 0.618034 % 1  # spreads numbers that follow one another
    return places + width * (2 * golden - 1)


def means_of(shown: ShownTrials, key: KeyAxis, aim: Aim) -> tuple[Floats, Floats, Floats]:
    """Return the listed values of a key, an objective's means over their trials, and half their intervals.

    Shapes (values,), (values,), (2, values). None where fewer than two trials have each value: they are seen
    themselves.
    """
    places, values = shown.at(key), shown.values(aim)[:, 0]
    known = np.isfinite(places) & np.isfinite(values)
    found = []
    for place in np.unique(places[known]) if key.listed else ():
        some = values[known & (places == place)]
        mean, low, _ = interval(some)
        if mean is not None and len(some) > 1:
            known_well = low is not None and len(some) >= _ENOUGH
            found.append((float(place), mean, mean - (low or 0.0) if known_well else 0.0))
    x, means, half = np.array(found).reshape(-1, 3).T
    return x, means, np.stack([half, half])
