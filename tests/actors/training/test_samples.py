"""Images that are read batch by batch train networks to the bits of those in memory."""

from pathlib import Path

import numpy as np
import pytest
import torch

from outvoted.actors.data.datasets import Dataset, Split
from outvoted.actors.data.split import StoredPixels
from outvoted.actors.networks import MLP, Weights
from outvoted.actors.training.samples import JoinedSamples, samples_of
from outvoted.actors.training.stacked_training import StackedTraining, Trainee
from outvoted.actors.training.steps import Training
from outvoted.actors.training.training import ExtraSamples, train
from outvoted.search.errors import OutvotedError
from outvoted.search.transforms import Affine
from tests.actors.data.formats import load

CPU = torch.device("cpu")


@pytest.fixture
def stored(few: Dataset, tmp_path: Path) -> Dataset:
    """The same digits, on disk."""
    for name, split in (("train", few.train), ("test", few.test)):
        np.save(tmp_path / f"x_{name}.npy", split.images)
        np.save(tmp_path / f"y_{name}.npy", split.labels)
    data = load({"name": "npy", "path": str(tmp_path), "hold": "disk", "layout": "NCHW", "classes": 10})
    assert not data.train.held
    return data


def same(one: Weights, other: Weights) -> bool:
    return all(torch.equal(one[name], other[name]) for name in one | other)


@pytest.mark.parametrize("extra", [False, True])
def test_one_network_is_trained_alike(extra: bool, few: Dataset, stored: Dataset) -> None:
    training = Training(epochs=2, batch_size=25, augment=Affine())
    more = ExtraSamples(Split(few.test.images[:7], few.test.labels[:7]), 2.0, 2) if extra else None
    held, read = (list(train(MLP(hidden=8), training, data, 3, None, more)) for data in (few, stored))
    assert [epoch.record for epoch in read] == [epoch.record for epoch in held]
    assert held[-1].weights is not None
    assert read[-1].weights is not None
    assert same(held[-1].weights, read[-1].weights)


def test_a_stack_of_networks_is_trained_alike(few: Dataset, stored: Dataset) -> None:
    found = []
    for data in (few, stored):
        trainees = [Trainee(MLP(hidden=8), seed) for seed in (1, 2)]
        stack = StackedTraining(trainees, Training(batch_size=50), data.train, data.shape, data.classes)
        found.append((stack.advance(), stack.progress()))
    assert found[0][0] == found[1][0]
    assert all(same(one.weights, other.weights) for one, other in zip(found[0][1], found[1][1], strict=True))


def test_each_image_of_an_epoch_is_read_once_and_two_batches_at_a_time(
    stored: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    decode = StoredPixels._decoded

    def watched(self: StoredPixels, content: object, number: int) -> object:
        read.append(number)
        return decode(self, content, number)  # type: ignore[arg-type]

    monkeypatch.setattr(StoredPixels, "_decoded", watched)
    samples = samples_of(stored.train, CPU)
    batches = torch.split(torch.randperm(120), 20)
    for number, rows in enumerate(samples.coming(batches), 1):
        assert samples.pixels(rows).shape == (20, 1, 28, 28)
        assert len(read) <= 20 * (number + 1)
    assert sorted(read) == list(range(120))


def test_an_image_that_is_gone_ends_training_with_its_name(stored: Dataset, tmp_path: Path) -> None:
    (tmp_path / "x_train.npy").unlink()
    with pytest.raises(OutvotedError, match=r"x_train\.npy"):
        list(train(MLP(hidden=4), Training(epochs=1), stored, 0))


def test_joined_samples_follow_one_another(few: Dataset, stored: Dataset) -> None:
    joined = JoinedSamples([samples_of(stored.train, CPU), samples_of(few.test, CPU)])
    images = np.concatenate([few.train.images, few.test.images])
    assert joined.labels.tolist() == [*few.train.labels, *few.test.labels]
    rows = torch.tensor([130, 0, 119, 120, 0])
    np.testing.assert_array_equal(joined.pixels(rows).numpy(), images[rows.numpy()])
