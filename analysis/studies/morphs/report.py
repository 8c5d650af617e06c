"""What a morph study shows: frames, probabilities along them and as surfaces, and where networks disagree."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm
from matplotlib.figure import Figure

from outvoted.analysis.report.drawing import save, show
from outvoted.analysis.report.report import Picture, Plot, Report, Section
from outvoted.analysis.studies.morphs.passages import (
    Passage,
    by_roughness,
    morph_sequences,
    once,
    passages,
)
from outvoted.analysis.studies.opened import OpenedStudy
from outvoted.analysis.studies.roughness import LandscapeFindings, analyse
from outvoted.analysis.studies.walks import LINES, MOST_NUMBERS, WIDTH, Walks, draw_walks, walk_plot
from outvoted.search.arrays import Pixels, Singles


def report(study: OpenedStudy) -> Report:
    """Measure what has been voted."""
    found = analyse(study, morph_sequences(study.images))
    names, votes, every = study.class_names, found.votes, once(passages(study.images))
    ordered = by_roughness(found.rough, every)
    two, peers = (ordered[0], ordered[-1]), len(votes.names)
    pictures = {
        "figures/frames.png": partial(draw_frames, two, study.pixels, names),
        "figures/lines.png": partial(draw_walks, _walks(two, names), votes.mean, names, _EXTREMES),
        "figures/surfaces.png": partial(draw_surfaces, two, votes.mean, names),
        "figures/dissent.png": partial(draw_dissent, every, votes.dissent, peers, names),
    }
    return Report(
        found.to_json(),
        found.tables(),
        sections=lambda _: sections(found, study.store.path / "figures"),
        pictures=pictures,
    )


def sections(found: LandscapeFindings, folder: Path) -> Sequence[Section]:
    """Return the sections of a page; ``folder`` has the pictures."""
    names, whole, dissent = found.study.class_names, found.votes.with_mean(), found.votes.dissent
    every = once(passages(found.study.images))
    numbers = len(whole.names) * every[0].frames.size * LINES
    some, said = _some(every, found.rough, MOST_NUMBERS // numbers)
    lines = walk_plot(_walks(some, names), whole, dissent, names)
    return [
        found.section(),
        Section(
            "Landscapes",
            "A pair of images, mixed in equal steps, morphs into a third. Each pair is shown in one order: "
            f"in the other the frames are the same, mirrored.{said}",
            [
                Picture(folder / "frames.png", "Frames of the roughest passage and of the smoothest."),
                Picture(folder / "surfaces.png", "The panel's mean over both, as surfaces."),
                Plot(lines, "Probabilities over a passage's frames, and where networks disagree.", WIDTH),
            ],
        ),
        Section(
            "Where networks disagree",
            "Each square is a passage: the pair is mixed from top to bottom, and morphs from left to right.",
            [Picture(folder / "dissent.png")],
        ),
    ]


def _some(every: Sequence[Passage], rough: pd.DataFrame, most: int) -> tuple[Sequence[Passage], str]:
    """Return at most so many passages, the roughest and the smoothest, and what to say about it."""
    if len(every) <= most:
        return every, ""
    ordered = by_roughness(rough, every)
    smooth = max(most, 2) // 2
    rough_ = max(most, 2) - smooth
    said = f" Of {len(every)} passages, the {rough_} roughest and the {smooth} smoothest are drawn."
    return [*ordered[:rough_], *ordered[-smooth:]], said


def _walks(some: Sequence[Passage], names: Sequence[str]) -> Walks:
    length = some[0].frames.shape[1]
    across = f"frame, {length} for each mixture of the pair"
    return Walks([one.walk(names) for one in some], length, across)


_TILES = 6
_EXTREMES = "The panel's mean probabilities: the roughest passage (top) and the smoothest (bottom)"


def draw_frames(some: Sequence[Passage], pixels: Pixels, names: Sequence[str], path: Path) -> None:
    """Draw a part of the frames of each passage: the pair from top to bottom, morphs from left to right."""
    figure = Figure(figsize=(4.4 * len(some), 4.7), layout="constrained")
    for axes, one in zip(figure.subplots(1, len(some), squeeze=False)[0], some, strict=True):
        taken = np.linspace(0, len(one.frames) - 1, _TILES).round().astype(int)
        tiles = pixels[one.frames[np.ix_(taken, taken)]]
        show(axes, np.concatenate(np.concatenate(tiles, axis=2), axis=2))
        axes.set_title(one.title(names), fontsize=9)
    figure.suptitle("A pair, mixed from top to bottom, morphs into a third from left to right", fontsize=10)
    save(figure, path)


def draw_surfaces(some: Sequence[Passage], mean: Singles, names: Sequence[str], path: Path) -> None:
    """Draw a surface for each of the three classes (Fig. 5); ``mean`` has shape (images, classes)."""
    figure = Figure(figsize=(10, 3.5 * len(some)), layout="constrained")
    for row, one in enumerate(some):
        side, length = one.frames.shape
        along, across = np.meshgrid(np.linspace(0, 1, length), np.linspace(0, 1, side))
        every = {"cmap": "cividis", "vmin": 0, "vmax": 1, "rcount": side, "ccount": length}
        for column, label in enumerate(one.labels):
            axes = figure.add_subplot(len(some), 3, row * 3 + column + 1, projection="3d")
            axes.plot_surface(across, along, mean[one.frames, label], **every)
            axes.set(zlim=(0, 1))
            axes.set_title(f"{one.group + 1}{one.letter}: probability of {names[label]}", fontsize=9)
            axes.set_xlabel(f"→ {names[one.labels[1]]}", fontsize=8)
            axes.set_ylabel(f"→ {names[one.labels[2]]}", fontsize=8)
            axes.tick_params(labelsize=7)
    figure.suptitle(_EXTREMES, fontsize=11)
    save(figure, path)


def draw_dissent(
    every: Sequence[Passage], dissent: Singles, peers: int, names: Sequence[str], path: Path
) -> None:
    """Draw how many networks differ from the most frequent prediction; a row for each group."""
    groups = sorted({one.group for one in every})
    columns = len(every) // len(groups)
    figure = Figure(figsize=(1.95 * columns + 1.4, 1.75 * len(groups) + 0.5), layout="constrained")
    grid = figure.subplots(len(groups), columns, squeeze=False)
    most = max(peers - 1, 1)
    norm = BoundaryNorm(np.arange(-0.5, most + 1), 256)
    for axes, group in zip(grid, groups, strict=True):
        for cell, one in zip(axes, [p for p in every if p.group == group], strict=True):
            drawn = cell.imshow(peers * dissent[one.frames], cmap="cividis", norm=norm, aspect="auto")
            _name(cell, one, names)
    bar = figure.colorbar(drawn, ax=grid, shrink=0.4, ticks=range(most + 1))
    bar.set_label(f"networks of {peers} that differ from the most frequent prediction", fontsize=8)
    apart = np.concatenate([dissent[one.frames].ravel() for one in every]) > 0
    figure.suptitle(
        f"Networks disagree on {apart.mean():.0%} of the frames: down, the pair is mixed; across, it morphs",
        fontsize=10,
    )
    save(figure, path)


def _name(axes: Axes, one: Passage, names: Sequence[str]) -> None:
    first, second, third = (names[label] for label in one.labels)
    axes.set(xticks=[], yticks=[])
    axes.set_title(f"{one.group + 1}{one.letter}", fontsize=8, loc="left", pad=2)
    axes.set_xlabel(f"→ {third}", fontsize=7)
    axes.set_ylabel(f"{second} ← {first}", fontsize=7)
