"""How long a study takes beside its panel, from small parts of it."""

from collections.abc import Iterator, Mapping
from itertools import islice

import numpy as np
from torch import nn

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.panel.panel import LocalPanel
from outvoted.actors.panel.panel_settings import Recipe
from outvoted.actors.panel.peer import Peer
from outvoted.actors.panel.renderer import Renderer
from outvoted.actors.training.generators.dcgan import DcganTraining, train_dcgan
from outvoted.actors.training.generators.generator import TrainedGenerator
from outvoted.analysis.studies.base import Ingredients
from outvoted.analysis.studies.families import Family
from outvoted.cluster.jobs.calibration import clock, each_takes, training_speed
from outvoted.cluster.jobs.study import StudyConfig
from outvoted.cluster.jobs.workload import Timed
from outvoted.search.transforms import Affine

_MOST, _STEPS = 4096, 4


def studying(
    config: StudyConfig, data: Dataset, peers: Mapping[str, nn.Module], seconds: float
) -> Iterator[Timed]:
    """Time the generator, images and votes, and the families, each for about so many seconds at most."""
    needs = config.study.needs
    if isinstance(needs.generator, TrainedGenerator):
        yield Timed("training the generator", _generator(needs.generator.training, data), at_most=True)
    if needs.generator is None:
        small, times = config.study.sample()
        began = clock()
        images = round(len(small.images(Ingredients(data))) * times)
        yield Timed(f"making {images:,} images", (clock() - began) * times)
        one = _vote(config, data, peers, seconds)
        yield Timed(f"votes of {len(peers)} networks on them", one * images, len(peers))
    for family in needs.families:
        yield _trained(family, data, seconds / len(needs.families))


def _generator(training: DcganTraining, data: Dataset) -> float:
    """Return seconds for all steps, from the second few of two."""
    few = data.train.some(slice(2 * _STEPS * training.batch_size))
    began: list[float] = []
    for _ in islice(train_dcgan(training, few, every=_STEPS), 2):
        began.append(clock())
    step = (began[-1] - began[0]) / _STEPS if len(began) > 1 else 0.0
    return step * training.steps(len(data.train))


def _vote(config: StudyConfig, data: Dataset, peers: Mapping[str, nn.Module], seconds: float) -> float:
    """Return seconds in which all networks vote on one image."""
    renderer = Renderer(Affine(), data.train)
    panel = LocalPanel([Peer(network, renderer, config.panel.batch) for network in peers.values()])
    most = min(len(data.train), _MOST)
    return each_takes(lambda count: panel.vote(data.train.read(np.arange(count))), most, seconds)


def _trained(family: Family, data: Dataset, seconds: float) -> Timed:
    """Take every network to train for all its epochs, as it does where its accuracies are not reached."""
    units = list(family.units())
    recipe = Recipe(name=family.name, role="peer", network=family.network, training=units[0].training, seed=0)
    epoch = training_speed(recipe, data, seconds).seconds
    what = f"training {len(units):,} {family.name} networks to their accuracies"
    return Timed(what, epoch * family.epochs * len(units), len(units), at_most=True)
