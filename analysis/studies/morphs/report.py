"""What a study of morphs shows: roughness, pictures, and sections of a page."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import pandas as pd

from outvoted.analysis.report.report import Picture, Plot, Report, Section
from outvoted.analysis.studies.landscape.report import (
    LINES,
    MOST_NUMBERS,
    WIDTH,
    LandscapeFindings,
    analyse,
    roughness_section,
)
from outvoted.analysis.studies.landscape.walks import walk_plot
from outvoted.analysis.studies.morphs.passages import (
    Passage,
    by_roughness,
    morph_sequences,
    once,
    passages,
    through,
)
from outvoted.analysis.studies.morphs.pictures import (
    draw_dissent,
    draw_frames,
    draw_lines,
    draw_surfaces,
    surface_plot,
)
from outvoted.analysis.studies.opened import OpenedStudy


def report(study: OpenedStudy) -> Report:
    """Measure what has been voted."""
    found = findings(study)
    return Report(
        found.to_json(),
        found.tables(),
        sections=lambda _: sections(found, study.store.path / "figures"),
        pictures=pictures(study, found),
    )


def findings(study: OpenedStudy) -> LandscapeFindings:
    """Measure how rough the morphs are."""
    return analyse(study, morph_sequences(study.images))


def pictures(study: OpenedStudy, found: LandscapeFindings) -> Mapping[str, Callable[[Path], object]]:
    """Return how each picture is drawn: the roughest passage and the smoothest, and where networks differ."""
    names, mean, every = found.class_names, found.votes.probabilities.mean(0), passages(found.images)
    ordered = by_roughness(found.rough, once(every))
    two, peers = (ordered[0], ordered[-1]), len(found.votes.names)
    return {
        "figures/frames.png": partial(draw_frames, two, study.pixels, names),
        "figures/lines.png": partial(draw_lines, two, mean, names),
        "figures/surfaces.png": partial(draw_surfaces, two, mean, names),
        "figures/dissent.png": partial(draw_dissent, every, found.votes.dissent, peers, names),
    }


def sections(found: LandscapeFindings, folder: Path) -> Sequence[Section]:
    """Return the sections of a page; ``folder`` has the pictures."""
    names, whole, dissent = found.class_names, found.votes.mean_first(), found.votes.dissent
    every = once(passages(found.images))
    each = len(whole.names) * every[0].frames.size
    some, said = _some(every, found.rough, MOST_NUMBERS // (each * LINES))
    length = every[0].frames.shape[1]
    lines = walk_plot(
        through(some, names), whole, dissent, names, length, f"frame, {length} for each mixture of the pair"
    )
    surfaces = surface_plot(some, whole, dissent, names)
    return [
        roughness_section(found),
        Section(
            "Landscapes",
            "A pair of images, mixed in equal steps, morphs into a third. The pair in the other order has "
            f"the same frames, mirrored, and is left out.{said}",
            [
                Picture(folder / "frames.png", "Frames of the roughest passage and of the smoothest."),
                Plot(lines, "Probabilities over all frames, and where networks part.", WIDTH),
                Plot(surfaces, "The same as surfaces. The panel's mean is coloured by dissent.", WIDTH),
            ],
        ),
        Section(
            "Where networks part",
            "Each square is a passage: down across the pair, to the right towards the third image.",
            [Picture(folder / "dissent.png")],
        ),
    ]


def _some(every: Sequence[Passage], rough: pd.DataFrame, most: int) -> tuple[list[Passage], str]:
    """Return at most so many passages, the roughest and the smoothest, and what to say of it."""
    if len(every) <= most:
        return list(every), ""
    ordered = by_roughness(rough, every)
    half = max(most, 2)
    kept = [*ordered[: -(-half // 2)], *ordered[-(half // 2) :]]
    return kept, f" Drawn are the {-(-half // 2)} roughest and the {half // 2} smoothest of {len(every)}."
