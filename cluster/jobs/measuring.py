"""A run's networks as far as they are known before it starts, and how fast they are here."""

import math
import pickle
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import torch
from torch import nn

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.mining.shards import ShardResult, Shards
from outvoted.actors.networks import members
from outvoted.actors.networks.members import Member
from outvoted.actors.panel import panel_settings
from outvoted.actors.panel.panel_settings import Recipe
from outvoted.actors.runs.epochs import EpochRecord
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.cluster.jobs.calibration import (
    MinedSample,
    MiningSpeed,
    TrainingSpeed,
    mining_speed,
    training_speed,
)
from outvoted.cluster.jobs.networks import kept
from outvoted.cluster.jobs.nodes import MeasuredRun
from outvoted.cluster.jobs.workload import MinedPart, Workload
from outvoted.search.errors import OutvotedError

_LEAST_SECONDS = 1.0
"""For each of several ways to mine."""
_GPU_ROWS = 4096
"""Rows that reach a network on a GPU at once, about."""


@dataclass(frozen=True)
class KnownPanel:
    """The networks as far as they are known before a run: those that are not trained yet are None."""

    recipes: tuple[Recipe, ...]
    members: tuple[Member | None, ...]
    data: Dataset

    @classmethod
    def of(cls, store: RunFolder, recipes: Sequence[Recipe], data: Dataset) -> "KnownPanel":
        """Take each network that was trained before, or comes with weights."""
        return cls(tuple(recipes), tuple(_known(store, recipes, data)), data)

    @property
    def peers(self) -> dict[str, nn.Module] | None:
        """The peers by name, if all are known."""
        pairs = [
            (one, two) for one, two in zip(self.recipes, self.members, strict=True) if one.role == "peer"
        ]
        if any(member is None for _, member in pairs):
            return None
        return {recipe.name: self.built(member) for recipe, member in pairs if member is not None}

    def built(self, member: Member) -> nn.Module:
        """Build a network with its weights."""
        return member.build(self.data.shape, self.data.classes)

    def stand_ins(self, trained: Mapping[str, TrainingSpeed]) -> dict[str, nn.Module]:
        """Return the peers with what weights there are, for measuring speed alone."""
        found = {}
        for recipe, member in zip(self.recipes, self.members, strict=True):
            if recipe.role == "peer":
                weights = trained[recipe.name].weights if member is None else member.weights
                epochs = (EpochRecord(1, None, None),)
                stand_in = Member(recipe.name, "peer", recipe.network, recipe.seed, weights, epochs)
                found[recipe.name] = self.built(stand_in)
        return found


def _known(store: RunFolder, recipes: Sequence[Recipe], data: Dataset) -> Iterator[Member | None]:
    shelf = store.panels / panel_settings.key(tuple(recipes), data.fingerprint)
    if (shelf / members.TABLE).exists():
        yield from kept(shelf, recipes, shelf=True)
        return
    for recipe in recipes:
        loaded = recipe.network.load(data.shape, data.classes)
        untested = (EpochRecord(0, None, None),)
        yield (
            None
            if loaded is None
            else Member(recipe.name, recipe.role, recipe.network, recipe.seed, loaded.weights, untested)
        )


@dataclass(frozen=True)
class Speeds:
    """How fast one thread is.

    Attributes:
        peers: the networks that were measured; trained for a moment where ``briefly`` says so.
        training: of each network that is to be trained.
        mining: by the part of the run.
    """

    peers: Mapping[str, nn.Module]
    briefly: bool
    training: Mapping[str, TrainingSpeed] = field(default_factory=dict)
    mining: Mapping[str, MiningSpeed] = field(default_factory=dict)


def speeds(panel: KnownPanel, work: Workload, batch: Any, seconds: float) -> Speeds:
    """Train and mine for about ``seconds`` each."""
    trained = {
        recipe.name: training_speed(recipe, panel.data, seconds / len(panel.recipes))
        for recipe, member in zip(panel.recipes, panel.members, strict=True)
        if member is None
    }
    known = panel.peers
    peers = known if known is not None else panel.stand_ins(trained)
    each = max(min(_LEAST_SECONDS, seconds), seconds / max(1, len(work.mined)))
    mined = {name: _mining_speed(peers, one, panel.data, batch, each) for name, one in work.mined.items()}
    return Speeds(peers, known is None, trained, mined)


