"""Every trial as a line across keys and objectives; where a key does not hold, its line has a gap."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import plotly.graph_objects as go
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize, to_hex
from matplotlib.figure import Figure

from outvoted.analysis.report.drawing import OTHERS, plot_text, save
from outvoted.analysis.report.report import Plot
from outvoted.analysis.tuning.aims import Aim
from outvoted.analysis.tuning.key_axes import round_numbers
from outvoted.analysis.tuning.pictures.marks import folded, short
from outvoted.analysis.tuning.pictures.shown import ShownTrials
from outvoted.search.arrays import Floats

_SHADES = 10  # of the first objective, from worst to best
_COLOURS = "viridis"
_DARKEST, _LIGHTEST = 0.12, 0.92  # of its colours, which are to be seen on dark and on light paper
_BEHIND = "rgba(127,127,127,0.3)"  # texts on lines


@dataclass(frozen=True)
class Upright:
    """An axis of the picture: heights of all trials, 0 to 1, NaN where there is none; and its ticks."""

    name: str
    heights: Floats
    ticks: Sequence[float]
    texts: Sequence[str]


def uprights(shown: ShownTrials) -> list[Upright]:
    """Return an axis for each key, then one for each objective."""
    found = []
    for axis in shown.axes:
        ticks, texts = axis.ticks()
        heights = _between(shown.at(axis), axis.span)
        found.append(Upright(axis.name, heights, _between(np.array(ticks), axis.span).tolist(), texts))
    return [*found, *(_objective(shown, aim) for aim in shown.aims)]


def _objective(shown: ShownTrials, aim: Aim) -> Upright:
    values = shown.values(aim)[:, 0]
    known = values[np.isfinite(values)]
    ends = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    ends = ends if ends[1] > ends[0] else (ends[0] - 0.5, ends[1] + 0.5)
    ticks = round_numbers(ends, 8)
    texts = [f"{tick:g}" for tick in ticks]
    return Upright(aim.axis, _between(values, ends), _between(np.array(ticks), ends).tolist(), texts)


def _between(values: Floats, ends: tuple[float, float]) -> Floats:
    return (values - ends[0]) / (ends[1] - ends[0])


def shades(shown: ShownTrials) -> tuple[Floats, tuple[float, float]]:
    """Return each trial's shade by the first objective, and the values at both ends.

    A shade is from 0, worst, to 1, best; NaN where it is not known.

    The worst tenth have one shade: outliers shall not take all the others'.
    """
    aim = shown.aims[0]
    values = shown.values(aim)[:, 0]
    known = values[np.isfinite(values)]
    if not len(known):
        return values, (0.0, 1.0)
    low, high = np.quantile(known, [0.1, 1] if aim.maximised else [0, 0.9])
    span = float(high - low) or 1.0
    worst, best = (low, high) if aim.maximised else (high, low)
    return np.clip((values - worst) / (span * aim.sign), 0, 1), (float(worst), float(best))


def _colour(shade: float) -> str:
    if np.isnan(shade):
        return OTHERS
    return to_hex(mpl.colormaps[_COLOURS](_DARKEST + (_LIGHTEST - _DARKEST) * shade))


def draw_parallel(shown: ShownTrials, path: Path) -> None:
    """Draw a line for each trial, coloured by the first objective; the best lie on top."""
    axes_of, (shade, ends) = uprights(shown), shades(shown)
    figure = Figure(figsize=(max(7.0, 1.5 * len(axes_of)), 4.6), layout="constrained")
    axes = figure.subplots()
    lines, alone, colours = list[Floats](), list[Floats](), list[str]()
    for k in _worst_first(shade):
        heights = np.array([one.heights[k] for one in axes_of])
        for start, end in _runs(heights):
            (lines if end - start > 1 else alone).append(
                np.column_stack([np.arange(start, end), heights[start:end]])
            )
            if end - start > 1:
                colours.append(_colour(shade[k]))
    axes.add_collection(LineCollection(lines, colors=colours, linewidths=0.9, alpha=0.75))
    for points in alone:
        axes.plot(*points.T, "o", ms=3, color=OTHERS)
    for place, one in enumerate(axes_of):
        axes.axvline(place, color="black", linewidth=0.8)
        for tick, text in zip(one.ticks, one.texts, strict=True):
            axes.annotate(
                text,
                (place, tick),
                (4, 0),
                textcoords="offset points",
                fontsize=7,
                va="center",
                bbox={"facecolor": "white", "alpha": 0.7, "linewidth": 0, "pad": 0.6},
            )
    axes.set_xticks(range(len(axes_of)), [folded(one.name, "\n") for one in axes_of], fontsize=8)
    axes.set(xlim=(-0.15, len(axes_of) - 0.5), ylim=(-0.03, 1.03), yticks=[])
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    _colour_bar(figure, axes, shown.aims[0], ends)
    save(figure, path)


def _colour_bar(figure: Figure, axes: Any, aim: Aim, ends: tuple[float, float]) -> None:
    some = [_colour(shade) for shade in np.linspace(0, 1, 64)]
    colours = mpl.colors.ListedColormap(some if aim.maximised else some[::-1])
    scale = mpl.cm.ScalarMappable(Normalize(min(ends), max(ends)), colours)
    figure.colorbar(scale, ax=axes, pad=0.01, aspect=40).set_label(aim.axis, fontsize=8)


def _worst_first(shade: Floats) -> list[int]:
    order: list[int] = np.argsort(np.nan_to_num(shade, nan=-1), kind="stable").tolist()
    return order


def _runs(heights: Floats) -> list[tuple[int, int]]:
    """Return where a line runs without a gap, as pairs (first, behind the last)."""
    there = np.concatenate([[False], np.isfinite(heights), [False]]).astype(int)
    changes = np.diff(there)
    return list(zip(np.flatnonzero(changes == 1), np.flatnonzero(changes == -1), strict=True))


def parallel_plot(shown: ShownTrials) -> Plot:
    """Return the same as an interactive plot: a trace for each shade, whose lines are apart.

    Plotly's own parallel coordinates know no gaps, and compile code, which the page's policy forbids.
    """
    axes_of, (shade, _) = uprights(shown), shades(shown)
    groups = np.where(np.isnan(shade), -1, np.minimum(shade * _SHADES, _SHADES - 1)).astype(int)
    across: list[float | None] = [float(place) for place in range(len(axes_of))]
    figure = go.Figure()
    for group in sorted(set(groups.tolist())):
        x, y, told = list[float | None](), list[float | None](), list[str]()
        for k in np.flatnonzero(groups == group):
            x += [*across, None]
            y += [*short(np.array([one.heights[k] for one in axes_of])), None]
            told += [shown.brief[k]] * (len(axes_of) + 1)
        figure.add_scatter(
            **{"x": x, "y": y, "mode": "lines+markers", "hovertext": told, "hoverinfo": "text"},
            line={"color": _colour(np.nan if group < 0 else group / (_SHADES - 1)), "width": 1.2},
            marker={"size": 4},
            opacity=0.8,
            showlegend=False,
        )
    _upright(figure, axes_of)
    return Plot(figure, _caption(shown), width=max(480, 115 * len(axes_of)))


def _upright(figure: go.Figure, axes_of: Sequence[Upright]) -> None:
    names = [folded(plot_text(one.name), "<br>") for one in axes_of]
    figure.update_xaxes(
        **{"tickvals": list(range(len(axes_of))), "ticktext": names, "tickangle": 0},
        **{"range": [-0.2, len(axes_of) - 0.4], "zeroline": False},
    )
    figure.update_yaxes(visible=False, range=[-0.04, 1.04])
    for place, one in enumerate(axes_of):
        for tick, text in zip(one.ticks, one.texts, strict=True):
            figure.add_annotation(
                **{"x": place, "y": tick, "text": plot_text(text), "showarrow": False},
                **{"xanchor": "left", "xshift": 4, "font": {"size": 10}, "bgcolor": _BEHIND},
            )
    figure.update_layout(height=440, hovermode="closest", margin={"t": 20, "b": 70, "l": 20, "r": 20})


def _caption(shown: ShownTrials) -> str:
    aim = shown.aims[0]
    gaps = any(np.isnan(shown.at(axis)).any() for axis in shown.axes)
    missing = " Where a key does not hold, its trial's line has a gap." if gaps else ""
    return f"Each line is a trial; the brighter, the better by {aim.wanted}.{missing}"
