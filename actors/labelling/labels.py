"""What several labellers call the same images."""

from dataclasses import dataclass

import numpy as np

from outvoted.search.arrays import Ints

MISSING = -1


@dataclass(frozen=True)
class Labels:
    """Labels of the images of one study.

    Attributes:
        names: of the labellers.
        labels: shape (labellers, images), int64, 0 to classes - 1, and -1 where an image has none yet.
        simulated: whether the labellers are noisy networks rather than people.
    """

    names: tuple[str, ...]
    labels: Ints
    simulated: bool = False

    def __len__(self) -> int:
        return len(self.names)

    @property
    def counts(self) -> Ints:
        """How many images each labeller has labelled; shape (labellers,)."""
        return np.asarray((self.labels != MISSING).sum(axis=1))

    def complete(self) -> "Labels":
        """Leave only labellers who have labelled every image."""
        kept = np.flatnonzero((self.labels != MISSING).all(axis=1))
        return Labels(tuple(self.names[row] for row in kept), self.labels[kept], self.simulated)
