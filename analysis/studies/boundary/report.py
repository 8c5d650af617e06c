"""What a boundary study shows: summary, pictures, tables, and sections of a page."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from outvoted.actors.labelling.label_store import Labels, LabelStore
from outvoted.actors.labelling.simulated import chosen
from outvoted.actors.studies.study_store import REFEREE
from outvoted.analysis.report.report import Part, Picture, Plot, Report, Section
from outvoted.analysis.studies.boundary import tables
from outvoted.analysis.studies.boundary.figures import IMAGES, draw_latents, pictures
from outvoted.analysis.studies.boundary.findings import BoundaryFindings, analyse
from outvoted.analysis.studies.boundary.groups import Type
from outvoted.analysis.studies.boundary.plots import entropies_plot, kappas_plot, map_plot, types_plot
from outvoted.analysis.studies.boundary.study import PROPOSALS, BoundaryStudy
from outvoted.analysis.studies.boundary.tables import ACCURACY, SIMULATED
from outvoted.analysis.studies.families import units
from outvoted.analysis.studies.opened import OpenedStudy
from outvoted.search.arrays import Singles


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
    drawn, proposed = pictures(found, study.pixels), study.store.folder.extra("latents", PROPOSALS)
    if proposed is not None:
        drawn["figures/latents.png"] = partial(draw_latents, proposed.to_pandas(), study.class_names)
    return Report(
        found.to_json(),
        list(tables.every(found)),
        sections=lambda _: sections(found, study.store.path),
        pictures=drawn,
        remarks=tables.remarks(found),
    )


def _labels(study: OpenedStudy, settings: BoundaryStudy) -> Labels | None:
    """Return people's labels of a study's images, or simulated ones; None where there are to be none.

    Raises:
        OutvotedError: a file of labels has a line that is wrong.
    """
    store = LabelStore(study.store.folder.labels, len(study.images), study.classes)

    def referee() -> Singles:
        return np.stack(study.store.votes(REFEREE)["probabilities"].to_list())

    return chosen(store, settings.labellers, referee)


def _votes(study: OpenedStudy, names: Sequence[str]) -> pd.DataFrame:
    """Return the votes of all networks that were kept."""
    found = [study.store.votes(name) for name in names if study.store.has_votes(name)]
    return pd.concat(found, ignore_index=True) if found else study.votes.iloc[:0]


def sections(found: BoundaryFindings, folder: Path) -> list[Section]:
    """Return what the page shows of a study.

    Args:
        folder: that of the run.
    """
    every = (_images, _disagreement, _softmax, _over_seeds, _certainty, _map, _kappas, _entropies, _panel)
    return [*(one for section in every for one in section(found, folder)), *_reached(found)]


def _section(found: BoundaryFindings, title: str, text: str, parts: Sequence[Part]) -> Section:
    return Section(title, text, parts, found.simulated)


def _images(found: BoundaryFindings, folder: Path) -> Iterator[Section]:
    rows, steps = found.ways.images.shape
    who = found.people
    by = (
        "nobody has labelled all of them yet"
        if who is None
        else f"{len(who.names)} {who.called} have named them"
    )
    text = f"{rows * steps} images: {rows} pairs of classes, {steps} steps from one to the other; {by}."
    caption = f"above each image what labellers call it{_mark(found)}" if who else "all images"
    yield _section(found, "The images", text, [Picture(folder / IMAGES, caption)])


def _disagreement(found: BoundaryFindings, _: Path) -> Iterator[Section]:
    if found.diverse:
        parts = [tables.misclassified(found), *([tables.by_type(found)] if found.people else [])]
        text = (
            "Do models of one test accuracy disagree on the same images, and where labellers do? Networks of "
            "all families and variants of training, one of each."
        )
        yield _section(found, "Networks of one accuracy", text, parts)


def _softmax(found: BoundaryFindings, _: Path) -> Iterator[Section]:
    if found.diverse and found.people:
        text = "The maximum softmax of the same networks, by type of image."
        yield _section(found, "How sure networks are", text, [tables.softmax(found)])


def _over_seeds(found: BoundaryFindings, _: Path) -> Iterator[Section]:
    if found.seeds:
        text = (
            "Groups of networks that differ in their seed alone: how types of images change with accuracy. "
            f"Type A: {Type.A.meaning}. Type C: {Type.C.meaning}."
        )
        plot = Plot(types_plot(found), f"mean and standard deviation over groups{_mark(found)}")
        yield _section(found, "Types and test accuracy", text, [plot, tables.over_seeds(found)])


def _certainty(found: BoundaryFindings, _: Path) -> Iterator[Section]:
    if found.seeds and found.people:
        text = "Are networks unsure where labellers are? Certainty is the share of the most frequent answer."
        yield _section(found, "Certainty", text, [tables.certainty(found)])


def _map(found: BoundaryFindings, _: Path) -> Iterator[Section]:
    if found.seeds:
        text = (
            "Who disagrees on which image: the first group of each family. Point at a cell for the answers."
        )
        plot = Plot(map_plot(found), f"choose family and accuracy above{_mark(found)}")
        yield _section(found, "Map of disagreement", text, [plot])


def _kappas(found: BoundaryFindings, _: Path) -> Iterator[Section]:
    if found.kappas is not None:
        text = "Agreement between any two raters beyond chance: 1 is full agreement, 0 is chance."
        caption = f"Cohen's κ; networks of {ACCURACY(found.focus or 0)} % test accuracy{_mark(found)}"
        parts: list[Part] = [Plot(kappas_plot(found), caption), tables.kappas(found)]
        yield _section(found, "Agreement beyond chance", text, parts)


def _entropies(found: BoundaryFindings, _: Path) -> Iterator[Section]:
    if found.entropies:
        text = "Are votes split where labels are? Each image by the entropy of both."
        here = any(one.target == found.focus for one in found.entropies)
        caption = f"networks of {ACCURACY(found.focus or 0)} % test accuracy{_mark(found)}"
        wide = 240 * max(1, len(found.families))
        plots = [Plot(entropies_plot(found), caption, wide)] if here else []
        yield _section(found, "Entropies", text, [*plots, tables.entropies(found)])


def _panel(found: BoundaryFindings, _: Path) -> Iterator[Section]:
    if found.panel is not None:
        text = "How the panel that mines mistakes votes on these images, which were not mined."
        parts = [tables.panel_by_kind(found), tables.dissenters(found)]
        yield _section(found, "The panel of mining", text, parts)


def _reached(found: BoundaryFindings) -> Iterator[Section]:
    if found.reached or found.missing:
        parts = [tables.reached(found)] if found.reached else []
        yield Section("Trainings, and what is missing", " ".join(_sentences(found)), parts)


def _sentences(found: BoundaryFindings) -> Iterator[str]:
    yield from (f"{line[0].upper()}{line[1:]}." for line in found.missing)
    if found.reached:
        missed = any(one.missed for one in found.reached)
        yield f"{'Not every' if missed else 'Every'} training was stopped at each of its targets."


def _mark(found: BoundaryFindings) -> str:
    return f"; {SIMULATED}" if found.simulated else ""
