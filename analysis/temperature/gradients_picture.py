"""Input gradients by temperature and class, as in Fig. 8 of Bečková et al."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from outvoted.analysis.drawing import save
from outvoted.analysis.temperature.checks import SIGNIFICANT
from outvoted.analysis.temperature.drawing import along_temperatures, class_names, colour_map, title
from outvoted.analysis.temperature.means import mean
from outvoted.analysis.temperature.measurements import Measurements
from outvoted.search.arrays import Floats

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
