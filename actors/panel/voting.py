"""One network's votes, in this process."""

import numpy as np

from outvoted.actors.data.datasets import Split
from outvoted.actors.networks import Shape
from outvoted.actors.networks.arithmetic import USUAL, Arithmetic
from outvoted.actors.networks.member import Member
from outvoted.actors.panel.peer import Peer
from outvoted.search.arrays import Pixels, Singles
from outvoted.search.transforms import Affine


def vote(
    member: Member, images: Pixels, shape: Shape, classes: int, arithmetic: Arithmetic = USUAL
) -> Singles:
    """Put images, at least one, to a trained network as a panel does; (n, classes) probabilities.

    Args:
        images: shape (n, channels, height, width), uint8.
        shape: channels, height and width of the images it was trained on.

    Raises:
        OutvotedError: its weights don't fit, or are not finite.
    """
    no_seeds = Split(np.empty((0, *shape), np.uint8), np.empty(0, np.int64))
    return Peer(member.build(shape, classes), Affine(), no_seeds, arithmetic).vote(images)
