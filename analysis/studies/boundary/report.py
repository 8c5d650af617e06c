"""What a boundary study shows: topics, each with its tables, its picture, and a section of the page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from outvoted.actors.labelling.label_store import Labels, image_labels, labels_of
from outvoted.actors.labelling.simulated import chosen
from outvoted.actors.studies.study_store import REFEREE
from outvoted.analysis.report.report import Part, Picture, Plot, Report, Section
from outvoted.analysis.report.table import Table
from outvoted.analysis.studies.boundary import tables
from outvoted.analysis.studies.boundary.disagreement_map import draw_map, map_plot
from outvoted.analysis.studies.boundary.figures import (
    draw_entropies,
    draw_images,
    draw_kappas,
    draw_latents,
    draw_types,
)
from outvoted.analysis.studies.boundary.findings import BoundaryFindings, analyse
from outvoted.analysis.studies.boundary.groups import Type
from outvoted.analysis.studies.boundary.study import PROPOSALS, BoundaryStudy
from outvoted.analysis.studies.families import units
from outvoted.analysis.studies.opened import OpenedStudy
from outvoted.search.arrays import Pixels, Singles

Tabulate = Callable[[BoundaryFindings], Table]
Draw = Callable[[BoundaryFindings, Path], None]


@dataclass(frozen=True)
class Topic:
    """Something to show, where there is anything to show of it.

    Attributes:
        title, text: of its section.
        there: of which findings it is made.
        tables, with_labels: its tables, those that need labels last.
        picture: the name of its picture, and how it is drawn.
        caption: of the picture.
        plot: an interactive figure, shown on the page in the picture's place.
    """

    title: str
    text: str
    there: Callable[[BoundaryFindings], object]
    tables: tuple[Tabulate, ...] = ()
    with_labels: tuple[Tabulate, ...] = ()
    picture: tuple[str, Draw] | None = None
    caption: str = ""
    plot: Callable[[BoundaryFindings], go.Figure] | None = None

    def applies(self, found: BoundaryFindings) -> bool:
        """Return whether there is anything to show."""
        labelled = found.people is not None
        return bool(self.there(found)) and bool(self.tables or self.picture or labelled)

    def tabulated(self, found: BoundaryFindings) -> list[Table]:
        """Return its tables."""
        wanted = (*self.tables, *(self.with_labels if found.people is not None else ()))
        made = [table(found) for table in wanted]
        return [replace(one, title=_marked(found, one.title)) for one in made]

    def section(self, found: BoundaryFindings, folder: Path) -> Section:
        """Return its section; ``folder`` is that of the run, where the picture is drawn by then."""
        parts: list[Part] = [*self.tabulated(found)]
        caption = _marked(found, self.caption)
        if self.plot is not None:
            parts.insert(0, Plot(self.plot(found), caption))
        elif self.picture is not None:
            parts.insert(0, Picture(folder / self.picture[0], caption))
        return Section(self.title, self.text, parts, found.simulated)


def _marked(found: BoundaryFindings, caption: str) -> str:
    return f"{caption} – {tables.SIMULATED}" if found.simulated else caption


TOPICS = (
    Topic(
        "Networks of equal accuracy",
        "Do networks of the same test accuracy disagree on the same images as each other, and as labellers? "
        "One network of each family and variant of training.",
        lambda found: found.diverse,
        (tables.misclassified,),
        (tables.by_type,),
    ),
    Topic(
        "Confidence",
        "The maximum softmax of the same networks, by type of image.",
        lambda found: found.diverse,
        with_labels=(tables.softmax,),
    ),
    Topic(
        "Types and test accuracy",
        "How the shares of types change with accuracy, in groups of networks that differ only in their seed. "
        f"Type A: {Type.A.meaning}. Type C: {Type.C.meaning}.",
        lambda found: found.seeds,
        (tables.over_seeds,),
        picture=("figures/types.png", draw_types),
        caption="mean and standard deviation over groups",
    ),
    Topic(
        "Certainty",
        "Are networks uncertain where labellers are? Certainty is the share of the most frequent prediction.",
        lambda found: found.seeds,
        with_labels=(tables.certainty,),
    ),
    Topic(
        "Map of disagreement",
        "Who disagrees on which image, in the first group of each family. Point at a cell for the answers.",
        lambda found: found.seeds,
        picture=("figures/map.png", draw_map),
        caption="choose family and test accuracy above",
        plot=map_plot,
    ),
    Topic(
        "Agreement beyond chance",
        "How far any two raters agree beyond chance: 1 is full agreement, 0 is chance.",
        lambda found: found.kappas is not None,
        (tables.kappas,),
        picture=("figures/kappas.png", draw_kappas),
        caption="Cohen's κ of every pair of labellers and networks",
    ),
    Topic(
        "Entropies",
        "Are votes split where labels are? The entropy of both, image by image.",
        lambda found: found.entropies,
        (tables.entropies,),
        picture=("figures/entropies.png", draw_entropies),
        caption="entropy of votes against entropy of labels",
    ),
    Topic(
        "The panel of mining",
        "How the panel that mines mistakes votes on these images, none of which were mined.",
        lambda found: found.panel is not None,
        (tables.panel_by_kind, tables.dissenters),
    ),
)
"""In the order of the paper, then those beyond it."""
IMAGES = "figures/images.png"


def report(study: OpenedStudy, settings: BoundaryStudy) -> Report:
    """Measure what has been voted."""
    names = [unit.name for unit in units(settings.families)]
    found = analyse(
        study.images,
        _votes(study, names),
        study.store.stops(names),
        study.class_names,
        _labels(study, settings),
        study.votes,
        {family.name: family.seeds for family in settings.families},
    )
    proposed = study.store.folder.extra("latents", PROPOSALS)
    shown, pictures = shown_of(found, study.pixels, study.store.path), {}
    if proposed is not None:
        pictures["figures/latents.png"] = partial(draw_latents, proposed.to_pandas(), study.class_names)
    return replace(shown, pictures={**shown.pictures, **pictures})


def shown_of(found: BoundaryFindings, pixels: Pixels, folder: Path) -> Report:
    """Return what is shown of findings.

    Args:
        pixels: all images, shape (images, channels, height, width).
        folder: that of the run.
    """
    topics = [topic for topic in TOPICS if topic.applies(found)]
    drawn = [topic.picture for topic in topics if topic.picture]
    missed = [one.missed for one in found.reached if one.missed]
    return Report(
        found.to_json(),
        [table for topic in topics for table in topic.tabulated(found)],
        sections=lambda _: [
            _images(found, folder),
            *(topic.section(found, folder) for topic in topics),
            _trainings(found),
        ],
        pictures={
            IMAGES: partial(draw_images, found, pixels),
            **{name: partial(draw, found) for name, draw in drawn},
        },
        remarks=[f"not shown: {line}" for line in (*found.missing, *missed)],
    )


def _images(found: BoundaryFindings, folder: Path) -> Section:
    rows, steps = found.ways.images.shape
    who = found.people
    by = f"{len(who.names)} {who.called} have labelled them" if who else "nobody has labelled all of them yet"
    text = f"{rows * steps} images: {rows} pairs of classes, {steps} steps from one to the other; {by}."
    caption = _marked(found, "above each image the labellers' answers") if who else "all images"
    return Section("The images", text, [Picture(folder / IMAGES, caption)], found.simulated)


def _trainings(found: BoundaryFindings) -> Section:
    said = [f"{line[0].upper()}{line[1:]}." for line in found.missing]
    if found.reached:
        every = "Not every" if any(one.missed for one in found.reached) else "Every"
        said.append(f"{every} training was stopped at each of its targets.")
    return Section(
        "Trainings, and what is missing", " ".join(said), [tables.reached(found)] if found.reached else []
    )


def _labels(study: OpenedStudy, settings: BoundaryStudy) -> Labels | None:
    """Return people's labels of a study's images, or simulated ones; None where there are to be none.

    Raises:
        OutvotedError: a file of labels has a line that is wrong.
    """
    images = len(study.images)
    people = labels_of(image_labels(study.store.folder.labels, images, study.classes), images)

    def referee() -> Singles:
        return np.stack(study.store.votes(REFEREE)["probabilities"].to_list())

    return chosen(people, settings.labellers, referee)


def _votes(study: OpenedStudy, names: Sequence[str]) -> pd.DataFrame:
    """Return the votes of all networks that were kept."""
    found = [study.store.votes(name) for name in names if study.store.has_votes(name)]
    return pd.concat(found, ignore_index=True) if found else study.votes.iloc[:0]
