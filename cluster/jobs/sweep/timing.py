"""How long the networks of a sweep take, from a trial on a few images."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.networks.members import Member
from outvoted.analysis.sweeps.base import Setting, Unit
from outvoted.analysis.sweeps.trial import Trial
from outvoted.cluster.jobs.calibration import clock, each_takes, mining_speed
from outvoted.cluster.jobs.sweep import SweepConfig
from outvoted.cluster.jobs.workload import Timed
from outvoted.search.errors import OutvotedError

_EPOCHS = 2
"""Of a trial: after the first its networks are measured as after most, after the second as after the last."""


@dataclass(frozen=True)
class _Tried:
    """A trial: its images, seconds for an epoch, those that the last one takes more, and the networks."""

    images: int
    epoch: float
    last: float
    members: list[Member]


def sweeping(config: SweepConfig, data: Dataset, seconds: float) -> Iterator[Timed]:
    """Train and measure the networks of one setting on ever more images, and mine them if all are mined."""
    settings = [setting for stage in config.experiment.stages() for setting in stage]
    tried = _timed(config, settings[0], data, seconds)
    epochs = config.training.epochs
    networks = len(settings) * len(config.seeds)
    yield Timed(
        f"training and measuring {networks:,} networks for {epochs:,} epochs",
        len(settings) * (epochs * tried.epoch + tried.last),
        -(-len(settings) // config.trial.settings),
        at_most=len(config.experiment.stages()) > 1,
        cpus=config.trial.num_cpus,
    )
    if config.mining is not None:
        yield from _mining(config, len(settings), tried, data, seconds)


def _timed(config: SweepConfig, setting: Setting, data: Dataset, seconds: float) -> _Tried:
    """Return the trial on the most images, its seconds as for all of them."""
    tried = list[_Tried]()
    total = len(data.train)
    each_takes(lambda images: tried.append(_try(config, setting, data, images)), total, seconds)
    last, times = tried[-1], total / tried[-1].images
    return replace(last, epoch=last.epoch * times, last=last.last * times)


def _try(config: SweepConfig, setting: Setting, data: Dataset, images: int) -> _Tried:
    """Train on the first images, and measure on as small a part of the test images."""
    tests = max(1, images * len(data.test) // len(data.train))
    few = replace(data, train=data.train.some(slice(images)), test=data.test.some(slice(tests)))
    few = replace(few, declared=data.classes)
    units = [Unit(setting, seed) for seed in config.seeds]
    training = config.training.model_copy(update={"epochs": _EPOCHS})
    ends = [clock()]
    with warnings.catch_warnings(action="ignore"):  # so few images may lack a class
        trial = Trial(config.experiment, units, training, config.experiment.data(setting, few, {}))
        for _ in trial.advance():
            ends.append(clock())
    first, second = (later - sooner for sooner, later in pairwise(ends))
    return _Tried(images, first, max(0.0, second - first), trial.members())


def _mining(
    config: SweepConfig, settings: int, tried: _Tried, data: Dataset, seconds: float
) -> Iterator[Timed]:
    assert config.mining is not None
    search, peers = config.mining.search, config.peers
    searches = settings * search.per_target * len(search.turns(peers))
    networks = {
        name: one.build(data.shape, data.classes) for name, one in zip(peers, tried.members, strict=True)
    }
    try:
        one = mining_speed(networks, search, data.train, "auto", seconds).seconds
    except OutvotedError:  # networks that were hardly trained dispute nearly all seeds
        one = 0.0
    yield Timed(f"mining with {searches:,} searches", one * searches, settings)
