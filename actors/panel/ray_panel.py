"""Peers as Ray actors, and a panel of them.

The files named ``ray_*`` are the thin shell of actors and tasks around peers, coordinators and training.
Nothing is decided there, and each imports only what its process needs.
(Ray pickles actor classes by value, which fails for code that names the module
``torch``.)
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import numpy as np
import ray

from outvoted.actors.networks.computing import busy_seconds, keep_freed_memory, use_one_thread
from outvoted.actors.panel.exactness import Exactness
from outvoted.actors.panel.fast import Batch
from outvoted.actors.panel.later import LaterPanel
from outvoted.actors.panel.peer import Peer
from outvoted.actors.panel.realism import FoundImages, Seen
from outvoted.actors.panel.renderer import Renderer
from outvoted.actors.panel.seeds import SeedBlock
from outvoted.actors.runs.ray_actors import FOREVER
from outvoted.search.arrays import Pixels, Singles
from outvoted.search.messages import Answers, Candidates, Questions, Replies
from outvoted.search.transforms import Transform

Placed = tuple[Any, Any]
"""Object references of a Member (or None) and of Images. The driver holds them for as long as actors may
restart; inside a tuple they reach an actor as references, which Ray can hand to it again."""

Blocks = tuple[tuple[str, Any], ...]
"""Names and object references of the blocks of seeds that a cell's shards need at present."""

MESSAGE_ROWS = 3072
"""Candidates in one call: under the 100 KB up to which Ray sends arguments inline."""


class RayPanel(LaterPanel):
    """Peers that answer at the same time, each in its own actor."""

    def __init__(self, peers: Sequence[Any]) -> None:
        self._peers = tuple(peers)
        self._blocks: dict[str, Any] = {}

    def hold(self, name: str, block: SeedBlock) -> None:
        """Place seeds in the object store; every call tells the peers of them."""
        self._blocks[name] = ray.put(block)

    def release(self, name: str) -> None:
        """Tell the peers no more of them."""
        self._blocks.pop(name, None)

    async def ask(self, questions: Questions) -> Replies:
        """Send each peer its candidates, in parts, and wait for all answers."""
        parts = [(peer, part) for peer in questions.rows for part in _parts(questions.of(peer))]
        blocks = tuple(self._blocks.items())
        calls = [self._peers[peer].ask.remote(part, blocks) for peer, part in parts]
        return _replies([peer for peer, _ in parts], await asyncio.gather(*calls))

    async def vote(self, images: Pixels) -> Singles:
        """Put images, placed in the object store once, to all peers."""
        placed = ray.put(images)
        return np.stack(await asyncio.gather(*(peer.vote.remote(placed) for peer in self._peers)))

    async def judge(self, found: FoundImages) -> Seen:
        """Put images, placed in the object store once, to all peers."""
        placed = ray.put(found)
        return Seen.together(await asyncio.gather(*(peer.judge.remote(placed) for peer in self._peers)))

    async def exactness(self) -> tuple[Exactness, ...]:
        """Return what every peer knows."""
        return tuple(await asyncio.gather(*(peer.exactness.remote() for peer in self._peers)))


def _replies(asked: Sequence[int], answers: Sequence[Answers]) -> Replies:
    parts: dict[int, list[Answers]] = {peer: [] for peer in asked}
    for peer, part in zip(asked, answers, strict=True):
        parts[peer].append(part)
    return {peer: found[0] if len(found) == 1 else Answers.joined(found) for peer, found in parts.items()}


def _parts(candidates: Candidates) -> list[Candidates]:
    firsts = range(0, max(len(candidates), 1), MESSAGE_ROWS)
    return [candidates.rows(slice(first, first + MESSAGE_ROWS)) for first in firsts]


@ray.remote(**FOREVER, concurrency_groups={"health": 2})
class PeerActor:
    """One peer, made when it is first asked. It answers one question after the other."""

    def __init__(self, transform: Transform, placed: Placed, batch: Batch = "auto") -> None:
        use_one_thread()
        keep_freed_memory()
        self._made_of = transform, placed, batch
        self._made: Peer | None = None

    async def ask(self, candidates: Candidates, blocks: Blocks = ()) -> Answers:
        """Answer for candidates; seeds in blocks are looked at where they are, without a copy."""
        seeds, placed = self._peer().renderer.seeds, dict(blocks)
        for name in seeds.keep(placed):
            # no limit: whoever opens or asks this process watches over it
            seeds.hold(name, ray.get(placed[name]))
        return self._peer().ask(candidates)

    async def vote(self, images: Pixels) -> Singles:
        """Answer for images with every class's probability."""
        return self._peer().vote(images)

    async def judge(self, found: FoundImages) -> Seen:
        """Answer for images that searches ended with."""
        return self._peer().judge(found)

    async def exactness(self) -> Exactness:
        """Return how its answers were computed so far."""
        return self._peer().exactness()

    @ray.method(concurrency_group="health")
    async def cpu_seconds(self) -> float:
        """Say what its process has computed so far; in a thread of its own, also while networks compute."""
        return busy_seconds()

    def _peer(self) -> Peer:
        if self._made is None:
            transform, placed, batch = self._made_of
            # no limit: whoever opens or asks this process watches over it
            member, images = ray.get(list(placed))
            network = member.build(images.shape, images.classes)
            self._made = Peer(network, Renderer(transform, images.seeds), batch)
        return self._made
