"""A peer as a Ray actor."""

import os

import ray

from outvoted.actors.networks.arithmetic import USUAL, Arithmetic
from outvoted.actors.networks.threads import use_one_thread
from outvoted.actors.panel.peer import Peer
from outvoted.actors.runs.ray_shared import FOREVER, Placed
from outvoted.search.arrays import Pixels, Singles
from outvoted.search.messages import Answers, Candidates
from outvoted.search.transforms import Transform


@ray.remote(**FOREVER)
class PeerActor:
    """One peer."""

    def __init__(self, transform: Transform, placed: Placed, arithmetic: Arithmetic = USUAL) -> None:
        use_one_thread()
        member, images = ray.get(list(placed))
        network = member.build(images.shape, images.classes)
        self._peer = Peer(network, transform, images.seeds, arithmetic)

    def ask(self, candidates: Candidates) -> Answers:
        """Answer for candidates."""
        return self._peer.ask(candidates)

    def vote(self, images: Pixels) -> Singles:
        """Answer for images with every class's probability."""
        return self._peer.vote(images)

    def process(self) -> int:
        """Return the process id; answers once the network is loaded."""
        return os.getpid()
