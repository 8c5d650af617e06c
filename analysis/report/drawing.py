"""What all pictures share: colours, plain axes, images as they are, and files that are whole."""

from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from outvoted.actors.runs.files import write_atomically
from outvoted.search.arrays import Pixels

TARGET, PEERS = "#0072B2", "#E69F00"
"""Blue and orange of Okabe & Ito's palette, which colour-blind readers can tell apart."""

mpl.use("Agg")
mpl.rcParams["text.parse_math"] = False  # names of classes and networks may hold dollar signs


def plain(axes: Axes) -> None:
    """Take away what frames a plot needlessly."""
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)


def show(axes: Axes, image: Pixels) -> None:
    """Draw an image, shape (channels, height, width), as its pixels are."""
    axes.imshow(image.transpose(1, 2, 0).squeeze(), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def save(figure: Figure, path: Path) -> None:
    """Write a figure as PNG, all of it or nothing."""
    write_atomically(path, lambda partial: figure.savefig(partial, format="png", dpi=110))
