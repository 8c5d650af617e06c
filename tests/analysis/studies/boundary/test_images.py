"""The images of a boundary study."""

from dataclasses import replace

import numpy as np
import pytest

from outvoted.actors.data.datasets import Dataset, DataSettings, Split, load
from outvoted.actors.networks import CNN
from outvoted.actors.networks.members import Member
from outvoted.actors.panel.peer import voter
from outvoted.actors.runs import png, schema
from outvoted.actors.runs.epochs import EpochRecord
from outvoted.actors.training.generators.generator import PackagedGenerator
from outvoted.actors.training.steps import Training
from outvoted.actors.training.training import train
from outvoted.analysis.studies.base import Ingredients, Vote
from outvoted.analysis.studies.boundary.study import FIELDS, Pairs, boundary_images
from outvoted.analysis.studies.latents import Latents

CHOSEN = Latents(chosen={0: 10, 1: 11, 2: 12})


def taught(data: Dataset, seed: int) -> Vote:
    """Train a small convolutional network and return its votes."""
    architecture = CNN(channels=8, hidden=32)
    epochs = list(train(architecture, Training(epochs=3), data, seed))
    weights = epochs[-1].weights
    assert weights is not None
    member = Member("cnn", "peer", architecture, seed, weights, (EpochRecord(3, 0.0, None),))
    return voter(member, data.shape, data.classes).vote


@pytest.fixture(scope="module")
def real() -> Dataset:
    """1,200 digits of the packaged sample."""
    data = load(DataSettings())
    return replace(data, train=Split(data.train.images[:1200], data.train.labels[:1200]))


@pytest.fixture(scope="module")
def made_from(digits: Dataset) -> Ingredients:
    """The packaged digits, with a referee that need not be asked."""
    generator = PackagedGenerator(name="mnist").load(digits)
    return Ingredients(digits, generator, lambda images: np.zeros((len(images), 10), np.float32))


def test_both_ends_of_a_way_are_the_images_of_their_latents(made_from: Ingredients) -> None:
    rows = boundary_images(made_from, CHOSEN, Pairs(chosen=((0, 1), (0, 2), (1, 2)), steps=3)).to_pylist()
    assert made_from.generate is not None
    ends = made_from.generate(CHOSEN.vectors(np.array([10, 11, 12])))
    for row in rows:
        if row["step"] != 1:
            label = row["first"] if row["step"] == 0 else row["second"]
            assert np.array_equal(png.decode(row["image"]["bytes"]), ends[label])


def test_images_are_numbered_pair_by_pair_and_step_by_step(made_from: Ingredients) -> None:
    table = boundary_images(made_from, CHOSEN, Pairs(chosen=((0, 1), (0, 2), (1, 2)), steps=3))
    assert table.schema.equals(schema.STUDY_IMAGES.with_fields(FIELDS).arrow, check_metadata=True)
    assert table["image_id"].to_pylist() == list(range(9))
    assert table["pair"].to_pylist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert table["first"].to_pylist() == [0, 0, 0, 0, 0, 0, 1, 1, 1]
    assert table["second"].to_pylist() == [1, 1, 1, 2, 2, 2, 2, 2, 2]
    assert table["step"].to_pylist() == [0, 1, 2] * 3
    assert table["alpha"].to_pylist() == [0, 0.5, 1] * 3


def test_a_network_recognises_the_packaged_digits_that_another_one_proposes(real: Dataset) -> None:
    generator = PackagedGenerator().load(real)
    referee, other = taught(real, 0), taught(real, 1)
    rows = boundary_images(Ingredients(real, generator, referee), Latents(candidates=150), Pairs(steps=2))
    assert len(rows) == 30
    images = np.stack([png.decode(image["bytes"]) for image in rows["image"].to_pylist()])
    ends = np.stack([rows["first"].to_numpy(), rows["second"].to_numpy()], 1)
    labels = ends[np.arange(30), rows["step"].to_numpy()]
    assert (other(images).argmax(1) == labels).mean() > 0.8
