"""What the panel of mining makes of images at the boundary."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from outvoted.analysis.boundary.people import People
from outvoted.analysis.landscape.ballots import Ballots
from outvoted.analysis.proportion import Proportion, proportion
from outvoted.search.arrays import Bools, Ints
from outvoted.search.consensus import Dissent, lone_dissent

_FEWEST = 3  # of two peers that differ, neither is the one that dissents


@dataclass(frozen=True)
class PanelRow:
    """How a panel votes on some of the images.

    Attributes:
        name: which images.
        images: how many.
        consensus: on which all peers agree.
        dissent: on which exactly one peer differs and all others agree: what mining looks for.
        disputed: the rest.
    """

    name: str
    images: int
    consensus: Proportion
    dissent: Proportion
    disputed: Proportion


@dataclass(frozen=True)
class Dissenter:
    """One peer's dissents, and whom people side with where they agree.

    Attributes:
        peer: its name.
        dissents: on how many images it alone differs.
        judged: on how many of them people agree on a label; None without labels.
        with_peers, with_it, with_neither: what that label is.
    """

    peer: str
    dissents: int
    judged: int | None = None
    with_peers: int | None = None
    with_it: int | None = None
    with_neither: int | None = None


@dataclass(frozen=True)
class PanelFindings:
    """A panel's votes by kind of image, and each peer's dissents."""

    peers: tuple[str, ...]
    rows: tuple[PanelRow, ...]
    dissenters: tuple[Dissenter, ...]


def panel_findings(votes: Ballots, people: People | None, kinds: Mapping[str, Bools]) -> PanelFindings:
    """Summarise a panel's votes on all images, and on each of the ``kinds``, shape (images,)."""
    found = _dissent(votes.predicted)
    every = {"all images": np.ones(len(found.target), bool), **kinds}
    rows = tuple(_row(name, found.unanimous[taken], found.alone[taken]) for name, taken in every.items())
    dissenters = tuple(
        _dissenter(name, found.target == peer, votes.predicted[peer], found.label, people)
        for peer, name in enumerate(votes.names)
    )
    return PanelFindings(votes.names, rows, dissenters)


def _dissent(predicted: Ints) -> Dissent:
    if len(predicted) >= _FEWEST:
        return lone_dissent(predicted)
    agreed = (predicted == predicted[0]).all(0)
    return Dissent(np.full(len(agreed), -1), np.where(agreed, predicted[0], -1))


def _row(name: str, agreed: Bools, alone: Bools) -> PanelRow:
    counts = (agreed, alone, ~(agreed | alone))
    return PanelRow(name, len(agreed), *(proportion(int(one.sum()), len(agreed)) for one in counts))


def _dissenter(name: str, alone: Bools, own: Ints, consensus: Ints, people: People | None) -> Dissenter:
    if people is None:
        return Dissenter(name, int(alone.sum()))
    judged = alone & people.together.agree
    said = people.together.label
    with_peers, with_it = (int((judged & (said == answer)).sum()) for answer in (consensus, own))
    neither = int(judged.sum()) - with_it - with_peers
    return Dissenter(name, int(alone.sum()), int(judged.sum()), with_peers, with_it, neither)
