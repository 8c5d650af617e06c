"""Sigmoids, learning curves, regimes, robustness, gradients by temperature: Bečková et al., Figs. 2 to 9."""

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

from outvoted.analysis.report.drawing import TARGET, plain, save, shortened
from outvoted.analysis.report.numbers import nan_mean
from outvoted.analysis.sweeps.temperature.measurements import (
    REGIMES,
    SIGNIFICANT,
    Measurements,
    temperature_name,
)
from outvoted.analysis.sweeps.temperature.robustness import linear_bound, saturated_bound
from outvoted.search.arrays import Floats

_COLOURS = mpl.colormaps["viridis"].with_extremes(bad="#DDDDDD")
"""Steps that colour-blind readers can tell apart; missing values are grey."""
_PERCENT = PercentFormatter(1.0, decimals=0)
_LONGEST = 14  # characters of a class's name
_NUMBERED = 20  # classes that fit along an axis
_ROW = 0.22  # inches of a map for each temperature


def _colours(number: int) -> list[tuple[float, ...]]:
    """Return that many colours from dark to light: temperatures are ordered, not categories."""
    return [_COLOURS(0.9 * index / max(1, number - 1)) for index in range(number)]


def _heat(axes: Axes, values: Floats, norm: Normalize, **placed: object) -> AxesImage:
    axes.tick_params(labelsize=8)
    style = {"cmap": _COLOURS, "norm": norm, "aspect": "auto", "interpolation": "nearest"}
    return axes.imshow(values, **style, **placed)  # type: ignore[arg-type]


def _bar(
    figure: Figure, drawn: AxesImage, axes: Sequence[Axes], label: str, form: PercentFormatter | None = None
) -> None:
    bar = figure.colorbar(drawn, ax=list(axes), format=form)
    bar.set_label(label, fontsize=9)
    bar.ax.tick_params(which="both", labelsize=8)


def _over_epochs(axes: Axes, values: Floats, found: Measurements, norm: Normalize) -> AxesImage:
    """Draw (temperatures, epochs) as a map, temperatures rising upwards."""
    rows, epochs = values.shape
    drawn = _heat(axes, values, norm, origin="lower", extent=(0.5, epochs + 0.5, -0.5, rows - 0.5))
    axes.set(xlabel="epoch", yticks=range(rows))
    axes.set_yticklabels(map(temperature_name, found.layout.temperatures))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    return drawn


def _along_temperatures(axes: Axes, temperatures: Sequence[float]) -> None:
    """Space temperatures evenly along the x axis, in their order."""
    axes.set(xlabel="temperature T", xticks=range(len(temperatures)), xlim=(-0.5, len(temperatures) - 0.5))
    axes.set_xticklabels(map(temperature_name, temperatures), rotation=45 if len(temperatures) > 6 else 0)


def _name_classes(axes: Axes, names: Sequence[str], *more: str) -> bool:
    """Write shortened class names along the y axis, unless there are too many."""
    if len(names) > _NUMBERED:
        return False
    ticks = [*(shortened(name, _LONGEST) for name in names), *more]
    axes.set_yticks(range(len(ticks)), ticks)
    return True


def _title(figure: Figure, text: str, *shown: Floats) -> None:
    """Say what all panels show, and what grey means if something is missing."""
    grey = "; grey: not measured" if any(np.isnan(values).any() for values in shown) else ""
    figure.suptitle(text + grey, fontsize=10)


def _legend(figure: Figure, axes: Axes) -> None:
    """List the temperatures drawn in ``axes`` beside all panels, the highest on top."""
    handles, labels = axes.get_legend_handles_labels()
    style = {"title": "T", "fontsize": 8, "frameon": False, "reverse": True}
    figure.legend(handles, labels, loc="outside right center", **style)


_SHOWN = 4.0  # pre-activations about 0
_BEYOND = 8.0  # factor beyond the outermost bounds


