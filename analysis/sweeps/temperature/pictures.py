"""Sigmoids, learning, regimes, robustness and gradients by temperature: Figs. 2 to 8 of Bečková et al."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.ticker import MaxNLocator, PercentFormatter
from scipy.special import expit

from outvoted.analysis.report.drawing import plain, save
from outvoted.analysis.sweeps.robustness.regimes import linear_bound, saturated_bound
from outvoted.analysis.sweeps.temperature.claims import SIGNIFICANT
from outvoted.analysis.sweeps.temperature.measurements import Measurements, mean, temperature_name
from outvoted.search.arrays import Floats

BLUE, RED = "#0072B2", "#D55E00"
"""From Okabe & Ito's palette, which colour-blind readers can tell apart."""
_MISSING = "#DDDDDD"
_NUMBERED = 20  # classes that can all be written along an axis
_LONGEST = 14
_PERCENT = PercentFormatter(1.0, decimals=0)


def colours(number: int) -> list[tuple[float, ...]]:
    """Return so many colours of viridis, from dark to light: temperatures are an order, not categories."""
    palette = mpl.colormaps["viridis"]
    return [palette(0.9 * index / max(1, number - 1)) for index in range(number)]


def colour_map() -> mpl.colors.Colormap:
    """Return viridis, which colour-blind readers can tell the steps of, where what is missing is grey."""
    return mpl.colormaps["viridis"].with_extremes(bad=_MISSING)


def over_epochs(axes: Axes, values: Floats, temperatures: Sequence[float], norm: Normalize) -> AxesImage:
    """Draw (temperatures, epochs) as a map: epochs to the right, rising temperatures upwards."""
    rows, epochs = values.shape
    drawn = axes.imshow(
        values,
        cmap=colour_map(),
        norm=norm,
        origin="lower",
        aspect="auto",
        interpolation="nearest",
        extent=(0.5, epochs + 0.5, -0.5, rows - 0.5),
    )
    axes.set(xlabel="epoch", yticks=range(rows), yticklabels=map(temperature_name, temperatures))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.tick_params(labelsize=8)
    return drawn


def along_temperatures(axes: Axes, temperatures: Sequence[float]) -> None:
    """Let the x axis be temperatures, evenly spaced in their order."""
    axes.set(xlabel="temperature T", xticks=range(len(temperatures)), xlim=(-0.5, len(temperatures) - 0.5))
    axes.set_xticklabels(map(temperature_name, temperatures), rotation=45 if len(temperatures) > 6 else 0)


def title(figure: Figure, text: str, *shown: Floats) -> None:
    """Write over all panels what they show, and what grey is if something is missing."""
    grey = "; grey: not measured" if any(np.isnan(values).any() for values in shown) else ""
    figure.suptitle(text + grey, fontsize=10)


def class_names(names: Sequence[str]) -> list[str]:
    """Shorten names of classes so that they fit beside an axis; none if there are too many."""
    if len(names) > _NUMBERED:
        return []
    return [shortened(name) for name in names]


def shortened(name: str) -> str:
    """Cut a long name of a class."""
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"


def legend(figure: Figure, axes: Axes) -> None:
    """List the temperatures that are lines in ``axes`` beside all panels, the highest on top."""
    handles, labels = axes.get_legend_handles_labels()
    style = {"title": "T", "fontsize": 8, "frameon": False, "reverse": True}
    figure.legend(handles, labels, loc="outside right center", **style)


def percent(axes: Axes) -> None:
    """Write the y axis, shares 0-1, in percent."""
    axes.yaxis.set_major_formatter(_PERCENT)


def percent_bar(figure: Figure, drawn: AxesImage, axes: Sequence[Axes], label: str) -> None:
    """Add the colour bar of shares 0-1, in percent."""
    bar = figure.colorbar(drawn, ax=list(axes), format=_PERCENT)
    bar.set_label(label, fontsize=9)
    bar.ax.tick_params(labelsize=8)


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
