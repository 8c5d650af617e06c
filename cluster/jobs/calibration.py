"""How fast this machine trains and mines, measured within seconds before a run starts."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch
from torch import nn

from outvoted.actors.data.datasets import Dataset, Split
from outvoted.actors.mining.coordinator import Coordinator
from outvoted.actors.mining.local_mining import mined_together
from outvoted.actors.mining.planning import planned
from outvoted.actors.networks import Weights
from outvoted.actors.panel.exactness import Exactness
from outvoted.actors.panel.fast import Batch
from outvoted.actors.panel.panel import LocalPanel, VotingPanel
from outvoted.actors.panel.panel_settings import Recipe
from outvoted.actors.panel.peer import Peer
from outvoted.actors.panel.realism import FoundImages, Seen
from outvoted.actors.panel.renderer import Renderer
from outvoted.actors.panel.standing import Standings, standings
from outvoted.actors.training.steps import Training
from outvoted.actors.training.training import accuracy, train
from outvoted.search.arrays import Pixels, Singles
from outvoted.search.id_ranges import IdRanges
from outvoted.search.messages import Questions, Replies
from outvoted.search.outcome import Outcome
from outvoted.search.plan import Lease, drawn_seeds
from outvoted.search.search_settings import SearchSettings

_FIRST_IMAGES, _FIRST_SEARCHES, _MORE = 32, 2, 4
_CHUNK, _MOST_SEEDS = 32, 512
_SHARD, _AT_ONCE = 500, 4


def clock() -> float:
    """Return seconds: of this process alone, since others may keep the CPUs busy now; with a GPU, of all."""
    return time.monotonic() if torch.cuda.is_available() else time.process_time()


class _TimeUpError(Exception):
    """The time for a measurement is over."""


class TimedPanel(VotingPanel):
    """A panel that counts what it is asked, and answers nothing more once its time is up."""

    def __init__(self, panel: VotingPanel, seconds: float) -> None:
        self.panel, self._end = panel, clock() + seconds
        self.inferences, self.seconds = 0, 0.0
        self.calls, self.bytes = 0, 0

    @property
    def size(self) -> int:
        """Number of peers."""
        return self.panel.size

    def ask(self, questions: Questions) -> Replies:
        """Pass the questions on."""
        began = clock()
        if began > self._end:
            raise _TimeUpError
        replies = self.panel.ask(questions)
        self.inferences += sum(len(rows) for rows in questions.rows.values())
        self.seconds += clock() - began
        self.calls += 1
        self.bytes += sum(len(rows) for rows in questions.rows.values()) * questions.candidates.row_bytes
        self.bytes += sum(len(answers) * answers.row_bytes for answers in replies.values())
        return replies

    def vote(self, images: Pixels) -> Singles:
        """Pass the images on."""
        return self.panel.vote(images)

    def judge(self, found: FoundImages) -> Seen:
        """Pass the images on."""
        return self.panel.judge(found)

    def exactness(self) -> tuple[Exactness, ...]:
        """Return what the panel knows."""
        return self.panel.exactness()


@dataclass(frozen=True)
class MiningSpeed:
    """How fast one thread mines.

    Attributes:
        rate: inferences a second; 0 where none came back in time.
        inferences: of a search, on average; None where not even a few searches ended in time.
        seconds: for a search, on average; less where thousands advance together, so that batches are full.
        sample: the searches that were mined last; None where none ended in time.
    """

    rate: float
    inferences: float | None = None
    seconds: float = 0.0
    sample: "MinedSample | None" = None


def mining_speed(
    networks: Mapping[str, nn.Module], search: SearchSettings, seeds: Split, batch: Batch, seconds: float
) -> MiningSpeed:
    """Mine ever more searches until the time is up; what is measured is the largest number that was done.

    Raises:
        OutvotedError: hardly any seed is undisputed.
    """
    renderer, names = Renderer(search.transform, seeds), tuple(networks)
    peers = [Peer(one, renderer, batch) for one in networks.values()]
    panel = TimedPanel(LocalPanel(peers), seconds)
    coordinator = Coordinator(search.rules(len(names)), seeds, names, None)
    rounds, wanted = list[MinedSample](), _FIRST_SEARCHES
    try:
        while wanted <= _MORE * search.per_target:
            some = search.model_copy(update={"per_target": min(wanted, search.per_target)})
            panel.panel = LocalPanel(peers)  # which has rendered nothing yet of what comes again
            rounds.append(MinedSample.of(panel, coordinator, some))
            wanted *= _MORE
    except _TimeUpError:
        pass
    rate = panel.inferences / panel.seconds if panel.seconds else 0.0
    if not rounds:
        return MiningSpeed(rate)
    last = rounds[-1]
    return MiningSpeed(rate, last.inferences / last.climbed, last.seconds / last.climbed, last)


@dataclass(frozen=True)
class MinedSample:
    """Some searches that were mined together.

    Attributes:
        searches, mistakes: their rows.
        leases: in which they were mined.
        climbed: how many there are but for those whose seed the panel disputes.
        seconds: for mining; ``seed_seconds`` were spent on seeds before, for ``wanted`` undisputed ones.
        calls: to the panel; ``bytes`` went to and fro with them.
    """

    searches: pa.Table
    mistakes: pa.Table
    leases: Sequence[Lease]
    climbed: int
    inferences: int
    seconds: float
    wanted: int
    seed_seconds: float
    calls: int
    bytes: int

    @classmethod
    def of(cls, panel: TimedPanel, coordinator: Coordinator, search: SearchSettings) -> "MinedSample":
        """Mine all searches of the settings."""
        began = clock()
        plans = planned(panel, search, coordinator.seeds.labels, coordinator.names)
        calls, moved, ready = panel.calls, panel.bytes, clock()
        leases = list(plans.leases(IdRanges(), _SHARD))
        results = list(mined_together(coordinator, iter(leases), panel, _AT_ONCE))
        seconds = clock() - ready
        rows = pa.concat_tables([one.searches for one in results])
        skipped = rows["outcome"].to_pylist().count(Outcome.SKIPPED)
        return cls(
            rows,
            pa.concat_tables([one.mistakes for one in results]),
            leases,
            len(rows) - skipped,
            sum(pc.sum(rows[name]).as_py() for name in ("inferences_target", "inferences_peers")),
            seconds,
            search.per_target,
            ready - began,
            panel.calls - calls,
            panel.bytes - moved,
        )


@dataclass(frozen=True)
class TrainingSpeed:
    """How fast one thread trains a network: ``seconds`` for an epoch, and weights after very little of it."""

    seconds: float
    weights: Weights


def training_speed(recipe: Recipe, data: Dataset, seconds: float) -> TrainingSpeed:
    """Train a network for an epoch of ever more images, until another one would take too long."""
    once, trained = recipe.training.model_copy(update={"epochs": 1}), list[Weights]()

    def epoch(images: int) -> None:
        trained[:] = [_one_epoch(recipe, once, data, images)]

    one = each_takes(epoch, len(data.train), seconds)
    return TrainingSpeed(one * len(data.train), trained[0])


def each_takes(do: Callable[[int], object], most: int, seconds: float) -> float:
    """Do ever more of something, ``most`` at most, until the time is up; return the seconds for one."""
    count, end = min(_FIRST_IMAGES, most), clock() + seconds
    do(count)  # the first takes longer
    while True:
        began = clock()
        do(count)
        took = clock() - began
        if count == most or clock() + _MORE * took > end:
            return took / max(1, count)
        count = min(_MORE * count, most)


def _one_epoch(recipe: Recipe, training: Training, data: Dataset, images: int) -> Weights:
    """Train on the first images, and test on as small a part of the test images."""
    tests = images * len(data.test) // len(data.train)
    few = replace(data, train=_first(data.train, images), test=_first(data.test, tests))
    (epoch,) = train(recipe.network, training, few, recipe.seed)
    assert epoch.weights is not None
    return epoch.weights


def _first(split: Split, n: int) -> Split:
    return split.some(slice(n))


def tested(network: nn.Module, split: Split, seconds: float) -> tuple[float, int] | None:
    """Return the accuracy on as many images as there is time for, in random order, and their number."""
    if not len(split):
        return None
    order, correct, done = np.random.default_rng(0).permutation(len(split)), 0.0, 0
    end = clock() + seconds
    while done < len(split) and (not done or clock() < end):
        rows = order[done : done + _CHUNK]
        correct += accuracy(network, Split(split.read(rows), split.labels[rows])) * len(rows)
        done += len(rows)
    return correct / done, done


def seeds_asked(
    networks: Mapping[str, nn.Module], search: SearchSettings, seeds: Split, batch: Batch, seconds: float
) -> Standings:
    """Ask every network about the first seeds of a run, as many as there is time for."""
    renderer = Renderer(search.transform, seeds)
    panel = LocalPanel([Peer(one, renderer, batch) for one in networks.values()])
    drawn = np.unique(drawn_seeds(search.seed, np.arange(_MOST_SEEDS), len(seeds)))
    end, predicted = clock() + seconds, []
    for first in range(0, len(drawn), _CHUNK):
        predicted.append(panel.classify(seeds.read(drawn[first : first + _CHUNK])))
        if clock() > end:
            break
    answers = np.concatenate(predicted, axis=1)
    return standings(tuple(networks), answers, seeds.labels[drawn[: answers.shape[1]]])


def undisputed(found: Standings) -> float | None:
    """Return the share of images that all networks classify correctly; None where it is not known."""
    first = found.networks[0]
    return (first.shared - first.lost) / found.images if found.images else None
