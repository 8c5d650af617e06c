"""How each network of a panel compares with the others: its accuracy, and what it alone gets wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from outvoted.search.arrays import AnyArray, Ints
from outvoted.search.errors import OutvotedError

_FEW = 20
"""With fewer images nothing is said of a network."""
_ENOUGH = 100
"""With so many images a panel at chance is refused."""


@dataclass(frozen=True)
class Standing:
    """One network on labelled images.

    Attributes:
        accuracy: share of the images it classifies correctly, 0 to 1.
        shared: how many images all other networks classify correctly.
        lost: how many of these it gets wrong.
    """

    name: str
    accuracy: float
    shared: int
    lost: int

    def __str__(self) -> str:
        lost = f", wrong on {self.lost} of the {self.shared} that all others get" if self.shared else ""
        return f"{self.name}: {self.accuracy:.1%} correct{lost}"


@dataclass(frozen=True)
class Standings:
    """A panel on labelled images.

    Attributes:
        images: how many different ones there were.
        at_chance: whether no network is correct more often than guesses would be, class by class.
    """

    networks: tuple[Standing, ...]
    images: int
    at_chance: bool

    def __str__(self) -> str:
        return "; ".join(map(str, self.networks))

    @property
    def fallen(self) -> tuple[Standing, ...]:
        """The networks far below their peers: half as accurate as the best, or losing most seeds."""
        best = max(one.accuracy for one in self.networks)
        return tuple(one for one in self.networks if self.images >= _FEW and _is_far_below(one, best))

    def concerns(self) -> tuple[str, ...]:
        """Return a sentence for each network that is far below its peers, and one if all only guess."""
        found = [
            f"{one}; is its input normalised as in its training, and are its classes in the data's order?"
            for one in self.fallen
        ]
        if self.at_chance:
            found.append(f"no network does better than chance on {self.images} seeds: {self}")
        return tuple(found)

    def check(self) -> None:
        """Refuse a panel that only guesses.

        Raises:
            OutvotedError: no network does better than chance, on enough images to tell.
        """
        if self.at_chance and self.images >= _ENOUGH:
            each = "; ".join(f"{one.name}: {one.accuracy:.1%} correct" for one in self.networks)
            raise OutvotedError(
                expected="networks that do better than chance on the images",
                found=f"on {self.images} seeds, {each}",
                remedy="check that they were trained (enough epochs, a smaller learning rate), that their "
                "input is normalised as in training, and that labels count as theirs do",
            )


def standings(names: Sequence[str], predicted: AnyArray, labels: Ints) -> Standings:
    """Compare the classes that networks answer, (peers, n), with labels (n,), n >= 1."""
    right = predicted == labels
    networks = []
    for peer, name in enumerate(names):
        shared = np.delete(right, peer, axis=0).all(axis=0)
        lost = int((shared & ~right[peer]).sum())
        networks.append(Standing(name, float(right[peer].mean()), int(shared.sum()), lost))
    return Standings(tuple(networks), len(labels), _at_chance(right, labels))


def far_below(accuracies: Mapping[str, float | None]) -> tuple[str, ...]:
    """Return a sentence for each network that is at most half as accurate on the test images as the best."""
    known = {name: share for name, share in accuracies.items() if share is not None}
    best = max(known.values(), default=0.0)
    return tuple(
        f"{name} classifies {share:.1%} of test images correctly, the best of its peers {best:.1%}"
        for name, share in known.items()
        if 0 < best >= 2 * share
    )


def _is_far_below(one: Standing, best: float) -> bool:
    loses = one.shared >= _FEW // 2 and 2 * one.lost > one.shared
    return loses or (best > 0 and 2 * one.accuracy <= best)


def _at_chance(right: AnyArray, labels: Ints) -> bool:
    """Tell whether every network's recall, averaged over classes, is within two deviations of guessing's.

    Class by class, so that answering the commonest class alone is no knowledge.
    """
    classes, counts = np.unique(labels, return_counts=True)
    if len(classes) < 2 or len(labels) < _FEW:
        return False
    chance = 1 / len(classes)
    deviation = chance * np.sqrt((chance * (1 - chance) / counts).sum())
    recall = np.mean([right[:, labels == one].mean(axis=1) for one in classes], axis=0)
    return bool((recall <= chance + 2 * deviation).all())
