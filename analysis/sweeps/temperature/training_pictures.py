"""Learning, regimes, robustness and gradients by temperature, as in Figs. 3 to 8 of Bečková et al."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.ticker import MaxNLocator

from outvoted.analysis.report.drawing import plain, save
from outvoted.analysis.sweeps.temperature.checks import SIGNIFICANT
from outvoted.analysis.sweeps.temperature.drawing import (
    BLUE,
    along_temperatures,
    class_names,
    colour_map,
    colours,
    legend,
    over_epochs,
    percent,
    percent_bar,
    title,
)
from outvoted.analysis.sweeps.temperature.measurements import Measurements, mean, temperature_name
from outvoted.search.arrays import Floats

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


_DARK = -0.4  # correlations below have colours on which black cannot be read


def draw_gradients(found: Measurements, path: Path) -> None:
    """Draw class medians of G(x), and its correlation with the right class's confidence; means over seeds.

    A cross marks a correlation that is not significant in some seed, or cannot be computed in any.
    """
    height = 1.6 + 0.28 * min(20, max(6, len(found.layout.classes) + 1))
    figure = Figure(figsize=(11, height), layout="constrained")
    sizes, related = figure.subplots(1, 2)
    medians = mean(found.gradient_median, 1).T
    drawn = _map(sizes, found, medians, _logarithmic(medians))
    sizes.set_title("median of G(x)", fontsize=10)
    figure.colorbar(drawn, ax=sizes).set_label("mean |∂L/∂pixel|, logarithmic", fontsize=9)
    correlations = mean(found.correlation, 1).T
    drawn = _map(related, found, correlations, Normalize(-1, 0), last="all")
    related.set_title("correlation of G(x) with the right class's confidence", fontsize=10)
    figure.colorbar(drawn, ax=related).set_label("Pearson's r", fontsize=9)
    _crosses(related, found, correlations)
    text = "Input gradients G(x) of test images after the last epoch (mean over seeds"
    title(figure, f"{text}; ×: p ≥ {SIGNIFICANT:g} for some seed)", medians, correlations)
    save(figure, path)


def _logarithmic(values: Floats) -> LogNorm:
    """Return a scale over all that is above 0; 0 itself, of a dead network, takes the lowest colour."""
    above = values[values > 0]
    if not len(above):
        return LogNorm(1e-12, 1, clip=True)
    low, high = float(above.min()), float(above.max())
    return LogNorm(low, high if high > low else 10 * low, clip=True)


def _map(
    axes: Axes, found: Measurements, values: Floats, norm: Normalize, last: str | None = None
) -> AxesImage:
    least = norm.vmin or 0.0
    shown = np.maximum(values, least) if isinstance(norm, LogNorm) else values
    drawn = axes.imshow(shown, cmap=colour_map(), norm=norm, aspect="auto", interpolation="nearest")
    names = class_names(found.layout.classes)
    if names:
        names += [last] if last else []
        axes.set_yticks(range(len(names)), names)
    if last:
        axes.axhline(len(found.layout.classes) - 0.5, color="white", linewidth=2)
    axes.set_ylabel("class")
    along_temperatures(axes, found.layout.temperatures)
    axes.tick_params(labelsize=8)
    return drawn


def _crosses(axes: Axes, found: Measurements, shown: Floats) -> None:
    """Mark what is not significant, but not what was not measured at all."""
    measured = ~np.isnan(found.curves["test_accuracy"][:, :, -1])[:, :, None]
    doubtful = measured & ~(found.correlation_p < SIGNIFICANT)
    for temperature, row in zip(*np.nonzero(doubtful.any(1)), strict=True):
        colour = "white" if shown[row, temperature] < _DARK else "black"
        axes.text(temperature, row, "×", ha="center", va="center", color=colour, fontsize=9)
