"""What a study of interpolations shows: roughness, pictures, and sections of a page."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from outvoted.analysis.report.report import Plot, Report, Section
from outvoted.analysis.studies.ballots import ballots
from outvoted.analysis.studies.interpolation.edges import cycles, edge_sequences
from outvoted.analysis.studies.interpolation.pictures import (
    MOST_PAIRS,
    draw_cycles,
    draw_fields,
    draw_ternary,
    scatter_plot,
    ternary_plot,
)
from outvoted.analysis.studies.interpolation.points import OwnRows, Points, fields, own_rows
from outvoted.analysis.studies.landscape.report import (
    LINES,
    MOST_NUMBERS,
    WIDTH,
    LandscapeFindings,
    analyse,
    roughness_section,
)
from outvoted.analysis.studies.landscape.walks import walk_plot
from outvoted.analysis.studies.opened import OpenedStudy

MOST_MARKERS = 30_000


@dataclass(frozen=True)
class FieldFindings:
    """What the panel's votes on interpolated rows show.

    Attributes:
        fields: all groups, first those of the same classes together.
        own: what the panel answers for the table's own rows.
        features: names of the table's features.
    """

    landscape: LandscapeFindings
    fields: Sequence[Points]
    own: OwnRows
    features: Sequence[str]


def report(study: OpenedStudy) -> Report:
    """Measure what has been voted."""
    found = findings(study)
    return Report(
        found.landscape.to_json(),
        found.landscape.tables(),
        sections=lambda _: sections(found),
        pictures=pictures(found),
    )


def findings(study: OpenedStudy) -> FieldFindings:
    """Measure how rough the lines between items are, and what the panel answers for the table's own rows."""
    votes, data = ballots(study.votes), study.data
    assert data.features is not None  # the study was checked
    every = fields(study.images, votes)
    own = own_rows(study, votes.names, every[0].labels)
    found = analyse(study, edge_sequences(study.images), own.correct)
    return FieldFindings(found, every, own, [feature.name for feature in data.features])


def pictures(found: FieldFindings) -> Mapping[str, Callable[[Path], object]]:
    """Return how each picture is drawn."""
    names, whole, own = found.landscape.class_names, found.fields[0], found.own.points
    mean = found.landscape.votes.probabilities.mean(0)
    return {
        "figures/fields.png": partial(draw_fields, whole, own.values, found.features, names),
        "figures/lines.png": partial(draw_cycles, found.landscape.images, mean, names),
        "figures/ternary.png": partial(draw_ternary, (own, whole), names),
    }


def sections(found: FieldFindings) -> Sequence[Section]:
    """Return the sections of a page."""
    landscape, every = found.landscape, found.fields
    names, whole = landscape.class_names, landscape.votes.mean_first()
    drawn = np.cumsum([len(one.values) for one in every]) * len(whole.names) * MOST_PAIRS
    few = every[: max(1, int((drawn <= MOST_MARKERS).sum()))]
    walks, length = cycles(landscape.images, names)
    walks = walks[: MOST_NUMBERS // (len(walks[0].frames) * len(whole.names) * LINES)]
    lines = walk_plot(walks, whole, landscape.votes.dissent, names, length, "points from item to item")
    rows = found.own.points.values
    plots = [
        Plot(
            scatter_plot(few, rows, found.features, whole.names, names),
            "Fields over pairs of features. Open points: networks part.",
            WIDTH,
        ),
        Plot(lines, "Probabilities on the lines from item to item, and where networks part.", WIDTH),
        Plot(
            ternary_plot([*few, found.own.points], whole.names, names),
            "Probabilities of three classes. Larger points are surer, open ones are where networks part.",
            WIDTH,
        ),
    ]
    left = "" if len(few) == len(every) else f" The first {len(few)} of {len(every)} fields are drawn."
    text = f"Points between items of three classes, put to the panel as rows of the table.{left}"
    return [roughness_section(landscape), Section("Fields between items", text, plots)]
