"""The figures of a boundary study as PNG files (Vlaar, figs. 2 to 4, and beyond)."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import PercentFormatter

from outvoted.actors.runs import png
from outvoted.analysis.report.drawing import TARGET, plain, save, show
from outvoted.analysis.report.numbers import Spread
from outvoted.analysis.studies.boundary.agreement import CELL_STYLES, disagreement
from outvoted.analysis.studies.boundary.findings import BoundaryFindings, Ways
from outvoted.analysis.studies.boundary.groups import OverSeeds, Type
from outvoted.analysis.studies.boundary.tables import ACCURACY, SIMULATED
from outvoted.search.arrays import Floats, Pixels

FAMILY_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
"""From Okabe & Ito's palette; more families begin again."""
_MARKERS = (("o", "circle"), ("s", "square"), ("^", "triangle-up"), ("D", "diamond"), ("v", "triangle-down"))
_DASHES = (("-", "solid"), ("--", "dash"), (":", "dot"), ("-.", "dashdot"))


def family_colour(place: int) -> str:
    """Return the colour of a family by its place."""
    return FAMILY_COLOURS[place % len(FAMILY_COLOURS)]


def family_marker(place: int) -> tuple[str, str]:
    """Return a family's marker: its name in matplotlib and in plotly."""
    return _MARKERS[place % len(_MARKERS)]


def family_dash(place: int) -> tuple[str, str]:
    """Return the dashes of a family's line, likewise."""
    return _DASHES[place % len(_DASHES)]


def dodge(place: int, families: Sequence[str], targets: Sequence[float]) -> float:
    """Return how far aside a family's points go, so that bars at one accuracy don't hide each other."""
    span = max(targets) - min(targets) or 0.01
    return (place - (len(families) - 1) / 2) * span / 60


_SHOWN = 10
_SIDE = 0.75  # inches an image takes


def draw_latents(proposed: pd.DataFrame, names: Sequence[str], path: Path) -> None:
    """Draw for each class the vector that stands for it, then those that the referee is surest of.

    Whoever wants another one sets ``study.latents.chosen`` to the number under its image.

    Args:
        proposed: rows of PROPOSALS.
        names: of all classes.
    """
    classes = list(proposed.groupby("label"))
    figure = Figure(figsize=(_SIDE * (_SHOWN + 2.2), 1.3 * _SIDE * len(classes) + 0.6), layout="constrained")
    figure.suptitle(
        "The vector that stands for each class (blue), and others that the referee is sure of", size=9
    )
    grid = figure.subplots(len(classes), _SHOWN + 1, squeeze=False)
    for line, (_, rows) in zip(grid, classes, strict=True):
        line[0].set_ylabel(names[rows["label"].iloc[0]], rotation=0, ha="right", va="center", fontsize=9)
        _row(line, rows["number"].tolist(), png.decode_all(rows["bytes"].tolist()))
    save(figure, path)


def _row(line: Sequence[Axes], numbers: Sequence[int], images: Pixels) -> None:
    """Draw one class: the first of its images framed; places without an image stay empty."""
    for axes in line[len(numbers) :]:
        axes.set_axis_off()
    for place, (axes, number, image) in enumerate(zip(line, numbers, images, strict=False)):
        show(axes, image)
        axes.set_xlabel(str(number), fontsize=7, labelpad=2)
        if place == 0:
            axes.spines[:].set(visible=True, color=TARGET, linewidth=2)


Measure = Callable[[OverSeeds], Spread]


def title(figure: Figure, found: BoundaryFindings, text: str) -> None:
    """Write over all panels what they show, and whether its labellers are simulated."""
    figure.suptitle(f"{text}\n{SIMULATED}" if found.simulated else text, fontsize=10)


