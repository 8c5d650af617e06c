"""The figures of a boundary study as PNG files (Vlaar, figs. 2 to 4, and beyond)."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from outvoted.analysis.report.drawing import TARGET, plain, save, show
from outvoted.analysis.report.numbers import Spread
from outvoted.analysis.studies.base import Generate, Ingredients
from outvoted.analysis.studies.boundary.findings import BoundaryFindings
from outvoted.analysis.studies.boundary.groups import OverSeeds, Type
from outvoted.analysis.studies.boundary.images import Latents, Pairs, typical
from outvoted.analysis.studies.boundary.tables import SIMULATED, accuracy
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
        _row(line, numbers, _made(generate, latents, numbers))
    save(figure, path)


def _made(generate: Generate, latents: Latents, numbers: Sequence[int]) -> Pixels:
    return generate(latents.vectors(np.array(numbers, np.int64)))


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
    title(figure, found, f"agreement beyond chance; networks of {accuracy(found.focus or 0)} % test accuracy")
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
        f"each image once, areas by number; networks of {accuracy(found.focus or 0)} % accuracy",
    )
    save(figure, path)
