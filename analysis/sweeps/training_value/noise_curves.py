"""Accuracy against what noise is varied in: Fan & Yezzi's figs. 9 to 12, and the noises besides."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator, PercentFormatter

from outvoted.analysis.report.drawing import plain, save
from outvoted.analysis.report.numbers import Interval
from outvoted.analysis.sweeps.training_value.results import PARAMETERS, Parameter, Series
from outvoted.analysis.sweeps.training_value.selections_picture import bar

_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_MARKERS = "osD^vP"
_TITLES: dict[Parameter, str] = {
    "deviation": "deviation, grey levels (Fig. 9)",
    "mean": "mean, grey levels (Fig. 10)",
    "number": "noise images, × images of a class (Fig. 11)",
    "scale": "scale: side of the filter's window, pixels (Fig. 12)",
}
_MOST_COLUMNS = 3

Accuracy = Callable[[str], Interval]
"""Of a setting: mean and 95 % interval."""


def draw_noise(
    all_series: Sequence[Series], others: Sequence[str], accuracy: Accuracy, baseline: str, path: Path
) -> None:
    """Draw a panel for each parameter that is varied, and one for the settings in no series.

    Args:
        all_series: the noises that differ in one parameter only.
        others: settings besides, each named on the x-axis.
        accuracy: looks a setting up.
        baseline: the setting without noise, a line with its interval in every panel.
    """
    varied = [name for name in PARAMETERS if any(one.parameter == name for one in all_series)]
    panels = len(varied) + bool(others)
    columns = panels if panels <= _MOST_COLUMNS else min(-(-panels // 2), _MOST_COLUMNS)
    lines = -(-panels // columns)
    figure = Figure(figsize=(4.3 * columns, 3.6 * lines + 0.3), layout="constrained")
    axes = figure.subplots(lines, columns, sharey=True, squeeze=False)
    for place in axes.ravel()[panels:]:
        place.set_axis_off()
    for place, name in zip(axes.ravel(), varied, strict=False):
        _baseline(place, accuracy(baseline))
        _curves(place, [one for one in all_series if one.parameter == name], accuracy)
        place.set_xlabel(_TITLES[name], fontsize=9)
    if others:
        place = axes.ravel()[len(varied)]
        _baseline(place, accuracy(baseline))
        _points(place, others, accuracy)
    for place in axes.ravel()[:panels]:
        place.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=1))
        plain(place)
    for place in axes[:, 0]:
        place.set_ylabel("test accuracy", fontsize=9)
    figure.suptitle(
        "trained on all images and a class of noise; line and band: without noise; bars: 95 % over seeds",
        fontsize=9,
    )
    save(figure, path)


def _baseline(axes: Axes, found: Interval) -> None:
    mean, low, high = found
    if mean is None:
        return
    axes.axhline(mean, color="black", linewidth=1, linestyle=":")
    if low is not None and high is not None:
        axes.axhspan(low, high, color="#DDDDDD", alpha=0.6, linewidth=0)


def _curves(axes: Axes, lines: Sequence[Series], accuracy: Accuracy) -> None:
    logarithmic = lines[0].parameter == "number"
    values = sorted({value for one in lines for value, _ in one.places})
    width = np.log10(values[-1] / values[0]) if logarithmic else values[-1] - values[0]
    for index, one in enumerate(lines):
        shift = (index - (len(lines) - 1) / 2) * 0.015 * width
        x = [value * 10**shift if logarithmic else value + shift for value, _ in one.places]
        found = [accuracy(setting) for _, setting in one.places]
        colour, marker = _COLOURS[index % len(_COLOURS)], _MARKERS[index % len(_MARKERS)]
        means = [np.nan if mean is None else mean for mean, _, _ in found]
        axes.plot(x, means, color=colour, linewidth=1.2, marker=marker, ms=4, label=one.label)
        for where, each in zip(x, found, strict=True):
            bar(axes, where, each, fmt="none", ecolor=colour)
    if logarithmic:
        axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator(values))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks(values, [f"{value:g}" for value in values])
    axes.legend(fontsize=7.5, frameon=False, loc="lower left", bbox_to_anchor=(0, 1), borderpad=0)


def _points(axes: Axes, settings: Sequence[str], accuracy: Accuracy) -> None:
    for place, setting in enumerate(settings):
        bar(axes, place, accuracy(setting), fmt="o", ms=4.5, color="#0072B2")
    names = [setting.removeprefix("all+") for setting in settings]
    turned = 20 if len(settings) > 3 else 0
    axes.set_xticks(
        range(len(settings)), names, rotation=turned, ha="right" if turned else "center", fontsize=7
    )
    axes.set_xlim(-0.5, len(settings) - 0.5)
    axes.set_xlabel("other noise", fontsize=9)
