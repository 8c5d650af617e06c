"""Images that one or two changed pixels turn into mistakes, as in Fig. 10 of Bečková et al."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import nn

from outvoted.actors.stack import Stack
from outvoted.analysis.drawing import save, show
from outvoted.analysis.robustness import attack_pixels, gradients
from outvoted.analysis.sweeps.opened import OpenedSweep
from outvoted.analysis.temperature.drawing import RED
from outvoted.analysis.temperature.example import Example, class_name, images_of
from outvoted.search.arrays import Pixels

_FEW = 2
_PAIRS = 8
_ACROSS = 4


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
    across = min(_ACROSS, len(found))
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
    surest = few.sort_values("right_probability", ascending=False, kind="stable")
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
