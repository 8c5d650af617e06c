"""Measures of studies against what their reports say; votes are made up."""

from pathlib import Path

import numpy as np
import pytest

from outvoted.actors.data import datasets
from outvoted.actors.data.datasets import Dataset
from outvoted.actors.data.formats import Iris
from outvoted.actors.studies.study_store import StudyStore, image_rows, vote_rows
from outvoted.analysis.studies.base import Ingredients, Study
from outvoted.analysis.studies.boundary.networks import panel_findings
from outvoted.analysis.studies.boundary.study import BoundaryStudy
from outvoted.analysis.studies.interpolation.fields import edge_sequences
from outvoted.analysis.studies.interpolation.study import InterpolationStudy
from outvoted.analysis.studies.morphs.between import Blend
from outvoted.analysis.studies.morphs.passages import morph_sequences
from outvoted.analysis.studies.morphs.study import MorphStudy
from outvoted.analysis.studies.opened import MEAN, ballots
from outvoted.analysis.studies.roughness import MEASURES, by_network, roughness
from outvoted.analysis.tuning.measures import measured, measures_of
from outvoted.analysis.tuning.objectives import Measured
from outvoted.cluster.jobs.study import StudyConfig

NAMES = tuple(measures_of("study"))
MORPHS, FIELDS = (
    MorphStudy(groups=2, sets=1, frames=4, between=Blend()),
    InterpolationStudy(groups=2, points=3),
)


def voted(store: StudyStore, networks: int = 3, classes: int = 10) -> None:
    """Write random votes on a study's images."""
    drawn = np.random.default_rng(1).dirichlet(np.full(classes, 0.3), (networks, len(store.images())))
    store.write_votes(vote_rows(f"net-{k}", each.astype(np.float32)) for k, each in enumerate(drawn))


@pytest.mark.parametrize("study", [MORPHS, FIELDS], ids=lambda study: study.kind)
def test_landscapes_are_as_rough_as_their_report_says(study: Study, digits: Dataset, tmp_path: Path) -> None:
    data = datasets.load(Iris()) if study is FIELDS else digits
    store = StudyStore(tmp_path, study.fields())
    store.write_images(study.images(Ingredients(data)))
    assert measured("study", StudyConfig(study=study), tmp_path, NAMES)["detour"] == Measured(None)
    voted(store, classes=data.classes)
    found = measured("study", StudyConfig(study=study), tmp_path, NAMES)
    images = store.images().drop_columns(["image"]).to_pandas()
    walks = morph_sequences(images) if study is MORPHS else edge_sequences(images)
    line = next(one for one in by_network(roughness(ballots(store.votes()), walks)) if one.name == MEAN)
    for name in MEASURES:
        assert found[name] == Measured(*line.measures[name], line.groups)
        assert found[name].low is not None


def test_boundaries_are_voted_on_as_their_report_says(tmp_path: Path) -> None:
    study = BoundaryStudy()
    store = StudyStore(tmp_path, study.fields())
    made = {name: [0] * 50 for name, _ in study.fields()}
    store.write_images(image_rows(np.zeros((50, 1, 2, 2), np.uint8), made, study.fields()))
    voted(store, classes=3)
    found = measured("study", StudyConfig(study=study), tmp_path, ["agreement", "lone_dissent"])
    (row,) = panel_findings(ballots(store.votes()), None, {}).rows
    assert found["agreement"].value == row.consensus.value
    assert found["lone_dissent"] == Measured(row.dissent.value, row.dissent.low, row.dissent.high, 50)


def test_a_study_that_has_not_begun_gives_nothing(tmp_path: Path) -> None:
    for study in (MORPHS, BoundaryStudy()):
        names = measures_of("study") if study is MORPHS else ("agreement", "lone_dissent")
        found = measured("study", StudyConfig(study=study), tmp_path, names)
        assert set(found.values()) == {Measured(None)}