def panels(found: BoundaryFindings) -> Sequence[tuple[str, Measure]]:
    """Return what is drawn against accuracy: types A and C, or what needs no labels."""
    if found.people is None:
        return [("networks of a group disagree", lambda one: one.disagree)]

    def share(kind: Type) -> Measure:
        return lambda one: one.shares[kind] if one.shares else Spread(None, None)

    return [(f"type {kind}: {kind.meaning}", share(kind)) for kind in (Type.A, Type.C)]


def draw_types(found: BoundaryFindings, path: Path) -> None:
    """Draw fig. 2: shares of types A and C against test accuracy, by family, with standard deviations."""
    wanted = panels(found)
    figure = Figure(figsize=(4.4 * len(wanted) + 0.4, 3.9), layout="constrained")
    for axes, (text, measure) in zip(figure.subplots(1, len(wanted), squeeze=False)[0], wanted, strict=True):
        for place, family in enumerate(found.families):
            _line(axes, found, place, [one for one in found.seeds if one.family == family], measure)
        axes.set_title(text, fontsize=9)
        axes.set_xlabel("test accuracy of the networks", fontsize=9)
        axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=1))
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
        axes.set_xticks(sorted({one.target for one in found.seeds}))
        axes.set_ylim(bottom=0)
        plain(axes)
    axes.legend(fontsize=8, frameon=False, title="groups × networks", title_fontsize=8)
    title(
        figure, found, "share of all images, networks that differ in their seed alone (mean ± sd over groups)"
    )
    save(figure, path)


def _line(
    axes: Axes, found: BoundaryFindings, place: int, rows: Sequence[OverSeeds], measure: Measure
) -> None:
    aside = dodge(place, found.families, [one.target for one in found.seeds])
    values = [measure(one) for one in rows]
    groups, networks = _range([one.repeats for one in rows]), _range([one.size for one in rows])
    axes.errorbar(
        [one.target + aside for one in rows],
        [value.mean or 0.0 for value in values],
        [np.nan if value.std is None else value.std for value in values],
        color=family_colour(place),
        marker=family_marker(place)[0],
        linestyle=family_dash(place)[0],
        capsize=3,
        ms=5,
        lw=1.4,
        label=f"{rows[0].family}: {groups} × {networks}",
    )


def _range(numbers: Sequence[int]) -> str:
    least, most = min(numbers), max(numbers)
    return f"{least}" if least == most else f"{least}–{most}"


def draw_kappas(found: BoundaryFindings, path: Path) -> None:
    """Draw kappa of labels, and of errors where there are labels, between every two raters."""
    kappas = found.kappas
    assert kappas is not None
    maps = [("labels (Cohen's κ)", kappas.labels)]
    if kappas.errors is not None:
        maps.append(("errors (error consistency)", kappas.errors))
    side = max(4.2, 0.33 * len(kappas.names) + 1.3)
    figure = Figure(figsize=(side * len(maps), side), layout="constrained")
    for axes, (text, matrix) in zip(figure.subplots(1, len(maps), squeeze=False)[0], maps, strict=True):
        _matrix(axes, matrix, kappas.names, kappas.people)
        axes.set_title(text, fontsize=10)
    title(figure, found, f"agreement beyond chance; networks of {ACCURACY(found.focus or 0)} % test accuracy")
    save(figure, path)


def _matrix(axes: Axes, matrix: Floats, names: Sequence[str], people: int) -> None:
    low = lowest(matrix)
    drawn = axes.imshow(matrix, cmap="cividis", vmin=low, vmax=1)
    axes.set_xticks(range(len(names)), names, rotation=90, fontsize=7)
    axes.set_yticks(range(len(names)), names, fontsize=7)
    for (row, column), value in np.ndenumerate(matrix):
        if not np.isnan(value):
            ink = "white" if value < (1 + low) / 2 else "black"
            text = f"{value:.2f}".replace("0.", ".")
            axes.text(column, row, text, fontsize=5.5, color=ink, ha="center", va="center")
    for edge in [people - 0.5] if people else []:
        axes.axhline(edge, color="white", lw=2)
        axes.axvline(edge, color="white", lw=2)
    axes.spines[:].set_visible(False)
    axes.figure.colorbar(drawn, ax=axes, shrink=0.6).ax.tick_params(labelsize=7)


