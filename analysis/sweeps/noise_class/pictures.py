"""The pictures of a noise-class sweep: tables 2 and 3, Figs. 5 and 9 to 12 of Fan & Yezzi, and the noises."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullLocator, PercentFormatter

from outvoted.actors.data.noises import Noise, Shape
from outvoted.actors.data.selection import Criteria
from outvoted.analysis.report.drawing import COLOURS, PEERS, TARGET, plain, save, show
from outvoted.analysis.report.numbers import Interval, interval
from outvoted.analysis.sweeps.noise_class.experiment import WHOLE
from outvoted.analysis.sweeps.noise_class.results import (
    CRITERIA,
    NETWORKS,
    PARAMETERS,
    PaperCell,
    Parameter,
    Results,
    Series,
    difference,
    published,
    series,
)
from outvoted.analysis.sweeps.noise_class.step_function import STEP, TRAINED, WHERE, Where

_STYLES: dict[Criteria, tuple[str, str]] = {
    "lc+ls": ("#56B4E9", "o"),
    "lc+hs": ("#0072B2", "s"),
    "hc+ls": ("#E69F00", "^"),
    "hc+hs": ("#D55E00", "D"),
}
"""Colours and markers: blues for low confidence, oranges for high; darker for high spuriousness."""
_APART = 0.007  # fractions by which markers are moved apart
_GREY = "#DDDDDD"

Of = Callable[..., Interval]
"""A mean and its 95 % interval, of something."""


def draw_selections(results: Results, path: Path) -> None:
    """Draw this sweep on the left and the paper on the right: accuracy above, what noise adds to it below."""
    fractions = sorted(results.experiment.fractions)
    figure = Figure(figsize=(9.6, 6.6), layout="constrained")
    axes = figure.subplots(2, 2, sharex=True, sharey="row", height_ratios=[1.5, 1], squeeze=False)
    ours: tuple[str, Of, Of] = ("this sweep", partial(_accuracy, results), partial(_gained, results))
    theirs = ("Fan & Yezzi, tables 2 and 3 (CIFAR-10)", _published_accuracy, _published_gain)
    for (above, below), (title, accuracy, gained) in zip(axes.T, (ours, theirs), strict=True):
        above.set_title(title, fontsize=10)
        _accuracies(above, accuracy, fractions)
        _gains(below, gained, fractions)
        below.set_xlabel(
            "fraction of the correctly and of the wrongly classified training images", fontsize=8
        )
        below.set_xticks(fractions, [f"{fraction:g}" for fraction in fractions])
    baseline, _, _ = interval(results.by_seed(WHOLE))
    if baseline is not None:
        axes[0, 0].axhline(baseline, color="black", linewidth=1, linestyle=":")
    axes[0, 0].set_ylabel("test accuracy", fontsize=9)
    axes[1, 0].set_ylabel("points added by noise", fontsize=9)
    _legend(figure)
    save(figure, path)


def _accuracy(results: Results, criteria: Criteria, fraction: float, noise: bool) -> Interval:
    return interval(results.cell(PaperCell(criteria, fraction, noise)))


def _gained(results: Results, criteria: Criteria, fraction: float) -> Interval:
    added, without = (results.cell(PaperCell(criteria, fraction, noise)) for noise in (True, False))
    return interval(difference(added, without))


def _published_accuracy(criteria: Criteria, fraction: float, noise: bool) -> Interval:
    row = published(criteria, fraction, noise)
    return (None, None, None) if row is None else _normal(row.test_accuracy, row.accuracy_std)


def _published_gain(criteria: Criteria, fraction: float) -> Interval:
    """Return the difference of the paper's means, taking its networks to be independent."""
    added, without = (published(criteria, fraction, noise) for noise in (True, False))
    if added is None or without is None:
        return None, None, None
    std = (added.accuracy_std**2 + without.accuracy_std**2) ** 0.5
    return _normal(added.test_accuracy - without.test_accuracy, std)


def _normal(mean: float, std: float) -> Interval:
    """Return a mean and its 95 % interval, by the standard deviation over the paper's networks."""
    half = 1.96 * std / np.sqrt(NETWORKS)
    return mean, float(mean - half), float(mean + half)


