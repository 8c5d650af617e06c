"""A panel's votes on a study's images, as arrays."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from outvoted.search.arrays import Ints, Singles

MEAN = "panel mean"
"""What the panel as a whole is called: the mean of its peers' probabilities."""


@dataclass(frozen=True)
class Ballots:
    """What every network answered.

    Attributes:
        names: of the networks, in the panel's order.
        probabilities: shape (networks, images, classes).
    """

    names: tuple[str, ...]
    probabilities: Singles

    @property
    def predicted(self) -> Ints:
        """Every network's class for every image, shape (networks, images)."""
        return np.asarray(self.probabilities.argmax(2))

    @property
    def dissent(self) -> Singles:
        """For every image the share of networks, 0 to 1, that differ from the most frequent answer."""
        counts = (self.predicted[..., None] == np.arange(self.probabilities.shape[2])).sum(0)
        return np.asarray(1 - counts.max(1) / len(self.names), np.float32)

    def with_mean(self) -> "Ballots":
        """Return the ballots with one more network, the mean of all."""
        mean = self.probabilities.mean(0, keepdims=True)
        return Ballots((*self.names, MEAN), np.concatenate([self.probabilities, mean]))

    def mean_first(self) -> "Ballots":
        """Return the same with the mean of all before them, as it is shown."""
        mean = self.probabilities.mean(0, keepdims=True)
        return Ballots((MEAN, *self.names), np.concatenate([mean, self.probabilities]))


def ballots(votes: pd.DataFrame) -> Ballots:
    """Read votes (schema.STUDY_VOTES): every network has answered for every image, in the order of ids."""
    names = tuple(map(str, dict.fromkeys(votes["network"])))
    stacked = np.stack(votes["probabilities"].to_list()).astype(np.float32)
    return Ballots(names, stacked.reshape(len(names), -1, stacked.shape[1]))
