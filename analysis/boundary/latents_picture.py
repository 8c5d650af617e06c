"""A picture of the random vectors there are to choose from, with their numbers."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from outvoted.analysis.boundary.latents import Latents, typical
from outvoted.analysis.boundary.pairs import Pairs
from outvoted.analysis.drawing import TARGET, save, show
from outvoted.analysis.studies.base import Generate, Ingredients
from outvoted.search.arrays import Pixels

_SHOWN = 10
_SIDE = 0.75  # inches an image takes


def draw_latents(made_from: Ingredients, latents: Latents, pairs: Pairs, path: Path) -> None:
    """Draw for each class the vector that stands for it, then those that the referee is surest of.

    Whoever wants another one sets ``study.latents.chosen`` to the number under its image.
    """
    generate, referee, data = made_from.generate, made_from.referee, made_from.data
    assert generate is not None  # the runner brings both
    assert referee is not None
    wanted = sorted({label for pair in pairs.of(data.classes) for label in pair})
    chosen = latents.choose(wanted, generate, referee)
    votes = referee(latents.images(generate))
    figure = Figure(figsize=(_SIDE * (_SHOWN + 2.2), 1.3 * _SIDE * len(wanted) + 0.6), layout="constrained")
    figure.suptitle(
        "The vector that stands for each class (blue), and others that the referee is sure of", size=9
    )
    axes = figure.subplots(len(wanted), _SHOWN + 1, squeeze=False)
    for line, label in zip(axes, wanted, strict=True):
        others = [number for number in typical(votes, label).tolist() if number != chosen[label]]
        numbers = [chosen[label], *others[:_SHOWN]]
        name = str(label) if data.class_names is None else data.class_names[label]
        line[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
        _line(line, numbers, _made(generate, latents, numbers))
    save(figure, path)


def _made(generate: Generate, latents: Latents, numbers: Sequence[int]) -> Pixels:
    return generate(latents.vectors(np.array(numbers, np.int64)))


def _line(line: Sequence[Axes], numbers: Sequence[int], images: Pixels) -> None:
    """Draw one class: the first of its images framed; places without an image stay empty."""
    for axes in line[len(numbers) :]:
        axes.set_axis_off()
    for place, (axes, number, image) in enumerate(zip(line, numbers, images, strict=False)):
        show(axes, image)
        axes.set_xlabel(str(number), fontsize=7, labelpad=2)
        if place == 0:
            axes.spines[:].set(visible=True, color=TARGET, linewidth=2)
