"""One network's votes as a Ray task."""

import ray

from outvoted.actors.networks import Shape
from outvoted.actors.networks.arithmetic import Arithmetic
from outvoted.actors.networks.member import Member
from outvoted.actors.networks.threads import use_one_thread
from outvoted.actors.panel.voting import vote
from outvoted.search.arrays import Pixels, Singles


@ray.remote(max_retries=3)
def vote_remotely(
    member: Member, images: Pixels, shape: Shape, classes: int, arithmetic: Arithmetic
) -> Singles:
    """Put images to one network, with one thread."""
    use_one_thread()
    return vote(member, images, shape, classes, arithmetic)
