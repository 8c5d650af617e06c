"""Success rates of a sweep's settings, and beside them what the sweep measured."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from outvoted.analysis.report.drawing import PEERS, TARGET, plain, save
from outvoted.analysis.sweeps.outvoted_settings import MiningReport, Outvoted
from outvoted.search.arrays import Floats

_SHORT = 9  # characters of a label that fits beside a point


def draw_outvoted(report: MiningReport, path: Path) -> None:
    """Draw the success rate of each setting, in order, and against robustness or test accuracy.

    Bars are Wilson's 95 % intervals and, sideways, one standard deviation over seeds. Long labels stand on
    the left alone, and numbers beside the points.
    """
    height = max(4.2, 0.24 * len(report.settings) + 1.4)
    figure = Figure(figsize=(10.5, height), layout="constrained")
    figure.suptitle(f"{report.run}. {report.verdict}", fontsize=10)
    left, right = figure.subplots(1, 2)
    short = max(len(row.setting) for row in report.settings) <= _SHORT
    numbered = [str(number) for number, _ in enumerate(report.settings, 1)]
    points = [row.setting for row in report.settings] if short else numbered
    lines = [
        row.setting if short else f"{row.setting}  {number}"
        for number, row in zip(numbered, report.settings, strict=True)
    ]
    _in_order(left, report, lines)
    _against(right, report, points)
    for axes in (left, right):
        plain(axes)
    save(figure, path)


def _in_order(axes: Axes, report: MiningReport, lines: list[str]) -> None:
    for place, row in enumerate(report.settings):
        if row.outvoted is None or row.outvoted.success.value is None:
            axes.annotate("not mined", (0, place), color=PEERS, fontsize=8, va="center")
            continue
        value, beside = _interval(row.outvoted)
        axes.errorbar(value, place, xerr=beside, fmt="o", color=TARGET, capsize=3)
    axes.set(xlabel="searches that end in a mistake, %", ylim=(len(lines) - 0.5, -0.5))
    axes.set_xlim(left=0)
    axes.set_yticks(range(len(lines)), lines)


def _against(axes: Axes, report: MiningReport, points: list[str]) -> None:
    for point, row in zip(points, report.settings, strict=True):
        figure = report.figure(row)
        if row.outvoted is None or row.outvoted.success.value is None or figure.mean is None:
            continue
        value, beside = _interval(row.outvoted)
        place, spread = 100 * figure.mean, 100 * (figure.std or 0.0)
        axes.errorbar(place, value, beside, spread, ecolor=PEERS, elinewidth=0.8, capsize=2, fmt="none")
        axes.plot(place, value, "o", ms=4, color=TARGET)
        axes.annotate(point, (place, value), (4, 4), textcoords="offset points", fontsize=8)
    measured = "test images right, %"
    if report.epsilon is not None:
        measured = f"test images right under FGSM, ε = {report.epsilon:g}, %"
    axes.set(xlabel=measured, ylabel="searches that end in a mistake, %")
    axes.margins(x=0.12)


def _interval(found: Outvoted) -> tuple[float, Floats]:
    """Return a success rate in percent, and how far its interval reaches below and above, shape (2, 1)."""
    success = found.success
    assert success.value is not None
    assert success.low is not None
    assert success.high is not None
    beside = [[success.value - success.low], [success.high - success.value]]
    return 100 * success.value, 100 * np.maximum(beside, 0)
