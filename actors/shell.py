"""The thin shell of Ray actors and tasks around peers, coordinators, training and the recorder.

Nothing is decided here. Actors restart without limit and their calls are made again: every call is a pure
function of its arguments, or writes under a name that follows from them. (Ray pickles these classes by
value, which fails for code that names the module ``torch``.)
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray

from outvoted.actors.coordinator import Coordinator
from outvoted.actors.datasets import Dataset, Split
from outvoted.actors.members import EpochRecord, Member
from outvoted.actors.networks import Architecture
from outvoted.actors.peer import Peer
from outvoted.actors.progress import Progress
from outvoted.actors.ray_panel import RayPanel
from outvoted.actors.recorder import Recorder
from outvoted.actors.rows import ShardResult
from outvoted.actors.threads import use_one_thread
from outvoted.actors.training import Epoch, Training, train
from outvoted.search.arrays import Pixels, Singles
from outvoted.search.climb import Rules
from outvoted.search.messages import Answers, Candidates
from outvoted.search.plan import Shard
from outvoted.search.transforms import Transform

FOREVER = {"max_restarts": -1, "max_task_retries": -1}


@dataclass(frozen=True)
class Images:
    """What a peer must know of the data: its seeds, and the form of images and classes."""

    seeds: Split
    shape: tuple[int, int, int]
    classes: int


Placed = tuple[Any, Any]
"""Object references of a Member (or None) and of Images. The driver holds them for as long as actors may
restart; inside a tuple they reach an actor as references, which Ray can hand to it again."""


@ray.remote(num_returns="streaming", max_retries=-1)
def train_remotely(
    architecture: Architecture, training: Training, data: Dataset, seed: int
) -> Iterator[Epoch]:
    """Train one network, one thread, and stream its epochs."""
    use_one_thread()
    yield from train(architecture, training, data, seed)


@ray.remote(**FOREVER)
class PeerActor:
    """One peer."""

    def __init__(self, transform: Transform, placed: Placed) -> None:
        use_one_thread()
        member, images = ray.get(list(placed))
        network = member.build(images.shape, images.classes)
        self._peer = Peer(network, transform, images.seeds.images, images.seeds.labels)

    def ask(self, candidates: Candidates) -> Answers:
        """Answer for candidates."""
        return self._peer.ask(candidates)

    def vote(self, images: Pixels) -> Singles:
        """Answer for images with every class's probability."""
        return self._peer.vote(images)

    def process(self) -> int:
        """Return the process id; answers once the network is loaded."""
        return os.getpid()


@ray.remote(**FOREVER)
class CoordinatorActor:
    """A cell's coordinator, with the referee in the same process; runs several shards at a time."""

    def __init__(self, rules: Rules, peers: Sequence[Any], names: Sequence[str], placed: Placed) -> None:
        use_one_thread()
        referee, images = ray.get(list(placed))
        judge = None
        if referee is not None:
            network = referee.build(images.shape, images.classes)
            judge = Peer(network, rules.transform, images.seeds.images, images.seeds.labels)
        self._coordinator = Coordinator(rules, RayPanel(peers), images.seeds, tuple(names), judge)

    def mine(self, shard: Shard) -> ShardResult:
        """Run a shard."""
        return self._coordinator.mine(shard)


@ray.remote(**FOREVER)
class RecorderActor:
    """The recorder, on the machine where the run's folder is."""

    def __init__(self, path: Path, peers: int) -> None:
        self._recorder = Recorder(path, peers)

    def epoch(self, name: str, record: EpochRecord) -> None:
        """Show an epoch."""
        self._recorder.epoch(name, record)

    def record(self, result: ShardResult) -> Progress:
        """Write a shard."""
        return self._recorder.record(result)

    def progress(self) -> Progress:
        """Say how far the run is."""
        return self._recorder.progress()

    def close(self) -> None:
        """Flush."""
        self._recorder.close()
