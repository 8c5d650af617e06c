"""Regimes and robustness while networks are trained, as in Figs. 4 to 6 of Bečková et al."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from outvoted.analysis.drawing import plain, save
from outvoted.analysis.temperature.drawing import (
    BLUE,
    along_temperatures,
    over_epochs,
    percent,
    percent_bar,
    title,
)
from outvoted.analysis.temperature.means import mean
from outvoted.analysis.temperature.measurements import Measurements
from outvoted.search.arrays import Floats

_REGIMES = ("linear", "nonlinear", "saturated")
_INCHES = 0.22  # of a map, for each temperature


def draw_regimes(found: Measurements, path: Path) -> None:
    """Draw a map of epochs and temperatures for each regime: its share of net values, mean over seeds."""
    figure = Figure(figsize=(11, _height(found)), layout="constrained")
    panels = list(figure.subplots(1, len(_REGIMES), sharey=True))
    for axes, name in zip(panels, _REGIMES, strict=True):
        drawn = over_epochs(axes, mean(found.curves[name], 1), found.layout.temperatures, Normalize(0, 1))
        axes.set_title(name, fontsize=10)
    panels[0].set_ylabel("temperature T")
    percent_bar(figure, drawn, panels, "share of net values")
    text = "Regimes of the last hidden layer during training, over all test images (mean over seeds)"
    title(figure, text, mean(found.curves["saturated"], 1))
    save(figure, path)


def draw_robustness(found: Measurements, path: Path) -> None:
    """Draw robustness against FGSM, of the headline's epsilon, over epochs and temperatures (Fig. 5)."""
    _robustness(found, found.layout.epsilons[:1], path)


def draw_robustness_by_epsilon(found: Measurements, path: Path) -> None:
    """Draw robustness against FGSM for each epsilon, on one scale (Fig. 6)."""
    _robustness(found, sorted(found.layout.epsilons), path)


def _robustness(found: Measurements, shown: Sequence[float], path: Path) -> None:
    """Draw a map of epochs and temperatures for each epsilon, and beside them all after the last epoch."""
    values = [found.robustness[..., found.layout.epsilons.index(one)] for one in shown]
    most = max(float(np.nanmax(mean(one, 1))) for one in values)
    height = _height(found)
    figure = Figure(figsize=(3.4 * len(shown) + 5.4, max(height, 3.4)), layout="constrained")
    *maps, last = figure.subplots(1, len(shown) + 1, width_ratios=[1.0] * len(shown) + [1.2])
    for axes, one, epsilon in zip(maps, values, shown, strict=True):
        drawn = over_epochs(axes, mean(one, 1), found.layout.temperatures, Normalize(0, most or 1))
        axes.set_title(f"ε = {epsilon:g}", fontsize=10)
    for axes in maps[1:]:
        axes.set_yticklabels([])
    maps[0].set_ylabel("temperature T")
    percent_bar(figure, drawn, maps, "adversarial images answered right")
    _last(last, found, values, shown)
    text = "Robustness against FGSM: adversarial test images answered right (mean over classes and seeds)"
    title(figure, text, *(mean(one, 1) for one in values))
    save(figure, path)


def _last(axes: Axes, found: Measurements, values: Sequence[Floats], epsilons: Sequence[float]) -> None:
    """Draw the last epoch: a line through the means for each epsilon, a dot for each seed, and accuracy."""
    places = np.arange(len(found.layout.temperatures))
    accuracy = mean(found.curves["test_accuracy"][:, :, -1], 1)
    axes.plot(places, accuracy, ":", color="black", marker="x", ms=4, label="no attack")
    for (marker, line), one, epsilon in zip(_lines(len(epsilons)), values, epsilons, strict=True):
        axes.plot(places, mean(one[:, :, -1], 1), line, color=BLUE, label=f"ε = {epsilon:g}")
        for seed in one[:, :, -1].T:
            axes.plot(places, seed, marker, color=BLUE, ms=4, alpha=0.5, linewidth=0)
    axes.set_ylim(-0.02, 1.02)
    axes.set_title("after the last epoch (a dot for each seed)", fontsize=10)
    along_temperatures(axes, found.layout.temperatures)
    plain(axes)
    percent(axes)
    axes.legend(fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))


def _lines(number: int) -> list[tuple[str, str]]:
    """Tell lines apart by markers and dashes."""
    kinds = [("o", "-"), ("s", "--"), ("^", "-."), ("D", ":")]
    return [kinds[index % len(kinds)] for index in range(number)]


def _height(found: Measurements) -> float:
    return 1.5 + _INCHES * max(6, len(found.layout.temperatures))