def _mining_speed(
    networks: Mapping[str, nn.Module], mined: MinedPart, data: Dataset, batch: Any, seconds: float
) -> MiningSpeed:
    try:
        return mining_speed(networks, mined.search, data.train, batch, seconds)
    except OutvotedError:  # networks that were hardly trained dispute nearly all seeds
        return MiningSpeed(0.0)


def measured_run(panel: KnownPanel, work: Workload, found: Speeds, shard: int) -> MeasuredRun:
    """Put together what was measured of a run that mines once, in shards of so many searches.

    Raises:
        OutvotedError: no search ended in the time of the measurement.
    """
    ((name, mined),) = work.mined.items()
    speed, turns = found.mining[name], len(mined.search.turns(tuple(found.peers)))
    if speed.sample is None:
        raise _unmeasured(speed)
    sample, whole = speed.sample, max(1, shard // turns) * turns
    epochs = {one.name: one.training.epochs for one in panel.recipes}
    per_search, train = sample.bytes / sample.climbed, panel.data.train
    return MeasuredRun(
        searches=mined.search.per_target * turns,
        shard=whole,
        search_seconds=speed.seconds,
        training_seconds={name: one.seconds * epochs[name] for name, one in found.training.items()},
        seed_seconds=sample.seed_seconds / sample.wanted * mined.search.per_target,
        record_seconds=_record_seconds(sample, whole),
        round_questions=per_search * whole / _calls_of_a_shard(sample, whole),
        sent=(sample.searches.nbytes + sample.mistakes.nbytes + len(pickle.dumps(sample.leases)))
        / sample.climbed,
        parquet=_parquet(sample, whole),
        images=float(train.nbytes if train.held else 0),
        shard_images=0.0 if train.held else whole // turns * train.nbytes / len(train),
        activations=_activations(found.peers.values(), panel.data.shape),
    )


def _unmeasured(speed: MiningSpeed) -> OutvotedError:
    if speed.rate:
        return OutvotedError(
            expected="a few searches that end within the seconds of a measurement",
            found=f"none at {speed.rate:,.0f} inferences a second",
            remedy="measure for longer: raise --seconds",
        )
    return OutvotedError(
        expected="seeds that all networks classify correctly, to measure how fast they are mined",
        found="hardly any, with what networks learn in the seconds of a measurement",
        remedy="raise --seconds, or train the networks first: any run with them keeps them for later ones",
    )


def _calls_of_a_shard(sample: MinedSample, whole: int) -> float:
    """Return how often a shard asks: as often as those of the sample, which asked together."""
    return max(1.0, sample.calls / max(1.0, sample.climbed / whole))


def _written(sample: MinedSample, rows: int, copies: int = 1) -> tuple[float, int]:
    """Write some rows of a sample as a shard; return the seconds and the bytes on the disk."""
    searches, mistakes = sample.searches, sample.mistakes
    share = min(1.0, rows / len(searches))
    result = ShardResult(
        "shard-000000000000-000000000000",
        pa.concat_tables([searches[: int(len(searches) * share)]] * copies),
        pa.concat_tables([mistakes[: int(len(mistakes) * share)]] * copies),
    )
    with tempfile.TemporaryDirectory() as folder:
        shards, began = Shards(Path(folder)), time.monotonic()
        shards.write(result)
        took = time.monotonic() - began
        return took, sum(path.stat().st_size for path in Path(folder).rglob("*.parquet"))


def _record_seconds(sample: MinedSample, shard: int) -> float:
    """Return how long a shard takes to write: the same rows again and again where there are too few."""
    copies = max(1, math.ceil(shard / len(sample.searches)))
    return sorted(_written(sample, shard, copies)[0] for _ in range(3))[1]


def _parquet(sample: MinedSample, shard: int) -> float:
    """Return bytes for a search: a row's own, and its share of a file's beginning and end."""
    (_, whole), (_, empty) = _written(sample, len(sample.searches)), _written(sample, 0)
    return (whole - empty) / sample.climbed + empty / shard


def _activations(networks: Any, shape: tuple[int, int, int]) -> float:
    """Return bytes that the largest layer reads and writes for a batch on a GPU."""
    most = 0

    def heard(layer: nn.Module, given: Any, made: Any) -> None:
        nonlocal most
        tensors = [one for one in (*given, made) if isinstance(one, torch.Tensor)]
        most = max(most, sum(one.numel() * one.element_size() for one in tensors))

    for network in networks:
        hooks = [layer.register_forward_hook(heard) for layer in network.modules()]
        try:
            with torch.inference_mode():
                network(torch.zeros(1, *shape))
        finally:
            for hook in hooks:
                hook.remove()
    return float(most * _GPU_ROWS)