def _accuracies(axes: Axes, accuracy: Of, fractions: Sequence[float]) -> None:
    for place, (criteria, (colour, _)) in enumerate(_STYLES.items()):
        for noise in (False, True):
            x = [fraction + (place - 1.5) * _APART for fraction in fractions]
            found = [accuracy(criteria, fraction, noise) for fraction in fractions]
            line = "--" if noise else "-"
            axes.plot(x, _means(found), color=colour, linewidth=1.1, linestyle=line)
            for where, one in zip(x, found, strict=True):
                _bar(axes, where, one, **_style(criteria, filled=not noise))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    plain(axes)


def _gains(axes: Axes, gained: Of, fractions: Sequence[float]) -> None:
    axes.axhline(0, color="black", linewidth=0.8)
    for place, criteria in enumerate(CRITERIA):
        for fraction in fractions:
            x = fraction + (place - 1.5) * _APART
            _bar(axes, x, gained(criteria, fraction), 100, **_style(criteria, filled=False))
    plain(axes)


def _means(found: Sequence[Interval]) -> list[float]:
    return [np.nan if mean is None else mean for mean, _, _ in found]


def _bar(axes: Axes, x: float, found: Interval, factor: float = 1, **style: Any) -> None:
    """Draw a mean, if there is one, with its interval, if there is one."""
    mean, low, high = (None if one is None else factor * one for one in found)
    if mean is None:
        return
    reach = None if low is None or high is None else [[mean - low], [high - mean]]
    axes.errorbar([x], [mean], yerr=reach, elinewidth=1, capsize=0, **style)


def _style(criteria: Criteria, filled: bool) -> dict[str, Any]:
    colour, marker = _STYLES[criteria]
    return {"fmt": marker, "ms": 4.5, "color": colour, "mfc": colour if filled else "white", "mec": colour}


