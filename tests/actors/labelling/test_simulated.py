"""Simulated labellers: sure where the referee is sure, parted at the boundary, and never taken for people."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pydantic import ValidationError

from outvoted.actors.labelling.label_file import Answer
from outvoted.actors.labelling.label_store import Labels, LabelStore, image_labels, labels_of
from outvoted.actors.labelling.simulated import (
    HUMANS_DISAGREE,
    LabellersSettings,
    chosen,
    disagreement,
    simulate,
)
from outvoted.search.arrays import Ints, Singles


@pytest.fixture(scope="module")
def boundary() -> Singles:
    """A referee's answers on 15 pairs in 11 steps, its log-odds falling along each."""
    random = np.random.default_rng(0)
    logits = random.normal(0, 1, (15, 11, 10))
    steps = np.linspace(12, -12, 11)[:, None]
    logits[:, :, 0] += 12 + steps[:, 0]
    logits[:, :, 1] += 12 - steps[:, 0]
    odds = np.exp(logits.reshape(165, 10))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True), np.float32)


def test_two_differ_on_as_many_images_as_two_people(boundary: Singles) -> None:
    found = disagreement(simulate(boundary, LabellersSettings()).labels)
    assert found == pytest.approx(HUMANS_DISAGREE, abs=0.005)


@pytest.mark.parametrize("wanted", [0.02, 0.2, 0.4])
def test_they_differ_as_much_as_is_asked(boundary: Singles, wanted: float) -> None:
    found = disagreement(simulate(boundary, LabellersSettings(disagreement=wanted)).labels)
    assert found == pytest.approx(wanted, abs=0.01)


def test_they_agree_on_clear_images_and_differ_at_the_boundary(boundary: Singles) -> None:
    labels = simulate(boundary, LabellersSettings()).labels.reshape(10, 15, 11)
    differ = (labels != labels[0]).any(axis=0).mean(axis=0)
    assert differ[[0, 10]].max() == 0
    assert differ[5] > 0.9
    assert (labels[:, :, 0] == 0).all()
    assert (labels[:, :, 10] == 1).all()


def test_they_are_marked(boundary: Singles) -> None:
    labels = simulate(boundary, LabellersSettings(simulated=3))
    assert labels.simulated
    assert labels.names == ("simulated-01", "simulated-02", "simulated-03")
    assert labels.complete().simulated


def test_they_follow_from_the_seed(boundary: Singles) -> None:
    one, again, other = (simulate(boundary, LabellersSettings(seed=seed)).labels for seed in (1, 1, 2))
    assert (one == again).all()
    assert (one != other).any()


def test_a_referee_without_any_doubt_can_be_taken(boundary: Singles) -> None:
    sure = np.eye(10, dtype=np.float32)[boundary.argmax(axis=1)]
    labels = simulate(sure, LabellersSettings()).labels
    assert ((labels >= 0) & (labels < 10)).all()


@given(arrays(np.int64, st.tuples(st.integers(2, 5), st.integers(1, 6)), elements=st.integers(0, 3)))
def test_disagreement_is_the_mean_over_pairs(labels: Ints) -> None:
    pairs = [(one != other).mean() for one, other in combinations(labels, 2)]
    assert disagreement(labels) == pytest.approx(np.mean(pairs))


@pytest.mark.parametrize("wrong", [{"simulated": 1}, {"simulated": -1}, {"disagreement": 0}, {"nois": 1}])
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        LabellersSettings.model_validate(wrong)


def nobody() -> Singles:
    raise AssertionError("people have labelled")


IMAGES = 165


def label_all(store: LabelStore[int], *names: str) -> Labels:
    for name in names:
        store.file(name).write({image: Answer(1) for image in range(IMAGES)})
    return labels_of(store, IMAGES)


def test_people_count_where_two_have_labelled_all(tmp_path: Path) -> None:
    store = image_labels(tmp_path, IMAGES, 10)
    store.file("half").write({0: Answer(1)})
    found = chosen(label_all(store, "anna", "zoe"), LabellersSettings(), nobody)
    assert found is not None
    assert found.names == ("anna", "zoe")
    assert not found.simulated


@pytest.mark.parametrize("people", [(), ("anna",)])
def test_simulated_labellers_stand_in_alone(
    tmp_path: Path, boundary: Singles, people: tuple[str, ...]
) -> None:
    given = label_all(image_labels(tmp_path, IMAGES, 10), *people)
    found = chosen(given, LabellersSettings(), lambda: boundary)
    assert found is not None
    assert found.simulated
    assert all(name.startswith("simulated") for name in found.names)


def test_nobody_stands_in_where_none_are_wanted(tmp_path: Path) -> None:
    nobodys = labels_of(image_labels(tmp_path, IMAGES, 10), IMAGES)
    assert chosen(nobodys, LabellersSettings(simulated=0), nobody) is None
