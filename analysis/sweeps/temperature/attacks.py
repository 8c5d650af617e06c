"""Test images and what one network makes of them: largest gradients and pixel attacks (Figs. 7 and 10)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import nn

from outvoted.actors.networks.stack import Stack
from outvoted.analysis.report.drawing import COLOURS, save, shortened, show
from outvoted.analysis.sweeps.base import Unit
from outvoted.analysis.sweeps.opened import OpenedSweep
from outvoted.analysis.sweeps.temperature.measurements import temperature_name
from outvoted.analysis.sweeps.temperature.pixel_attack import attack_pixels
from outvoted.analysis.sweeps.temperature.robustness import gradients
from outvoted.search.arrays import Pixels

_FRAME = COLOURS[5]
_LONGEST = 14  # characters that fit above an image


@dataclass(frozen=True)
class Example:
    """A trained network of a sweep and its votes on the test images (schema.VOTES)."""

    sweep: OpenedSweep
    unit: Unit
    votes: pd.DataFrame

    @property
    def name(self) -> str:
        """Its temperature and seed."""
        return f"T = {temperature_name(_temperature(self.unit))}, seed {self.unit.seed}"

    @property
    def most_sensitive(self) -> pd.DataFrame:
        """The votes on images with a finite G(x), the largest first."""
        finite: pd.DataFrame = self.votes[np.isfinite(self.votes["gradient"].to_numpy(np.float64))]
        return finite.sort_values("gradient", ascending=False, kind="stable")

    def images(self, rows: pd.DataFrame) -> Pixels:
        """Return the images of rows of votes, (n, channels, height, width)."""
        images: Pixels = self.sweep.data.test.read(rows["image_id"].to_numpy())
        return images

    def class_name(self, label: int) -> str:
        """Return a class's shortened name, or its number if classes have no names."""
        names = self.sweep.data.class_names
        return str(label) if names is None else shortened(names[label], _LONGEST)


def example(sweep: OpenedSweep) -> Example | None:
    """Choose the first seed's finished network with the temperature closest to 1, as in Figs. 7 and 10.

    Closest by ratio; of two equally close, the lower. None if no network has finished.
    """
    if not sweep.finished:
        return None
    unit = min(sweep.finished, key=lambda one: (abs(math.log(_temperature(one))), _temperature(one)))
    votes: pd.DataFrame = sweep.votes(unit).to_pandas()
    return Example(sweep, unit, votes[votes["split"] == "test"])


def _temperature(unit: Unit) -> float:
    return float(dict(unit.setting.values)["temperature"])


_ACROSS, _DOWN = 8, 2


def draw_extreme(chosen: Example, path: Path) -> None:
    """Draw the test images with the largest G(x) of one network, with label, answer and G(x)."""
    every = chosen.most_sensitive
    rows = every.head(_ACROSS * _DOWN)
    figure = Figure(figsize=(1.35 * _ACROSS, 1.75 * _DOWN + 0.5), layout="constrained")
    for axes in figure.subplots(_DOWN, _ACROSS).flat:
        axes.set_axis_off()
    for axes, row, image in zip(figure.axes, rows.to_dict("records"), chosen.images(rows), strict=False):
        show(axes, image)
        label, answer = (chosen.class_name(row[name]) for name in ("label", "predicted"))
        text = f"{label}, correct" if row["label"] == row["predicted"] else f"{label} → {answer}"
        if len(text) > _LONGEST:
            text = text.replace(" → ", " →\n")
        axes.set_title(f"{text}\nG = {row['gradient']:.2g}", fontsize=8)
    median = float(every["gradient"].median())
    figure.suptitle(
        f"Test images with the largest G(x), label → answer ({chosen.name}; median G: {median:.1g})",
        fontsize=10,
    )
    save(figure, path)


_FEW = 2  # pixels
_PAIRS = 8
_PER_LINE = 4


@dataclass(frozen=True)
class Fooled:
    """An image for which a few changed pixels fool a network.

    Attributes:
        original, attacked: uint8, shape (channels, height, width).
        places: (row, column) of the changed pixels.
        before: probability of the label for the original.
        after: probability of the wrong class, ``predicted``, for the attacked image.
    """

    original: Pixels
    attacked: Pixels
    places: tuple[tuple[int, int], ...]
    label: int
    predicted: int
    before: float
    after: float


def candidates(votes: pd.DataFrame) -> pd.DataFrame:
    """Choose images that at most two pixels fool: the most confident of each class, best classes first."""
    few = votes[votes["pixels"].between(1, _FEW)]
    surest = few.sort_values("label_probability", ascending=False, kind="stable")
    return surest.groupby("label", sort=False).head(1).head(_PAIRS)


def fooled(chosen: Example) -> list[Fooled]:
    """Attack the candidates again; those that this batch's rounding saves are left out."""
    rows = candidates(chosen.votes)
    if rows.empty:
        return []
    pixels = chosen.images(rows)
    images, labels = torch.tensor(pixels).float() / 255, torch.tensor(rows["label"].to_numpy("int64"))
    network = chosen.sweep.member(chosen.unit).bare(chosen.sweep.data.shape, chosen.sweep.data.classes)
    assert isinstance(network, nn.Sequential)  # as every network of a sweep
    stack = Stack([network])
    given = gradients(stack, 1, images, labels)
    attack = attack_pixels(stack, images, labels, given, _FEW)
    attacked = attack.fooling(images)
    with torch.inference_mode():
        after = stack(attacked)[0].softmax(1)
    before, width = given.logits[0].softmax(1), images.shape[3]
    return [
        Fooled(
            original=pixels[index],
            attacked=(255 * attacked[0, index]).round().byte().numpy(),
            places=tuple(divmod(int(place), width) for place in attack.places[0, index, :number]),
            label=int(labels[index]),
            predicted=int(attack.classes[0, index]),
            before=float(before[index, labels[index]]),
            after=float(after[index].max()),
        )
        for index, number in enumerate(attack.fewest[0].tolist())
        if number > 0
    ]


def draw_attacked(chosen: Example, found: Sequence[Fooled], path: Path) -> None:
    """Draw pairs of original and attacked image with the network's confidence, at least one pair."""
    across = min(_PER_LINE, len(found))
    down = -(-len(found) // across)
    figure = Figure(figsize=(max(8.5, 2.9 * across), 1.75 * down + 0.3), layout="constrained")
    apart = [1.0, 1.0, 0.15] * across  # the third keeps pairs apart
    panels = figure.subplots(down, len(apart), squeeze=False, width_ratios=apart)
    for axes in panels.flat:
        axes.set_axis_off()
    for (before, after, _), one in zip(panels.reshape(-1, 3), found, strict=False):
        show(before, one.original)
        before.set_title(f"{chosen.class_name(one.label)}: {100 * one.before:.0f} %", fontsize=8)
        show(after, one.attacked)
        after.set_title(f"→ {chosen.class_name(one.predicted)}: {100 * one.after:.0f} %", fontsize=8)
        for row, column in one.places:
            corner = column - 1.5, row - 1.5
            after.add_patch(Rectangle(corner, 3, 3, fill=False, color=_FRAME, linewidth=1.2))
    figure.suptitle(
        f"Answers before and after changing the framed pixels, with the network's confidence ({chosen.name})",
        fontsize=10,
    )
    save(figure, path)