def lowest(matrix: Floats) -> float:
    """Return where a scale of kappa begins: below all of it, at a full tenth."""
    there = matrix[~np.isnan(matrix)]
    return float(np.floor(10 * there.min()) / 10) if there.size and there.min() < 1 else 0.0


def draw_entropies(found: BoundaryFindings, path: Path) -> None:
    """Draw entropy of votes against entropy of labels, an area for each number of images."""
    assert found.people is not None
    who = found.people.together.entropy
    shown = [one for one in found.entropies if one.target == found.focus]
    figure = Figure(figsize=(3.3 * len(shown), 3.7), layout="constrained")
    for place, (axes, one) in enumerate(
        zip(figure.subplots(1, len(shown), squeeze=False, sharey=True)[0], shown, strict=True)
    ):
        points, counts = np.unique(np.stack([who, one.votes]).round(3), axis=1, return_counts=True)
        colour = family_colour(place)
        axes.scatter(*points, s=6 * counts, color=colour, alpha=0.6, edgecolors="black", lw=0.4, zorder=3)
        axes.margins(0.12)
        rho, low, high = one.rho
        told = "" if rho is None else f"\nρ = {rho:+.2f} ({low:+.2f} to {high:+.2f})"
        axes.set_title(f"{one.family}, {one.networks} networks{told}", fontsize=9)
        axes.set_xlabel(f"entropy of {found.people.called} (bits)", fontsize=8)
        plain(axes)
    figure.axes[0].set_ylabel("entropy of votes (bits)", fontsize=8)
    title(
        figure,
        found,
        f"each image once, areas by number; networks of {ACCURACY(found.focus or 0)} % accuracy",
    )
    save(figure, path)


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
    styles = CELL_STYLES if found.people is not None else CELL_STYLES[:3]
    boxes = [Patch(facecolor=style.colour, edgecolor="#888888") for style in styles]
    names = [f"{style.mark} {style.name}".strip() for style in styles]
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
    colours = ListedColormap([style.colour for style in CELL_STYLES])
    axes.pcolormesh(
        kinds, cmap=colours, vmin=-0.5, vmax=len(CELL_STYLES) - 0.5, edgecolors="#888888", linewidth=0.3
    )
    for (row, column), kind in np.ndenumerate(kinds):
        style = CELL_STYLES[kind]
        axes.text(column + 0.5, row + 0.5, style.mark, fontsize=5, color=style.ink, ha="center", va="center")
    axes.invert_yaxis()
    axes.set_aspect("equal")
    axes.set_yticks(np.arange(len(ways.ends)) + 0.5, ways.names, fontsize=5)
    axes.set_xticks([0.5, len(ways.alphas) - 0.5], ["0", "α = 1"], fontsize=6)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_title(f"{one.family}, {ACCURACY(one.target)} %, {one.size} networks", fontsize=8)


IMAGES = "figures/images.png"


def pictures(found: BoundaryFindings, pixels: Pixels) -> dict[str, Callable[[Path], object]]:
    """Return how each picture is drawn that there is something to draw of.

    Args:
        pixels: all images, shape (images, channels, height, width).
    """
    entropies = any(one.target == found.focus for one in found.entropies)
    drawn: dict[str, Callable[[Path], object]] = {IMAGES: partial(draw_images, found, pixels)}
    if found.seeds:
        drawn |= {
            "figures/types.png": partial(draw_types, found),
            "figures/map.png": partial(draw_map, found),
        }
    if found.kappas is not None:
        drawn["figures/kappas.png"] = partial(draw_kappas, found)
    if entropies:
        drawn["figures/entropies.png"] = partial(draw_entropies, found)
    return drawn
