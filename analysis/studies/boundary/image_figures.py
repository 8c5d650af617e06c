"""All images of a boundary study with their labels, and the map of disagreement (Vlaar, figs. 3 and 4)."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from outvoted.analysis.report.drawing import save, show
from outvoted.analysis.studies.boundary.agreement import LOOKS, disagreement
from outvoted.analysis.studies.boundary.figures import title
from outvoted.analysis.studies.boundary.findings import BoundaryFindings, Ways
from outvoted.analysis.studies.boundary.groups import OverSeeds
from outvoted.analysis.studies.boundary.tables import accuracy
from outvoted.search.arrays import Pixels

AGREED = "✓"
_GAP = 0.45  # of a tile's height, for the labels above it


def proposed(found: BoundaryFindings) -> list[str]:
    """Return for every image a tick where all labellers agree, or the labels they propose, by number."""
    if found.people is None:
        return [""] * found.ways.images.size
    together = found.people.together
    labels = [",".join(map(str, np.flatnonzero(row))) for row in together.counts]
    return [AGREED if agree else text for agree, text in zip(together.agree, labels, strict=True)]


def draw_images(found: BoundaryFindings, pixels: Pixels, path: Path) -> None:
    """Draw fig. 3: every image, a row for each pair, what labellers call it above it.

    Args:
        pixels: all images, shape (images, channels, height, width).
    """
    ways = found.ways
    rows, columns = ways.images.shape
    height, width = pixels.shape[2:]
    gap = round(_GAP * height)
    figure = Figure(figsize=(0.72 * columns + 1.2, 0.72 * rows * (1 + _GAP) + 0.9), layout="constrained")
    axes = figure.subplots()
    show(axes, _sheet(pixels[ways.images], gap))
    texts = proposed(found)
    for (row, column), image in np.ndenumerate(ways.images):
        place = ((column + 0.5) * width, row * (height + gap) + 0.55 * gap)
        axes.text(*place, texts[image], fontsize=8, color="#222222", ha="center", va="center")
    middle = (np.arange(rows) + 0.5) * (height + gap) + gap / 2
    axes.set_yticks(middle, ways.names, fontsize=8)
    axes.set_xticks((np.arange(columns) + 0.5) * width, [f"{alpha:g}" for alpha in ways.alphas], fontsize=8)
    axes.tick_params(length=0)
    axes.set_xlabel("α, the share of the second", fontsize=9)
    title(figure, found, _told(found))
    save(figure, path)


def _sheet(tiles: Pixels, gap: int) -> Pixels:
    """Lay out tiles, (rows, columns, channels, height, width), with white above each row."""
    above = [(0, 0), (0, 0), (0, 0), (gap, 0), (0, 0)]
    spaced = np.pad(tiles, above, constant_values=255)
    return np.asarray(np.concatenate(np.concatenate(spaced, axis=2), axis=2))


def _told(found: BoundaryFindings) -> str:
    who = found.people
    if who is None:
        return "the images of the study"
    numbers = "" if all(name.isdigit() for name in found.ways.class_names) else _numbers(found.ways)
    many = f"all {len(who.names)} agree" if len(who.names) > 1 else "there is one labeller"
    return f"{AGREED}: {many}; elsewhere the labels proposed{numbers}"


def _numbers(ways: Ways) -> str:
    named = [
        f"{label} {ways.class_names[label]}" for label in sorted({end for both in ways.ends for end in both})
    ]
    lines = [", ".join(named[at : at + 5]) for at in range(0, len(named), 5)]
    return "\n" + "\n".join(lines)


def draw_map(found: BoundaryFindings, path: Path) -> None:
    """Draw fig. 4: who disagrees on which image, for the first group of each family at each target."""
    targets = sorted({one.target for one in found.seeds})
    rows, columns = found.ways.images.shape
    size = (0.17 * columns * len(targets) + 1.6, 0.17 * rows * len(found.families) + 1.9)
    figure = Figure(figsize=(max(5.5, size[0]), size[1]), layout="constrained")
    grid = figure.subplots(len(found.families), len(targets), squeeze=False)
    for row, family in zip(grid, found.families, strict=True):
        for axes, target in zip(row, targets, strict=True):
            here = [one for one in found.seeds if (one.family, one.target) == (family, target)]
            _cells(axes, found, here)
    looks = LOOKS if found.people is not None else LOOKS[:3]
    boxes = [Patch(facecolor=look.colour, edgecolor="#888888") for look in looks]
    names = [f"{look.mark} {look.name}".strip() for look in looks]
    figure.legend(
        boxes, names, loc="outside lower center", ncols=3 if columns > 5 else 2, fontsize=7, frameon=False
    )
    title(figure, found, "who disagrees on which image")
    save(figure, path)


def _cells(axes: Axes, found: BoundaryFindings, here: Sequence[OverSeeds]) -> None:
    if not here:
        axes.set_visible(False)
        return
    one, ways = here[0], found.ways
    kinds = disagreement(one.first, found.people.together if found.people else None)[ways.images]
    colours = ListedColormap([look.colour for look in LOOKS])
    axes.pcolormesh(
        kinds, cmap=colours, vmin=-0.5, vmax=len(LOOKS) - 0.5, edgecolors="#888888", linewidth=0.3
    )
    for (row, column), kind in np.ndenumerate(kinds):
        look = LOOKS[kind]
        axes.text(column + 0.5, row + 0.5, look.mark, fontsize=5, color=look.ink, ha="center", va="center")
    axes.invert_yaxis()
    axes.set_aspect("equal")
    axes.set_yticks(np.arange(len(ways.ends)) + 0.5, ways.names, fontsize=5)
    axes.set_xticks([0.5, len(ways.alphas) - 0.5], ["0", "α = 1"], fontsize=6)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_title(f"{one.family}, {accuracy(one.target)} %, {one.size} networks", fontsize=8)
