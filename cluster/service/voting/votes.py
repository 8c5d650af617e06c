"""Questions to the panels of runs, and their answers, wherever these are computed."""

from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Protocol

from outvoted.search.arrays import Pixels, Singles

MOST_IMAGES = 1024
"""Of one question."""
MOST_NUMBERS = 1 << 24
"""Pixels times channels of all images of one question: 16 MiB, and 128 MiB where float64 sees them."""
MOST_ANSWERED = 1 << 22
"""Probabilities of one answer: about 80 MB as JSON."""


@dataclass(frozen=True)
class PanelKey:
    """The panel of a run as it is now: a run that was made anew under its old name has another.

    Attributes:
        folder: the run's, which must lie where panels are computed too.
        fingerprint: of the networks, as `run.json` says it.
        trusted: whether the code that the run names may be imported.
    """

    folder: Path
    fingerprint: str
    trusted: bool = False


@dataclass(frozen=True)
class PanelFacts:
    """What is to be known of a panel before it is asked.

    Attributes:
        names: of the networks.
        classes: a name for each class.
        shape: channels, height and width of the images that it sees.
        seeds: how many images a search may start from.
        referee: whether there is one.
    """

    names: tuple[str, ...]
    classes: tuple[str, ...]
    shape: tuple[int, int, int]
    seeds: int
    referee: bool

    @property
    def most_images(self) -> int:
        """How many images may be put to it at once."""
        answered = (len(self.names) + self.referee) * len(self.classes)
        return max(1, min(MOST_IMAGES, MOST_NUMBERS // prod(self.shape), MOST_ANSWERED // answered))


@dataclass(frozen=True)
class VoteQuestion:
    """Images that a panel is to vote on.

    Attributes:
        images: shape (n, channels, height, width), n >= 1, of the panel's shape.
        referee: whether the referee is asked too.
        realism: whether it is asked how realistic images are that all peers, or all but one, take for the
            same.
    """

    images: Pixels
    referee: bool = True
    realism: bool = False


@dataclass(frozen=True)
class VoteAnswer:
    """What a panel answers for n images.

    Attributes:
        votes: shape (peers, n, classes), each row summing to 1; NaN where a network fails.
        referee: shape (n, classes); None if none was asked.
        realism: shape (n,), 0 to 1, NaN where it is not known; None if it was not asked for.
    """

    votes: Singles
    referee: Singles | None = None
    realism: Singles | None = None


@dataclass(frozen=True)
class RenderQuestion:
    """An image that is to be moved by the transform of a run.

    Attributes:
        start: shape (channels, height, width), of the panel's shape; or the number of a seed.
        dials: from 0 to 1, as :class:`~outvoted.search.transforms.dials.Dials` lists them; none: all at home.
    """

    start: Pixels | int
    dials: tuple[float, ...] = ()


@dataclass(frozen=True)
class RenderAnswer:
    """An image before and after it was moved, and the panel's votes on both.

    Attributes:
        start: shape (channels, height, width).
        image: of the same shape, exactly the pixels that would be stored.
        label: of the seed; None of another image.
        measures: what the transform measures, by name.
        answer: for the start and the image, in this order.
    """

    start: Pixels
    image: Pixels
    label: int | None
    measures: dict[str, float]
    answer: VoteAnswer


class HostedVotes(Protocol):
    """Panels that answer, in this process or on a cluster.

    Answers are those of the panel in Python, number for number. Every method raises an ``OutvotedError`` if
    the run has no panel, was altered or names code that is not trusted; ``NotReadyError`` if it cannot be
    answered now, and ``BusyError`` if too many wait.
    """

    async def facts(self, key: PanelKey) -> PanelFacts:
        """Say what a panel is."""
        ...

    async def vote(self, key: PanelKey, question: VoteQuestion) -> VoteAnswer:
        """Have a panel vote on images."""
        ...

    async def render(self, key: PanelKey, question: RenderQuestion) -> RenderAnswer:
        """Move an image, and have the panel vote on it."""
        ...

    async def close(self) -> None:
        """Give back what is held; panels on a cluster stay there."""
        ...
