"""Pictures of what attacks do to networks: Figs. 7, 9 and 10 of Bečková et al."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import nn

from outvoted.actors.networks.stack import Stack
from outvoted.analysis.report.drawing import save, show
from outvoted.analysis.sweeps.base import Unit
from outvoted.analysis.sweeps.opened import OpenedSweep
from outvoted.analysis.sweeps.robustness.gradients import gradients
from outvoted.analysis.sweeps.robustness.pixel_attack import attack_pixels
from outvoted.analysis.sweeps.temperature.measurements import Measurements, mean, temperature_name
from outvoted.analysis.sweeps.temperature.pictures import (
    RED,
    class_names,
    colour_map,
    percent_bar,
    shortened,
    title,
)
from outvoted.search.arrays import Floats, Pixels


@dataclass(frozen=True)
class Example:
    """A trained network, and what it answered about the test images.

    Attributes:
        votes: its rows (schema.VOTES) about test images.
    """

    unit: Unit
    votes: pd.DataFrame

    @property
    def name(self) -> str:
        """Say its temperature and seed."""
        return f"T = {temperature_name(_temperature(self.unit))}, seed {self.unit.seed}"


def example(sweep: OpenedSweep) -> Example | None:
    """Choose the first seed's finished network of the temperature closest to 1, as in Figs. 7 and 10.

    Closest is by ratio, and of two equally close the lower. None where no network is finished.
    """
    if not sweep.finished:
        return None
    unit = min(sweep.finished, key=lambda one: (abs(math.log(_temperature(one))), _temperature(one)))
    votes: pd.DataFrame = sweep.votes(unit).to_pandas()
    return Example(unit, votes[votes["split"] == "test"])


def _temperature(unit: Unit) -> float:
    return float(dict(unit.setting.values)["temperature"])


def images_of(sweep: OpenedSweep, rows: pd.DataFrame) -> Pixels:
    """Return the test images of rows of votes, (n, channels, height, width)."""
    images: Pixels = sweep.data.test.images[rows["image_id"].to_numpy()]
    return images


def class_name(sweep: OpenedSweep, label: int) -> str:
    """Return a class's name, shortened, or its number where classes have no names."""
    names = sweep.data.class_names
    return str(label) if names is None else shortened(names[label])


_ACROSS, _DOWN = 8, 2
_LONGEST = 14  # letters that fit over an image


def draw_extreme(sweep: OpenedSweep, chosen: Example, path: Path) -> bool:
    """Draw the images of largest G(x) of one network with label, answer and G; tell if there were any."""
    finite = chosen.votes[np.isfinite(chosen.votes["gradient"].to_numpy(np.float64))]
    rows = finite.sort_values("gradient", ascending=False, kind="stable").head(_ACROSS * _DOWN)
    if rows.empty:
        return False
    figure = Figure(figsize=(1.35 * _ACROSS, 1.75 * _DOWN + 0.5), layout="constrained")
    panels = figure.subplots(_DOWN, _ACROSS).flat
    images = images_of(sweep, rows)
    for axes in panels:
        axes.set_axis_off()
    for axes, row, image in zip(figure.axes, rows.to_dict("records"), images, strict=False):
        show(axes, image)
        label, answer = class_name(sweep, row["label"]), class_name(sweep, row["predicted"])
        said = f"{label}, right" if row["label"] == row["predicted"] else f"{label} → {answer}"
        if len(said) > _LONGEST:
            said = said.replace(" → ", " →\n")
        axes.set_title(f"{said}\nG = {row['gradient']:.2g}", fontsize=8)
    median = float(finite["gradient"].median())
    figure.suptitle(
        f"Test images with the largest G(x), and label → answer ({chosen.name}; median of G: {median:.1g})",
        fontsize=10,
    )
    save(figure, path)
    return True


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


_FEW = 2
_PAIRS = 8
_IN_A_LINE = 4


@dataclass(frozen=True)
class Fooled:
    """An image that few changed pixels fool a network with.

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


def draw_attacked(sweep: OpenedSweep, chosen: Example, path: Path) -> bool:
    """Draw pairs, original and attacked, with the network's confidences; tell if there were any."""
    found = fooled(sweep, chosen)
    if not found:
        return False
    across = min(_IN_A_LINE, len(found))
    down = -(-len(found) // across)
    figure = Figure(figsize=(max(8.5, 2.9 * across), 1.75 * down + 0.3), layout="constrained")
    apart = [1.0, 1.0, 0.15] * across  # the third keeps pairs apart
    panels = figure.subplots(down, len(apart), squeeze=False, width_ratios=apart)
    for axes in panels.flat:
        axes.set_axis_off()
    for (before, after, _), one in zip(panels.reshape(-1, 3), found, strict=False):
        _picture(before, one.original, f"{class_name(sweep, one.label)}: {100 * one.before:.0f} %")
        _picture(after, one.attacked, f"→ {class_name(sweep, one.predicted)}: {100 * one.after:.0f} %")
        for row, column in one.places:
            after.add_patch(Rectangle((column - 1.5, row - 1.5), 3, 3, fill=False, color=RED, linewidth=1.2))
    figure.suptitle(
        f"Answers before and after changing the framed pixels, with the network's confidence ({chosen.name})",
        fontsize=10,
    )
    save(figure, path)
    return True


def _picture(axes: Axes, image: Pixels, title: str) -> None:
    show(axes, image)
    axes.set_title(title, fontsize=8)


def candidates(votes: pd.DataFrame) -> pd.DataFrame:
    """Choose images that at most two pixels fool: of each class the surest, most sure classes first."""
    few = votes[votes["pixels"].between(1, _FEW)]
    surest = few.sort_values("label_probability", ascending=False, kind="stable")
    return surest.groupby("label", sort=False).head(1).head(_PAIRS)


def fooled(sweep: OpenedSweep, chosen: Example) -> list[Fooled]:
    """Attack the candidates again; those that this batch's rounding saves are left out."""
    rows = candidates(chosen.votes)
    if rows.empty:
        return []
    pixels = images_of(sweep, rows)
    images, labels = torch.tensor(pixels).float() / 255, torch.tensor(rows["label"].to_numpy("int64"))
    stack = Stack([_network(sweep, chosen)])
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


def _network(sweep: OpenedSweep, chosen: Example) -> nn.Sequential:
    network = sweep.member(chosen.unit).bare(sweep.data.shape, sweep.data.classes)
    assert isinstance(network, nn.Sequential)  # every network of a sweep is
    return network
