"""The sigmoids of a sweep and the bounds of their regimes, as in Fig. 2 of Bečková et al."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.special import expit

from outvoted.analysis.report.drawing import plain, save
from outvoted.analysis.sweeps.robustness import linear_bound, saturated_bound
from outvoted.analysis.sweeps.temperature.drawing import colours, legend
from outvoted.analysis.sweeps.temperature.measurements import Measurements, temperature_name

_SHOWN = 4.0  # net values about 0
_BESIDE = 8.0  # factor beyond the outermost bounds


def draw_sigmoids(found: Measurements, path: Path) -> None:
    """Draw f(net) about 0, and for net > 0 on a logarithmic axis with its bounds r1 and r2."""
    temperatures = found.layout.temperatures
    figure = Figure(figsize=(10, 3.9), layout="constrained")
    about, beyond = figure.subplots(1, 2)
    nets = np.linspace(-_SHOWN, _SHOWN, 801)
    bounds = [(linear_bound(one), saturated_bound(one)) for one in temperatures]
    ends = [bound for pair in bounds for bound in pair if bound > 0]  # r2 may be 0: nothing but saturated
    far = np.geomspace(min(ends) / _BESIDE, max(ends) * _BESIDE, 400)
    for temperature, pair, colour in zip(temperatures, bounds, colours(len(temperatures)), strict=True):
        about.plot(nets, expit(nets / temperature), color=colour, label=temperature_name(temperature))
        beyond.plot(far, expit(far / temperature), color=colour)
        _dots(beyond, temperature, pair, colour)
    about.set(xlabel="net", ylabel="f(net)", title="about 0")
    beyond.set(xlabel="net (logarithmic)", xscale="log", title="net > 0, with the bounds of the regimes")
    handles = [
        beyond.plot([], [], "o", color="black", markerfacecolor="white", label="r1: linear up to here")[0],
        beyond.plot([], [], "s", color="black", label="r2: saturated from here")[0],
    ]
    beyond.legend(handles=handles, fontsize=8, frameon=False, loc="lower right")
    for axes in (about, beyond):
        axes.title.set_fontsize(10)
        plain(axes)
    legend(figure, about)
    figure.suptitle("Sigmoids f(net) = 1 / (1 + exp(-net / T)): the lower T, the steeper", fontsize=10)
    save(figure, path)


def _dots(axes: Axes, temperature: float, bounds: tuple[float, float], colour: tuple[float, ...]) -> None:
    for bound, marker, face in zip(bounds, "os", ("white", colour), strict=True):
        if bound > 0:
            height = expit(bound / temperature)
            axes.plot(bound, height, marker, color=colour, markerfacecolor=face, ms=6, zorder=3)
