"""A landscape study in a report: roughness in tables, and interactive plots."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from outvoted.analysis.report.from_rich import from_rich
from outvoted.analysis.report.report import Picture, Plot, Section
from outvoted.analysis.studies.landscape.lines import walk_plot
from outvoted.analysis.studies.landscape.points import fields
from outvoted.analysis.studies.landscape.report import LandscapeFindings
from outvoted.analysis.studies.landscape.scatter import MOST_PAIRS, scatter_plot
from outvoted.analysis.studies.landscape.sequences import Passage, by_roughness, once, passages
from outvoted.analysis.studies.landscape.surfaces import surface_plot
from outvoted.analysis.studies.landscape.ternary import ternary_plot
from outvoted.analysis.studies.landscape.walks import cycles, through
from outvoted.analysis.studies.morphs import MorphStudy
from outvoted.analysis.studies.opened import OpenedStudy

MOST_NUMBERS = 330_000
"""Of a figure, which is then about 2 MB of a page."""
MOST_MARKERS = 30_000
_LINES = 4  # three classes, and all others
_WIDTH = 600  # pixels: two menus side by side, and three plots


def sections(study: OpenedStudy, found: LandscapeFindings, folder: Path) -> list[Section]:
    """Return what a study's findings look like in a report; ``folder`` has the pictures of `draw`."""
    shown: Callable[[OpenedStudy, LandscapeFindings, Path], list[Section]]
    shown = _of_morphs if isinstance(study.study, MorphStudy) else _of_fields
    rough = Section(
        "Roughness",
        "How the answers change along sequences of frames. The figures are means over groups with their 95 % "
        "intervals.",
        [from_rich(table) for table in found.tables()],
    )
    return [rough, *shown(study, found, folder)]


def _of_morphs(study: OpenedStudy, found: LandscapeFindings, folder: Path) -> list[Section]:
    names, whole, dissent = found.class_names, found.votes.mean_first(), found.votes.dissent
    every = once(passages(found.images))
    each = len(whole.names) * every[0].frames.size
    some, said = _some(every, found.rough, MOST_NUMBERS // (each * _LINES))
    length = every[0].frames.shape[1]
    lines = walk_plot(
        through(some, names), whole, dissent, names, length, f"frame, {length} for each mixture of the pair"
    )
    surfaces = surface_plot(some, whole, dissent, names)
    return [
        Section(
            "Landscapes",
            "A pair of images, mixed in equal steps, morphs into a third. The pair in the other order has "
            f"the same frames, mirrored, and is left out.{said}",
            [
                Picture(folder / "frames.png", "Frames of the roughest passage and of the smoothest."),
                Plot(lines, "Probabilities over all frames, and where networks part.", _WIDTH),
                Plot(surfaces, "The same as surfaces. The panel's mean is coloured by dissent.", _WIDTH),
            ],
        ),
        Section(
            "Where networks part",
            "Each square is a passage: down across the pair, to the right towards the third image.",
            [Picture(folder / "dissent.png")],
        ),
    ]


def _of_fields(study: OpenedStudy, found: LandscapeFindings, folder: Path) -> list[Section]:
    names, whole, images = found.class_names, found.votes.mean_first(), found.images
    assert study.data.features is not None  # the study was checked
    assert found.own is not None
    features = [feature.name for feature in study.data.features]
    every = fields(images, found.votes)
    drawn = np.cumsum([len(one.values) for one in every]) * len(whole.names) * MOST_PAIRS
    few = every[: max(1, int((drawn <= MOST_MARKERS).sum()))]
    walks, length = cycles(images, names)
    walks = walks[: MOST_NUMBERS // (len(walks[0].frames) * len(whole.names) * _LINES)]
    lines = walk_plot(walks, whole, found.votes.dissent, names, length, "points from item to item")
    rows = found.own.points.values
    plots = [
        Plot(
            scatter_plot(few, rows, features, whole.names, names),
            "Fields over pairs of features. Open points: networks part.",
            _WIDTH,
        ),
        Plot(lines, "Probabilities on the lines from item to item, and where networks part.", _WIDTH),
        Plot(
            ternary_plot([*few, found.own.points], whole.names, names),
            "Probabilities of three classes. Larger points are surer, open ones are where networks part.",
            _WIDTH,
        ),
    ]
    left = "" if len(few) == len(every) else f" The first {len(few)} of {len(every)} fields are drawn."
    text = f"Points between items of three classes, put to the panel as rows of the table.{left}"
    return [Section("Fields between items", text, plots)]


def _some(every: Sequence[Passage], rough: pd.DataFrame, most: int) -> tuple[list[Passage], str]:
    """Return at most so many passages, the roughest and the smoothest, and what to say of it."""
    if len(every) <= most:
        return list(every), ""
    ordered = by_roughness(rough, every)
    half = max(most, 2)
    kept = [*ordered[: -(-half // 2)], *ordered[-(half // 2) :]]
    return kept, f" Drawn are the {-(-half // 2)} roughest and the {half // 2} smoothest of {len(every)}."
