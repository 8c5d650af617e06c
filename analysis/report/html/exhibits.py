"""What a gallery shows: items of one or more frames, and how every peer voted on each."""

from collections.abc import Sequence
from dataclasses import dataclass

from outvoted.search.arrays import Ints, Pixels, Singles


@dataclass(frozen=True)
class Facet:
    """Something to filter by; ``index`` (items,) says which of the ``values`` an item has."""

    name: str
    values: Sequence[str]
    index: Ints


@dataclass(frozen=True)
class Exhibit:
    """One item.

    Attributes:
        name: short and unique; the page's address of the item ends with it.
        facts: what else to say of it, (name, value).
        steps: shape (frames,), which step of its climb each frame is.
        moves: steps of the whole climb, all of which need not have a frame.
        images: shape (frames, channels, height, width).
        votes: shape (peers, frames, classes).
        measures: shape (frames, measures), what each frame's transform is described by.
    """

    name: str
    facts: Sequence[tuple[str, str]]
    steps: Ints
    moves: int
    images: Pixels
    votes: Singles
    measures: Singles


@dataclass(frozen=True)
class Exhibits:
    """All items of a gallery.

    Attributes:
        what: one of them, say "mistake"; addresses begin with it.
        of: how many there are, of which these are a sample if they are fewer.
        target: shape (items,), the dissenting peer.
        label, predicted: shape (items,), the others' class and the target's.
        voting: shape (items, peers), whether a peer is the target (0), votes (1), or is held out (2).
        facets: what to filter by beside target, label and predicted.
        peers, classes, measures: their names.
    """

    what: str
    of: int
    items: Sequence[Exhibit]
    target: Ints
    label: Ints
    predicted: Ints
    voting: Ints
    facets: Sequence[Facet]
    peers: Sequence[str]
    classes: Sequence[str]
    measures: Sequence[str]