def _legend(figure: Figure) -> None:
    handles = [Line2D([], [], marker=mark, color=c, ms=5, label=name) for name, (c, mark) in _STYLES.items()]
    grey = "#555555"
    handles += [
        Line2D([], [], marker="o", color=grey, ms=5, label="without noise"),
        Line2D([], [], marker="o", color=grey, mfc="white", linestyle="--", ms=5, label="with noise"),
        Line2D([], [], color="black", linestyle=":", label="all images, no noise"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=7, frameon=False, fontsize=8.5)
    figure.suptitle(
        "hc, lc: high, low confidence where correct; hs, ls: high, low spuriousness where wrong; "
        "bars: 95 % intervals",
        fontsize=9,
    )


_MARKERS = "osD^vP"
_TITLES: dict[Parameter, str] = {
    "deviation": "deviation, grey levels (Fig. 9)",
    "mean": "mean, grey levels (Fig. 10)",
    "number": "noise images, × images of a class (Fig. 11)",
    "scale": "scale: side of the filter's window, pixels (Fig. 12)",
}
_MOST_COLUMNS = 2  # that can be read at the width of a page


def draw_noise(results: Results, path: Path) -> None:
    """Draw the accuracy of all images with each class of noise: a panel for each parameter that is varied.

    One more holds the noises that are in no series. The setting without noise is a line with its interval.
    """
    every = series(results.noises)
    shown = [lines for name in PARAMETERS if (lines := [one for one in every if one.parameter == name])]
    in_series = {setting for one in every for _, setting in one.places}
    others = [setting for setting, _ in results.noises if setting not in in_series]
    number = len(shown) + bool(others)
    columns = number if number <= _MOST_COLUMNS else min(-(-number // 2), _MOST_COLUMNS)
    rows = -(-number // columns)
    figure = Figure(figsize=(4.3 * columns, 3.6 * rows + 0.3), layout="constrained")
    grid = figure.subplots(rows, columns, sharey=True, squeeze=False)
    panels = list(grid.ravel())
    for lines, axes in zip(shown, panels, strict=False):
        _lines(axes, lines, results)
    if others:
        _points(panels[len(shown)], others, results)
    for axes in panels[:number]:
        _baseline(axes, interval(results.by_seed(WHOLE)))
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=1))
        plain(axes)
    for axes in panels[number:]:
        axes.set_axis_off()
    for axes in grid[:, 0]:
        axes.set_ylabel("test accuracy", fontsize=9)
    figure.suptitle(
        "trained on all images and a class of noise; line and band: without noise; bars: 95 % over seeds",
        fontsize=9,
    )
    save(figure, path)


def _baseline(axes: Axes, found: Interval) -> None:
    mean, low, high = found
    if mean is not None:
        axes.axhline(mean, color="black", linewidth=1, linestyle=":", zorder=1)
    if low is not None and high is not None:
        axes.axhspan(low, high, color=_GREY, alpha=0.6, linewidth=0, zorder=0)


def _lines(axes: Axes, lines: Sequence[Series], results: Results) -> None:
    parameter = lines[0].parameter
    logarithmic = parameter == "number"
    values = sorted({value for one in lines for value, _ in one.places})
    width = np.log10(values[-1] / values[0]) if logarithmic else values[-1] - values[0]
    for index, one in enumerate(lines):
        shift = (index - (len(lines) - 1) / 2) * 0.015 * width
        x = [value * 10**shift if logarithmic else value + shift for value, _ in one.places]
        found = [interval(results.by_seed(setting)) for _, setting in one.places]
        colour, marker = COLOURS[index % len(COLOURS)], _MARKERS[index % len(_MARKERS)]
        axes.plot(x, _means(found), color=colour, linewidth=1.2, marker=marker, ms=4, label=one.label)
        for where, each in zip(x, found, strict=True):
            _bar(axes, where, each, fmt="none", ecolor=colour)
    if logarithmic:
        axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator(values))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks(values, [f"{value:g}" for value in values])
    axes.set_xlabel(_TITLES[parameter], fontsize=9)
    axes.legend(fontsize=7.5, frameon=False, loc="lower left", bbox_to_anchor=(0, 1), borderpad=0)


def _points(axes: Axes, settings: Sequence[str], results: Results) -> None:
    for place, setting in enumerate(settings):
        _bar(axes, place, interval(results.by_seed(setting)), fmt="o", ms=4.5, color=TARGET)
    names = [setting.removeprefix("all+") for setting in settings]
    turned = 20 if len(settings) > 3 else 0
    side = "right" if turned else "center"
    axes.set_xticks(range(len(settings)), names, rotation=turned, ha=side, fontsize=7)
    axes.set_xlim(-0.5, len(settings) - 0.5)
    axes.set_xlabel("other noise", fontsize=9)


_COLUMNS = 5
_INCHES = 1.35


def draw_noises(noises: Sequence[Noise], shape: Shape, path: Path, seed: int = 0) -> None:
    """Draw the first image of each noise, of ``shape`` (channels, height, width), under its label.

    Raises:
        OutvotedError: a noise does not fit images of this shape.
    """
    rows = -(-len(noises) // _COLUMNS)
    figure = Figure(figsize=(_INCHES * _COLUMNS, (_INCHES + 0.2) * rows), layout="constrained")
    panels = figure.subplots(rows, _COLUMNS, squeeze=False).ravel()
    for axes, noise in zip(panels, noises, strict=False):
        show(axes, noise.draw(1, shape, np.random.default_rng(seed))[0])
        axes.set_title(noise.label, fontsize=6.5)
    for axes in panels[len(noises) :]:
        axes.set_axis_off()
    save(figure, path)


_STEPS: dict[Where, tuple[str, str]] = {
    "middle": (TARGET, "trained on samples near the step"),
    "ends": (PEERS, "trained on samples at both ends"),
}


def draw_step_function(fits: pd.DataFrame, path: Path) -> None:
    """Draw a panel for each training set: a line for each fit, the step dashed, the training samples grey.

    Fits are cut off where they leave the panel.
    """
    figure = Figure(figsize=(8.4, 3.4), layout="constrained")
    for axes, where in zip(figure.subplots(1, 2, sharey=True), WHERE, strict=True):
        colour, title = _STEPS[where]
        for low, high in TRAINED[where]:
            axes.axvspan(low, high, color=_GREY, linewidth=0)
        for _, fit in fits[fits["where"] == where].groupby("seed"):
            axes.plot(fit["x"], fit["fit"], color=colour, linewidth=1.3)
        axes.plot([0, STEP, STEP, 1], [0, 0, 1, 1], color="black", linewidth=1, linestyle="--")
        axes.set(xlim=(0, 1), ylim=(-0.75, 1.75), xlabel="x")
        axes.set_title(title, fontsize=10)
        axes.spines[["top", "right"]].set_visible(False)
    figure.axes[0].set_ylabel("fit")
    figure.supxlabel("a line per seed; dashed: the step; grey: where the training samples are", fontsize=9)
    save(figure, path)
