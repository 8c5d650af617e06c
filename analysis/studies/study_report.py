"""What a study leaves for its reader: `summary.json`, pictures, tables, sections of a page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import RenderableType

from outvoted.actors.labelling.choice import chosen
from outvoted.actors.labelling.label_store import LabelStore
from outvoted.actors.labelling.labels import Labels
from outvoted.actors.runs.files import write_json
from outvoted.analysis.report.report import Section
from outvoted.analysis.studies.boundary import analyse as boundary_analysis
from outvoted.analysis.studies.boundary import report as boundary_report
from outvoted.analysis.studies.boundary import sections as boundary_sections
from outvoted.analysis.studies.boundary import tables as boundary_tables
from outvoted.analysis.studies.boundary.kind import BoundaryStudy
from outvoted.analysis.studies.families import units
from outvoted.analysis.studies.landscape import report as landscape_report
from outvoted.analysis.studies.landscape import sections as landscape_sections
from outvoted.analysis.studies.opened import OpenedStudy
from outvoted.search.arrays import Singles


@dataclass(frozen=True)
class StudyReport:
    """What a study has shown so far: for the terminal, and, where it is asked for, for a page."""

    tables: Sequence[RenderableType]
    sections: Callable[[], Sequence[Section]]


def write_study_report(study: OpenedStudy) -> StudyReport:
    """Write `summary.json` and ``figures/`` of a study.

    Raises:
        OutvotedError: it has no votes yet, its data or a file is missing, or the disk refuses.
    """
    folder = study.store.path / "figures"
    if isinstance(study.study, BoundaryStudy):
        return _boundary(study, study.study, folder)
    found = landscape_report.analyse(study)
    write_json(study.store.path / "summary.json", found.to_json())
    landscape_report.draw(study, found, folder)
    return StudyReport(found.tables(), partial(landscape_sections.sections, study, found, folder))


def _boundary(study: OpenedStudy, settings: BoundaryStudy, folder: Path) -> StudyReport:
    names = [unit.name for unit in units(settings.families)]
    stops = study.store.stops(names)
    found = boundary_analysis.analyse(
        study.images,
        _votes(study, names),
        stops,
        study.class_names,
        labels_of(study, settings),
        study.votes,
        {family.name: family.seeds for family in settings.families},
    )
    write_json(study.store.path / "summary.json", found.to_json())
    boundary_report.draw(found, study.pixels, folder)
    return StudyReport(boundary_tables.tables(found), partial(boundary_sections.sections, found, folder))


def labels_of(study: OpenedStudy, settings: BoundaryStudy) -> Labels | None:
    """Return people's labels of a study's images, or simulated ones; None where there are to be none.

    Raises:
        OutvotedError: a file of labels has a line that is wrong.
    """
    store = LabelStore(study.store.labels, len(study.images), study.classes)

    def referee() -> Singles:
        return np.stack(study.store.votes("referee")["probabilities"].to_list())

    return chosen(store, settings.labellers, referee)


def _votes(study: OpenedStudy, names: Sequence[str]) -> pd.DataFrame:
    """Return the votes of all networks that were kept."""
    found = [study.store.votes(name) for name in names if study.store.has_votes(name)]
    return pd.concat(found, ignore_index=True) if found else study.votes.iloc[:0]
