"""The figures of a boundary study (Vlaar, figs. 2 and 3, and beyond); the map of fig. 4 has its own file."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from outvoted.actors.runs import png
from outvoted.analysis.report.drawing import TARGET, colour, marker, plain, save, show
from outvoted.analysis.report.numbers import Spread
from outvoted.analysis.studies.boundary.findings import BoundaryFindings, Ways
from outvoted.analysis.studies.boundary.groups import OverSeeds, Type
from outvoted.analysis.studies.boundary.tables import ACCURACY, SIMULATED
from outvoted.search.arrays import Floats, Pixels

_DASHES = ("-", "--", ":", "-.")


def title(figure: Figure, found: BoundaryFindings, text: str) -> None:
    """Write above all panels what they show, and whether its labellers are simulated."""
    figure.suptitle(f"{text}\n{SIMULATED}" if found.simulated else text, fontsize=10)


def _row_of(panels: int, width: float, height: float, sharey: bool = False) -> tuple[Figure, Sequence[Axes]]:
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(1, panels, squeeze=False, sharey=sharey)[0]


_SHOWN = 11
_SIDE = 0.75  # inches an image takes


def draw_latents(proposed: pd.DataFrame, names: Sequence[str], path: Path) -> None:
    """Draw for each class the random vector that stands for it, and alternatives.

    To use another one, set ``study.latents.chosen`` to the number below its image.

    Args:
        proposed: rows of PROPOSALS.
        names: of all classes.
    """
    classes = list(proposed.groupby("label"))
    size = (_SIDE * (_SHOWN + 1.2), 1.3 * _SIDE * len(classes) + 0.6)
    figure = Figure(figsize=size, layout="constrained")
    figure.suptitle("each class's random vector (framed) and those with the next highest confidence", size=9)
    grid = figure.subplots(len(classes), _SHOWN, squeeze=False)
    for line, (_, rows) in zip(grid, classes, strict=True):
        line[0].set_ylabel(names[rows["label"].iloc[0]], rotation=0, ha="right", va="center", fontsize=9)
        line[0].spines[:].set(color=TARGET, linewidth=2)
        images = png.decode_all(rows["bytes"].tolist())
        for axes, number, image in zip(line, rows["number"], images, strict=False):
            show(axes, image)
            axes.set_xlabel(str(number), fontsize=7, labelpad=2)
        line[0].spines[:].set_visible(True)
        for axes in line[len(images) :]:
            axes.set_axis_off()
    save(figure, path)


Measure = Callable[[OverSeeds], Spread]


def _measures(found: BoundaryFindings) -> dict[str, Measure]:
    """Return what is drawn against accuracy: types A and C, or without labels what needs none."""
    if found.people is None:
        return {"networks of a group disagree": lambda one: one.disagree}

    def share(kind: Type) -> Measure:
        return lambda one: one.shares[kind] if one.shares else Spread(None, None)

    return {f"type {kind}: {kind.meaning}": share(kind) for kind in (Type.A, Type.C)}


def draw_types(found: BoundaryFindings, path: Path) -> None:
    """Draw fig. 2: shares of types A and C against test accuracy, by family, with standard deviations."""
    measures = _measures(found)
    figure, row = _row_of(len(measures), 4.4 * len(measures) + 0.4, 3.9)
    for axes, (text, measure) in zip(row, measures.items(), strict=True):
        for place in range(len(found.families)):
            _line(axes, found, place, measure)
        axes.set_title(text, fontsize=9)
        axes.set_xlabel("test accuracy of the networks", fontsize=9)
        axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=1))
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
        axes.set_xticks(sorted({one.target for one in found.seeds}))
        axes.set_ylim(bottom=0)
        plain(axes)
    row[0].set_ylabel("share of all images, mean ± sd over groups", fontsize=9)
    row[-1].legend(fontsize=9, frameon=False, title="groups × networks", title_fontsize=9)
    title(
        figure,
        found,
        "On how many images networks and labellers part: networks that differ only in their seed",
    )
    save(figure, path)


def _line(axes: Axes, found: BoundaryFindings, place: int, measure: Measure) -> None:
    family = found.families[place]
    rows = [one for one in found.seeds if one.family == family]
    values = [measure(one) for one in rows]
    targets = [one.target for one in found.seeds]
    spread = max(targets) - min(targets) or 0.01
    aside = (place - (len(found.families) - 1) / 2) * spread / 60  # or bars at one accuracy hide each other
    groups, networks = _range([one.repeats for one in rows]), _range([one.size for one in rows])
    axes.errorbar(
        [one.target + aside for one in rows],
        [value.mean or 0.0 for value in values],
        [np.nan if value.std is None else value.std for value in values],
        color=colour(place),
        marker=marker(place),
        linestyle=_DASHES[place % len(_DASHES)],
        capsize=3,
        ms=5,
        lw=1.4,
        label=f"{family}: {groups} × {networks}",
    )


def _range(numbers: Sequence[int]) -> str:
    least, most = min(numbers), max(numbers)
    return f"{least}" if least == most else f"{least}–{most}"


def draw_kappas(found: BoundaryFindings, path: Path) -> None:
    """Draw kappa of labels, and with labellers also of errors, for every pair of raters."""
    kappas = found.kappas
    assert kappas is not None
    maps = {"labels (Cohen's κ)": kappas.labels, "errors (error consistency)": kappas.errors}
    drawn = [(text, matrix) for text, matrix in maps.items() if matrix is not None]
    side = max(4.2, 0.33 * len(kappas.names) + 1.3)
    figure = Figure(figsize=(side, side * len(drawn)), layout="constrained")  # in a row, too small to read
    column = figure.subplots(len(drawn), 1, squeeze=False)[:, 0]
    for axes, (text, matrix) in zip(column, drawn, strict=True):
        _matrix(axes, matrix, kappas.names)
        for edge in [kappas.people - 0.5] if kappas.people else []:
            axes.axhline(edge, color="white", lw=2)
            axes.axvline(edge, color="white", lw=2)
        axes.set_title(text, fontsize=10)
    title(figure, found, f"agreement beyond chance; networks of {ACCURACY(found.focus)} % test accuracy")
    save(figure, path)


def _matrix(axes: Axes, matrix: Floats, names: Sequence[str]) -> None:
    there = matrix[~np.isnan(matrix)]
    low = np.floor(10 * there.min()) / 10 if there.size and there.min() < 1 else 0.0
    drawn = axes.imshow(matrix, cmap="cividis", vmin=low, vmax=1)
    axes.set_xticks(range(len(names)), names, rotation=90, fontsize=7)
    axes.set_yticks(range(len(names)), names, fontsize=7)
    for (row, column), value in np.ndenumerate(matrix):
        if not np.isnan(value):
            ink = "white" if value < (1 + low) / 2 else "black"
            text = f"{value:.2f}".replace("0.", ".")
            axes.text(column, row, text, fontsize=5.5, color=ink, ha="center", va="center")
    axes.spines[:].set_visible(False)
    axes.figure.colorbar(drawn, ax=axes, shrink=0.6).ax.tick_params(labelsize=7)


def draw_entropies(found: BoundaryFindings, path: Path) -> None:
    """Draw the entropy of votes against that of labels; a point's area is its number of images."""
    assert found.people is not None
    target = max(found.entropies, key=lambda one: (one.target == found.focus, one.target)).target
    drawn = [one for one in found.entropies if one.target == target]
    figure, row = _row_of(len(drawn), 3.3 * len(drawn), 3.7, sharey=True)
    for place, (axes, one) in enumerate(zip(row, drawn, strict=True)):
        both = np.stack([found.people.together.entropy, one.votes]).round(3)
        points, counts = np.unique(both, axis=1, return_counts=True)
        axes.scatter(
            points[0], points[1], 6 * counts, colour(place), alpha=0.6, edgecolors="black", lw=0.4, zorder=3
        )
        axes.margins(0.12)
        rho, low, high = one.rho
        told = "" if rho is None else f"\nρ = {rho:+.2f} ({low:+.2f} to {high:+.2f})"
        axes.set_title(f"{one.family}, {one.networks} networks{told}", fontsize=9)
        axes.set_xlabel(f"entropy of {found.people.called} (bits)", fontsize=8)
        plain(axes)
    row[0].set_ylabel("entropy of votes (bits)", fontsize=8)
    text = f"each image once, area: number of images; networks of {ACCURACY(target)} % test accuracy"
    title(figure, found, text)
    save(figure, path)


AGREED = "✓"
_GAP = 0.45  # of a tile's height, for the labels above it


def proposed(found: BoundaryFindings) -> list[str]:
    """Return for each image a tick where all labellers agree, elsewhere the labels they propose."""
    if found.people is None:
        return [""] * found.ways.images.size
    together = found.people.together
    labels = [",".join(map(str, np.flatnonzero(row))) for row in together.counts]
    return [AGREED if agree else text for agree, text in zip(together.agree, labels, strict=True)]


def draw_images(found: BoundaryFindings, pixels: Pixels, path: Path) -> None:
    """Draw fig. 3: every image, a row for each pair, with the labellers' answers above it.

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
    axes.set_xlabel("α, the share of the second class", fontsize=9)
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
    """Name the classes behind the numbers, five on a line."""
    labels = sorted({end for both in ways.ends for end in both})
    named = [f"{label} {ways.class_names[label]}" for label in labels]
    return "".join(f"\n{', '.join(named[at : at + 5])}" for at in range(0, len(named), 5))