def draw_sigmoids(found: Measurements, path: Path) -> None:
    """Draw the sigmoids about 0, and for net > 0 on a logarithmic axis with the bounds r1 and r2 (Fig. 2)."""
    temperatures = found.layout.temperatures
    figure = Figure(figsize=(10, 3.9), layout="constrained")
    near, far = figure.subplots(1, 2)
    nets = np.linspace(-_SHOWN, _SHOWN, 801)
    bounds = [(linear_bound(one), saturated_bound(one)) for one in temperatures]
    ends = [bound for pair in bounds for bound in pair if bound > 0]  # r2 is 0 where everything is saturated
    positive = np.geomspace(min(ends) / _BEYOND, max(ends) * _BEYOND, 400)
    for temperature, pair, colour in zip(temperatures, bounds, _colours(len(temperatures)), strict=True):
        near.plot(nets, expit(nets / temperature), color=colour, label=temperature_name(temperature))
        far.plot(positive, expit(positive / temperature), color=colour)
        for bound, marker, face in zip(pair, "os", ("white", colour), strict=True):
            if bound > 0:
                style = {"color": colour, "markerfacecolor": face, "ms": 6, "zorder": 3}
                far.plot(bound, expit(bound / temperature), marker, **style)
    near.set(xlabel="net", ylabel="f(net)", title="around 0")
    far.set(xlabel="net (logarithmic)", xscale="log", title="net > 0, with the bounds of the regimes")
    handles = [
        far.plot([], [], "o", color="black", markerfacecolor="white", label="r1: linear up to here")[0],
        far.plot([], [], "s", color="black", label="r2: saturated from here")[0],
    ]
    far.legend(handles=handles, fontsize=8, frameon=False, loc="lower right")
    for axes in (near, far):
        axes.title.set_fontsize(10)
        plain(axes)
    _legend(figure, near)
    figure.suptitle("Sigmoids f(net) = 1 / (1 + exp(-net / T)): the lower T, the steeper", fontsize=10)
    save(figure, path)


_ZOOM = 0.06  # of accuracy, below the best


def draw_curves(found: Measurements, path: Path) -> None:
    """Draw test accuracy and training loss by epoch: means over seeds, in bands of all values.

    The middle panel enlarges the top of the first, where temperatures that learn lie close together.
    """
    figure = Figure(figsize=(10.5, 3.6), layout="constrained")
    whole, zoomed, loss = figure.subplots(1, 3)
    _curves(whole, found, "test_accuracy", "test accuracy")
    _curves(zoomed, found, "test_accuracy", "test accuracy, enlarged")
    _curves(loss, found, "loss", "mean training loss (cross-entropy)")
    for axes in (whole, zoomed):
        axes.yaxis.set_major_formatter(_PERCENT)
    best = float(np.nanmax(nan_mean(found.curves["test_accuracy"], 1)))
    zoomed.set_ylim(best - _ZOOM, best + _ZOOM / 8)
    if np.nanmin(found.curves["loss"], initial=np.inf) > 0:
        loss.set_yscale("log")
    _legend(figure, whole)
    seeds = len(found.layout.seeds)
    shown = f"mean and range of {seeds} seeds" if seeds > 1 else "1 seed"
    figure.suptitle(f"Learning curves by temperature: {shown}", fontsize=10)
    save(figure, path)


def _curves(axes: Axes, found: Measurements, name: str, title: str) -> None:
    temperatures, epochs = found.layout.temperatures, np.arange(1, found.layout.epochs + 1)
    marker = "o" if len(epochs) == 1 else None
    each = zip(found.curves[name], temperatures, _colours(len(temperatures)), strict=True)
    for values, temperature, colour in each:
        if np.isnan(values).all():
            continue
        label = temperature_name(temperature)
        axes.plot(epochs, nan_mean(values, 0), color=colour, marker=marker, label=label)
        least, most = np.fmin.reduce(values), np.fmax.reduce(values)  # ignore NaN without a warning
        axes.fill_between(epochs, least, most, color=colour, alpha=0.2, linewidth=0)
    axes.set_title(title, fontsize=10)
    axes.set_xlabel("epoch", fontsize=9)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    plain(axes)


def draw_regimes(found: Measurements, path: Path) -> None:
    """Map each regime's share of pre-activations over epochs and temperatures (Fig. 4)."""
    figure = Figure(figsize=(11, _height(found)), layout="constrained")
    panels = list(figure.subplots(1, len(REGIMES), sharey=True))
    for axes, name in zip(panels, REGIMES, strict=True):
        drawn = _over_epochs(axes, nan_mean(found.curves[name], 1), found, Normalize(0, 1))
        axes.set_title(name, fontsize=10)
    panels[0].set_ylabel("temperature T")
    _bar(figure, drawn, panels, "share of pre-activations", _PERCENT)
    text = "Regimes of the last hidden layer during training, over all test images (mean over seeds)"
    _title(figure, text, nan_mean(found.curves["saturated"], 1))
    save(figure, path)


