"""One network's votes as a Ray task."""

import ray

from outvoted.actors.networks import Shape
from outvoted.actors.networks.computing import Arithmetic, use_one_thread
from outvoted.actors.networks.members import Member
from outvoted.actors.panel.peer import voter
from outvoted.search.arrays import Pixels, Singles


@ray.remote(max_retries=3)
def vote_remotely(
    member: Member, images: Pixels, shape: Shape, classes: int, arithmetic: Arithmetic
) -> Singles:
    """Put images to one network, with one thread."""
    use_one_thread()
    return voter(member, shape, classes, arithmetic).vote(images)
