"""A study's tasks: the votes of one network, and training to target accuracies."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.networks import Architecture, Shape
from outvoted.actors.networks.members import Member
from outvoted.actors.panel.peer import voter
from outvoted.actors.runs.epochs import EpochRecord
from outvoted.actors.studies.study_store import vote_rows
from outvoted.actors.training.steps import Training
from outvoted.actors.training.target_training import (
    Check,
    Stop,
    TargetChecks,
    TrainedToTargets,
    train_to_targets,
)
from outvoted.search.arrays import Pixels, Singles


def votes_of(member: Member, images: Pixels, shape: Shape, classes: int) -> Singles:
    """Return one network's votes on images."""
    return voter(member, shape, classes).vote(images)


@dataclass(frozen=True)
class Goal:
    """What is trained, and until when; ``targets`` has a test accuracy for the name of each network."""

    architecture: Architecture
    training: Training
    targets: Mapping[str, float]
    stopping: TargetChecks
    seed: int


@dataclass(frozen=True)
class Trained:
    """The outcome of a training.

    Attributes:
        stops: by the name of the network.
        kept: the networks of the targets that were reached.
        votes: those of each of them on the study's images (schema.STUDY_VOTES).
        failure: why the training failed, else empty.
        seconds: how long it took, checks and votes included.
    """

    stops: dict[str, Stop]
    kept: tuple[Member, ...]
    votes: tuple[pa.Table, ...]
    failure: str
    seconds: float


def trained_and_asked(goal: Goal, data: Dataset, images: Pixels) -> Iterator[Check | Trained]:
    """Train one network in this process, and yield its checks, then its outcome, votes included."""
    began = time.perf_counter()
    targets = tuple(goal.targets.values())
    for found in train_to_targets(goal.architecture, goal.training, targets, goal.stopping, data, goal.seed):
        if isinstance(found, TrainedToTargets):
            yield _voted(goal, data, images, found, began)
        else:
            yield found


def _voted(goal: Goal, data: Dataset, images: Pixels, ended: TrainedToTargets, began: float) -> Trained:
    stops = dict(zip(goal.targets, ended.stops, strict=True))
    kept = tuple(_member(goal, name, stop) for name, stop in stops.items() if stop.reached)
    votes = tuple(vote_rows(one.name, voter(one, data.shape, data.classes).vote(images)) for one in kept)
    bare = {name: Stop(stop.target, stop.check, None, stop.reason) for name, stop in stops.items()}
    return Trained(bare, kept, votes, ended.failure, time.perf_counter() - began)


def _member(goal: Goal, name: str, stop: Stop) -> Member:
    assert stop.check is not None  # it was reached
    assert stop.weights is not None
    record = EpochRecord(stop.check.epoch, stop.check.loss, stop.check.accuracy)
    return Member(name, "peer", goal.architecture, goal.seed, stop.weights, (record,))
