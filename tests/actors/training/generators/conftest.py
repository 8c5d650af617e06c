"""A tiny training of a generator, and a generator whose images differ."""

import pytest
import torch

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.training.generators import dcgan
from outvoted.actors.training.generators.dcgan import DcganTraining, TrainingStage, train_dcgan
from outvoted.actors.training.generators.generator import Generator

TINY = DcganTraining(epochs=2, batch_size=25, maps=3)


@pytest.fixture(scope="session")
def uncut(few: Dataset) -> list[TrainingStage]:
    """Eight steps on 120 digits, a stage after every third and after the last."""
    return list(train_dcgan(TINY, few.train, every=3))


@pytest.fixture(scope="session")
def lively(few: Dataset) -> Generator:
    """A generator with large random weights: images of many grey levels."""
    network = dcgan.generator(few.shape, 3)
    random = torch.Generator().manual_seed(0)
    weights = {
        name: torch.randn(one.shape, generator=random).abs() if "running_var" in name else one
        for name, one in network.state_dict().items()
    }
    for name, one in network.named_parameters():
        weights[name] = torch.randn(one.shape, generator=random)
    return Generator.of(few.shape, 3, weights)