def draw_robustness(found: Measurements, path: Path) -> None:
    """Draw robustness against FGSM with the first epsilon over epochs and temperatures (Fig. 5)."""
    _robustness(found, found.layout.epsilons[:1], path)


def draw_robustness_by_epsilon(found: Measurements, path: Path) -> None:
    """Draw robustness against FGSM for each epsilon, on one scale (Fig. 6)."""
    _robustness(found, sorted(found.layout.epsilons), path)


def _robustness(found: Measurements, epsilons: Sequence[float], path: Path) -> None:
    """Draw a map of epochs and temperatures for each epsilon, and beside them the last epoch."""
    values = [found.robustness[..., found.layout.epsilons.index(one)] for one in epsilons]
    means = [nan_mean(one, 1) for one in values]
    norm = Normalize(0, max(float(np.nanmax(one)) for one in means) or 1)
    size = (2.4 * len(epsilons) + 4.8, max(_height(found), 3.4))
    figure = Figure(figsize=size, layout="constrained")
    *maps, last = figure.subplots(1, len(epsilons) + 1, width_ratios=[1.0] * len(epsilons) + [1.2])
    for axes, one, epsilon in zip(maps, means, epsilons, strict=True):
        drawn = _over_epochs(axes, one, found, norm)
        axes.set_title(f"ε = {epsilon:g}", fontsize=10)
    for axes in maps[1:]:
        axes.set_yticklabels([])
    maps[0].set_ylabel("temperature T")
    _bar(figure, drawn, maps, "adversarial images classified correctly", _PERCENT)
    _last_epoch(last, found, values, epsilons)
    text = "adversarial test images classified correctly, mean over classes and seeds"
    _title(figure, f"{_most_robust(found, means[0][:, -1], epsilons[0])}\n{text}", *means)
    save(figure, path)


def _most_robust(found: Measurements, last: Floats, epsilon: float) -> str:
    """Say which temperature withstands FGSM best after the last epoch, and which worst."""
    if np.isnan(last).all():
        return "Robustness against FGSM"
    best, worst = (f"T = {temperature_name(found.layout.temperatures[at])}" for at in _ends(last))
    most, least = np.nanmax(last), np.nanmin(last)
    kept = f"{best} keeps {most:.0%} of images correct, {worst} only {least:.0%}"
    return f"Under FGSM with ε = {epsilon:g}, {kept}"


def _ends(values: Floats) -> tuple[int, int]:
    return int(np.nanargmax(values)), int(np.nanargmin(values))


_LINES = (("o", "-"), ("s", "--"), ("^", "-."), ("D", ":"))


def _last_epoch(axes: Axes, found: Measurements, values: Sequence[Floats], epsilons: Sequence[float]) -> None:
    """Draw the last epoch: accuracy, and for each epsilon a line through the means and a dot per seed."""
    places = np.arange(len(found.layout.temperatures))
    accuracy = nan_mean(found.curves["test_accuracy"][:, :, -1], 1)
    axes.plot(places, accuracy, ":", color="black", marker="x", ms=4, label="no attack")
    for index, (one, epsilon) in enumerate(zip(values, epsilons, strict=True)):
        marker, line = _LINES[index % len(_LINES)]
        axes.plot(places, nan_mean(one[:, :, -1], 1), line, color=TARGET, label=f"ε = {epsilon:g}")
        for seed in one[:, :, -1].T:
            axes.plot(places, seed, marker, color=TARGET, ms=4, alpha=0.5, linewidth=0)
    axes.set_ylim(-0.02, 1.02)
    axes.set_title("after the last epoch (a dot per seed)", fontsize=10)
    _along_temperatures(axes, found.layout.temperatures)
    plain(axes)
    axes.yaxis.set_major_formatter(_PERCENT)
    axes.legend(fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))


def _height(found: Measurements) -> float:
    return 1.5 + _ROW * max(6, len(found.layout.temperatures))


_DARK = -0.4  # black cannot be read on the colours of correlations below


