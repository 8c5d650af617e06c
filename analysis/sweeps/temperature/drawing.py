"""What the pictures of a temperature sweep share: colours, names along axes, heat maps."""

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.ticker import MaxNLocator, PercentFormatter

from outvoted.analysis.sweeps.temperature.measurements import temperature_name
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
