"""The figures of a boundary study as PNG files (Vlaar, figs. 2 to 4, and beyond)."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from outvoted.analysis.boundary.findings import BoundaryFindings
from outvoted.analysis.boundary.groups import OverSeeds
from outvoted.analysis.boundary.looks import dodge, family_colour, family_dash, family_marker
from outvoted.analysis.boundary.tables import SIMULATED, accuracy
from outvoted.analysis.boundary.types import Type
from outvoted.analysis.drawing import plain, save
from outvoted.analysis.spread import Spread
from outvoted.search.arrays import Floats

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