def draw_gradients(found: Measurements, path: Path) -> None:
    """Draw class medians of G(x), and its correlation with the correct class's confidence (Fig. 8).

    A cross marks a correlation that is not significant, or undefined, for some seed.
    """
    names = found.layout.classes
    height = 1.6 + 0.28 * min(_NUMBERED, max(6, len(names) + 1))
    figure = Figure(figsize=(11, height), layout="constrained")
    sizes, related = figure.subplots(1, 2)
    medians, correlations = nan_mean(found.gradient_median, 1).T, nan_mean(found.correlation, 1).T
    scale = _logarithmic(medians)
    drawn = _heat(sizes, np.maximum(medians, scale.vmin or 0.0), scale)
    _bar(figure, drawn, [sizes], "mean |∂L/∂pixel|, logarithmic")
    sizes.set_title("median of G(x)", fontsize=10)
    _name_classes(sizes, names)
    drawn = _heat(related, correlations, Normalize(-1, 0))
    _bar(figure, drawn, [related], "Pearson's r")
    related.set_title("correlation of G(x) with the correct class's confidence", fontsize=10)
    _name_classes(related, names, "all")
    related.axhline(len(names) - 0.5, color="white", linewidth=2)
    _cross_out(related, found, correlations)
    for axes in (sizes, related):
        axes.set_ylabel("class")
        _along_temperatures(axes, found.layout.temperatures)
    text = "Input gradients G(x) of test images after the last epoch (mean over seeds"
    _title(figure, f"{text}; ×: p ≥ {SIGNIFICANT:g} for some seed)", medians, correlations)
    save(figure, path)


def _logarithmic(values: Floats) -> LogNorm:
    """Return a scale over all values above 0; 0 itself, from a dead network, gets the lowest colour."""
    above = values[values > 0]
    low, high = (float(above.min()), float(above.max())) if len(above) else (1e-12, 1.0)
    return LogNorm(low, high if high > low else 10 * low, clip=True)


def _cross_out(axes: Axes, found: Measurements, shown: Floats) -> None:
    """Mark what is not significant, but not what was never measured."""
    measured = ~np.isnan(found.curves["test_accuracy"][:, :, -1])[:, :, None]
    doubtful = measured & ~(found.correlation_p < SIGNIFICANT)
    for temperature, row in zip(*np.nonzero(doubtful.any(1)), strict=True):
        colour = "white" if shown[row, temperature] < _DARK else "black"
        axes.text(temperature, row, "×", ha="center", va="center", color=colour, fontsize=9)


_ABREAST = 6  # temperatures that can be read at the width of a page
_LIGHT = 0.6  # of the scale: from here on black is easier to read than white


def draw_pixels(found: Measurements, path: Path) -> None:
    """Draw the pixel attack's success, a panel per temperature: classes by number of pixels (Fig. 9)."""
    values, pixels = nan_mean(found.pixel_fooled, 1), found.layout.pixels
    temperatures, classes = found.layout.temperatures, len(found.layout.classes)
    across = min(len(temperatures), _ABREAST)
    rows = -(-len(temperatures) // across)
    width = (0.36 * pixels + 0.12) * across + 2.2
    height = 1.1 + rows * (0.4 + 0.3 * min(30, max(5, classes)))
    figure = Figure(figsize=(max(6.4, width), height), layout="constrained")
    norm = Normalize(0, float(np.nanmax(values)) or 1.0)
    grid = figure.subplots(rows, across, sharey=True, squeeze=False)
    panels = list(grid.flat)[: len(temperatures)]
    for axes, temperature, one in zip(panels, temperatures, values, strict=True):
        drawn = _heat(axes, one, norm)
        axes.set_title(f"T = {temperature_name(temperature)}", fontsize=9)
        axes.set_xticks(range(pixels), [str(number) for number in range(1, pixels + 1)])
        if _name_classes(axes, found.layout.classes):
            _write(axes, one, norm)
    for axes in list(grid.flat)[len(temperatures) :]:
        axes.set_axis_off()
    for axes in grid[:, 1:].flat:
        axes.tick_params(left=False)
    for axes in grid[:, 0]:
        axes.set_ylabel("class")
    _bar(figure, drawn, list(grid.flat), "images fooled", _PERCENT)
    figure.supxlabel("pixels changed, at most", fontsize=9)
    _title(figure, "Pixel attack: % of correctly classified images that it fools (mean over seeds)", values)
    save(figure, path)


def _write(axes: Axes, values: Floats, norm: Normalize) -> None:
    for (row, column), value in np.ndenumerate(values):
        if not np.isnan(value):
            colour = "black" if norm(value) > _LIGHT else "white"
            axes.text(column, row, f"{100 * value:.0f}", ha="center", va="center", fontsize=7, color=colour)
