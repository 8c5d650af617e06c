"""Learning curves by temperature, as in Fig. 3 of Bečková et al."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from outvoted.analysis.drawing import plain, save
from outvoted.analysis.temperature.drawing import colours, legend, percent
from outvoted.analysis.temperature.labels import temperature_name
from outvoted.analysis.temperature.means import mean
from outvoted.analysis.temperature.measurements import Measurements

_ENLARGED = 0.06  # of accuracy: what the enlarged panel shows below the best


def draw_curves(found: Measurements, path: Path) -> None:
    """Draw test accuracy and training loss against the epoch: means over seeds in bands of all values.

    The second panel is the upper part of the first, where temperatures that learn lie close together.
    """
    figure = Figure(figsize=(12, 3.8), layout="constrained")
    whole, upper, loss = figure.subplots(1, 3)
    _curves(whole, found, "test_accuracy", "test images right")
    _curves(upper, found, "test_accuracy", "test images right, enlarged")
    _curves(loss, found, "loss", "mean training loss (cross-entropy)")
    percent(whole)
    percent(upper)
    best = float(np.nanmax(mean(found.curves["test_accuracy"], 1)))
    upper.set_ylim(best - _ENLARGED, best + _ENLARGED / 8)
    if np.nanmin(found.curves["loss"], initial=np.inf) > 0:
        loss.set_yscale("log")
    legend(figure, whole)
    band = " and their range" if len(found.layout.seeds) > 1 else ""
    figure.suptitle(f"Learning curves by temperature: mean of {_seeds(found)}{band}", fontsize=10)
    save(figure, path)


def _seeds(found: Measurements) -> str:
    number = len(found.layout.seeds)
    return f"{number} seeds" if number > 1 else "1 seed"


def _curves(axes: Axes, found: Measurements, name: str, title: str) -> None:
    epochs = np.arange(1, found.layout.epochs + 1)
    temperatures = found.layout.temperatures
    for values, temperature, colour in zip(
        found.curves[name], temperatures, colours(len(temperatures)), strict=True
    ):
        if np.isnan(values).all():
            continue
        axes.plot(
            epochs,
            mean(values, 0),
            color=colour,
            marker="o" if len(epochs) == 1 else None,
            label=temperature_name(temperature),
        )
        # fmin and fmax leave out NaN, silently
        least, most = np.fmin.reduce(values), np.fmax.reduce(values)
        axes.fill_between(epochs, least, most, color=colour, alpha=0.2, linewidth=0)
    axes.set_title(title, fontsize=10)
    axes.set_xlabel("epoch", fontsize=9)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    plain(axes)
