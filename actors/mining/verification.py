"""Verification: a mistake counts only if the panel's votes on its stored bytes confirm it."""

from dataclasses import dataclass

import numpy as np
import torch

from outvoted.actors.runs import png
from outvoted.search.arrays import Bools, Ints, Pixels, Singles
from outvoted.search.consensus import is_voter, outvoted
from outvoted.search.transforms import Transform


@dataclass(frozen=True)
class Verification:
    """What the panel says of n stored images.

    Attributes:
        stored: n PNG files.
        probabilities: shape (peers, n, classes), every peer's votes on the decoded PNGs.
        verified: shape (n,), True where the target is outvoted.
        margin: shape (n,), the least probability any voter gives the label, minus the target's.
    """

    stored: list[bytes]
    probabilities: Singles
    verified: Bools
    margin: Singles

    @property
    def predicted(self) -> Ints:
        """Every peer's class, shape (peers, n)."""
        return np.asarray(self.probabilities.argmax(axis=2))


def rendered(transform: Transform, seeds: Pixels, composed: Singles) -> Pixels:
    """Render composed transforms (n, size) of seeds (n, channels, height, width) on the CPU."""
    with torch.inference_mode():
        images = transform.render(torch.from_numpy(seeds), torch.from_numpy(composed))
        return images.to(torch.uint8).numpy()


def decoded(stored: list[bytes]) -> Pixels:
    """Return the pixels of stored images, at least one; shape (n, channels, height, width)."""
    return png.decode_all(stored)


def verify(stored: list[bytes], votes: Singles, labels: Ints, targets: Ints, voters: Ints) -> Verification:
    """Verify stored images by the whole panel's votes on them, (peers, n, classes).

    Labels, targets and numbers of voters are (n,). Without voters the consensus is empty: the margin is then
    one minus the target's probability of the label.
    """
    right = np.take_along_axis(votes, labels[None, :, None], axis=2)[:, :, 0]
    columns = np.arange(len(labels))
    others = np.where(is_voter(len(votes), targets, voters), right, 1.0)
    margin = others.min(axis=0) - right[targets, columns]
    answered = np.isfinite(votes).all(axis=(0, 2))  # a network that failed on an image voted NaN
    verified = answered & outvoted(votes.argmax(axis=2), labels, targets, voters)
    return Verification(stored, votes, verified, margin)
