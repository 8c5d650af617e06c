"""What a study is measured by: figures of its report that are single numbers."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from outvoted.actors.studies.study_store import StudyStore
from outvoted.analysis.report.numbers import SHARE, Form
from outvoted.analysis.studies.base import Study
from outvoted.analysis.studies.boundary.networks import PanelRow, panel_findings
from outvoted.analysis.studies.boundary.study import BoundaryStudy
from outvoted.analysis.studies.interpolation.fields import edge_sequences
from outvoted.analysis.studies.morphs.passages import morph_sequences
from outvoted.analysis.studies.morphs.study import MorphStudy
from outvoted.analysis.studies.opened import ballots
from outvoted.analysis.studies.roughness import MEANING, Line, by_network, roughness
from outvoted.analysis.studies.roughness import Measure as Roughness
from outvoted.analysis.tuning.measures.base import Lack, Measure, of_interval, of_share
from outvoted.analysis.tuning.objectives import Measured

_FINE = Form(2)


class StudyingKeys(Protocol):
    """The key of a study's configuration by which it is measured."""

    @property
    def study(self) -> Study:
        """Which study it is."""


@dataclass(frozen=True)
class RecordedStudy:
    """A study: the images and votes that it has recorded so far."""

    config: StudyingKeys
    folder: Path
    held: Any = None

    @cached_property
    def votes(self) -> pd.DataFrame | None:
        """The panel's votes, if it has voted."""
        return self._store.votes() if self._store.has_images and self._store.has_votes() else None

    @property
    def images(self) -> pd.DataFrame:
        """How the images were made."""
        rows: pd.DataFrame = self._store.images().drop_columns(["image"]).to_pandas()
        return rows

    @cached_property
    def line(self) -> Line | None:
        """How rough the panel's mean prediction is, of a landscape."""
        if self.votes is None:
            return None
        sequences = morph_sequences if isinstance(self.config.study, MorphStudy) else edge_sequences
        return by_network(roughness(ballots(self.votes), sequences(self.images)))[-1]

    @cached_property
    def row(self) -> PanelRow | None:
        """How the panel votes on all images of a boundary study."""
        return None if self.votes is None else panel_findings(ballots(self.votes), None, {}).rows[0]

    @property
    def _store(self) -> StudyStore:
        return StudyStore(self.folder, self.config.study.fields())


def _rough(measure: Roughness) -> Callable[[RecordedStudy], Measured]:
    def taken(run: RecordedStudy) -> Measured:
        return (
            Measured(None) if run.line is None else of_interval(run.line.measures[measure], run.line.groups)
        )

    return taken


def _lone(run: RecordedStudy) -> Measured:
    return Measured(None) if run.row is None else of_share(run.row.dissent)


def _agreed(run: RecordedStudy) -> Measured:
    return Measured(None) if run.row is None else of_share(run.row.consensus)


def _no_landscape(config: StudyingKeys) -> Lack | None:
    if not isinstance(config.study, BoundaryStudy):
        return None
    return Lack("a boundary study", "take one of a boundary study's measures: agreement, lone_dissent")


def _no_boundary(config: StudyingKeys) -> Lack | None:
    if isinstance(config.study, BoundaryStudy):
        return None
    return Lack(
        "a landscape", "take one of a landscape's measures: detour, variation, changes, strange, dissent"
    )


Studies = Measure[RecordedStudy, StudyingKeys]


def _roughness(measure: Roughness, form: Form) -> Studies:
    return Studies(
        measure,
        measure,
        f"of a landscape, by the panel's mean prediction: {MEANING[measure]}",
        "minimise",
        form,
        _rough(measure),
        over="groups of images",
        early=False,
        lack=_no_landscape,
    )


MEASURES: tuple[Studies, ...] = (
    *(_roughness(measure, SHARE if measure in ("strange", "dissent") else _FINE) for measure in MEANING),
    Studies(
        "agreement",
        "agreement",
        "share of a boundary study's images on which all of the panel agree",
        "maximise",
        SHARE,
        _agreed,
        "binomial",
        early=False,
        lack=_no_boundary,
    ),
    Studies(
        "lone_dissent",
        "lone dissent",
        "the same, on which exactly one network differs and all others agree",
        "maximise",
        SHARE,
        _lone,
        "binomial",
        early=False,
        lack=_no_boundary,
    ),
)
