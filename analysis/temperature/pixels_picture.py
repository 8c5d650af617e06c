"""How often changed pixels fool networks, as in Fig. 9 of Bečková et al."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from outvoted.analysis.drawing import save
from outvoted.analysis.temperature.drawing import class_names, colour_map, percent_bar, title
from outvoted.analysis.temperature.labels import temperature_name
from outvoted.analysis.temperature.means import mean
from outvoted.analysis.temperature.measurements import Measurements
from outvoted.search.arrays import Floats

_LIGHT = 0.6  # of the scale, from where on black is easier to read than white


def draw_pixels(found: Measurements, path: Path) -> None:
    """Draw a panel for each temperature: classes down, numbers of pixels to the right, percent in cells."""
    values = mean(found.pixel_fooled, 1)
    temperatures, names = found.layout.temperatures, class_names(found.layout.classes)
    pixels = found.layout.pixels
    width = 0.36 * pixels * len(temperatures) + 0.12 * len(temperatures) + 2.2
    height = 1.5 + 0.3 * min(30, max(5, len(found.layout.classes)))
    figure = Figure(figsize=(max(6.4, width), height), layout="constrained")
    norm = Normalize(0, float(np.nanmax(values)) or 1.0)
    panels = figure.subplots(1, len(temperatures), sharey=True, squeeze=False)[0]
    for axes, temperature, one in zip(panels, temperatures, values, strict=True):
        drawn = axes.imshow(one, cmap=colour_map(), norm=norm, aspect="auto", interpolation="nearest")
        axes.set_title(f"T = {temperature_name(temperature)}", fontsize=9)
        axes.set_xticks(range(pixels), [str(number) for number in range(1, pixels + 1)])
        axes.tick_params(labelsize=8)
        if names:
            axes.set_yticks(range(len(names)), names)
            _write(axes, one, norm)
    for axes in panels[1:]:
        axes.tick_params(left=False)
    panels[0].set_ylabel("class")
    percent_bar(figure, drawn, list(panels), "images fooled")
    figure.supxlabel("pixels changed, at most", fontsize=9)
    title(figure, "Pixel attack: % of right answers that turn wrong (mean over seeds)", values)
    save(figure, path)


def _write(axes: Axes, values: Floats, norm: Normalize) -> None:
    for (row, column), value in np.ndenumerate(values):
        if not np.isnan(value):
            colour = "black" if norm(value) > _LIGHT else "white"
            axes.text(column, row, f"{100 * value:.0f}", ha="center", va="center", fontsize=7, color=colour)
