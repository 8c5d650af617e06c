"""What the images of a noise class look like."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from outvoted.actors.data.noises import Noise, Shape
from outvoted.analysis.report.drawing import save, show

_COLUMNS = 5
_INCHES = 1.35


def draw_noises(noises: Sequence[Noise], shape: Shape, path: Path, seed: int = 0) -> None:
    """Draw the first image of each noise, of ``shape`` (channels, height, width), under its label.

    Raises:
        OutvotedError: a noise does not fit images of this shape.
    """
    lines = -(-len(noises) // _COLUMNS)
    figure = Figure(figsize=(_INCHES * _COLUMNS, (_INCHES + 0.2) * lines), layout="constrained")
    axes = figure.subplots(lines, _COLUMNS, squeeze=False).ravel()
    for place, noise in zip(axes, noises, strict=False):
        show(place, noise.draw(1, shape, np.random.default_rng(seed))[0])
        place.set_title(noise.label, fontsize=6.5)
    for place in axes[len(noises) :]:
        place.set_axis_off()
    save(figure, path)
