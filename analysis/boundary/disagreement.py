"""On which images labellers, or networks, disagree among themselves (Vlaar, fig. 4)."""

from dataclasses import dataclass

import numpy as np

from outvoted.analysis.boundary.agreement import Agreement
from outvoted.search.arrays import Ints


@dataclass(frozen=True)
class Look:
    """A kind of image in the map of disagreement.

    Attributes:
        name: what it is.
        colour: of its cell, told apart by colour-blind readers.
        mark: a sign in the cell, so that nobody needs colours at all.
        ink: the colour of the mark.
    """

    name: str
    colour: str
    mark: str
    ink: str


NOBODY, NETWORKS, NETWORKS_MORE, LABELLERS, LABELLERS_MORE, BOTH, MISTAKEN = range(7)
LOOKS = (
    Look("all agree", "#c4c4c4", "", "#222222"),
    Look("networks only, 2 classes", "#9fd0ee", "●", "#222222"),
    Look("networks only, 3 or more", "#00639c", "●", "#ffffff"),
    Look("labellers only, 2 classes", "#f6b48a", "▲", "#222222"),
    Look("labellers only, 3 or more", "#a84300", "▲", "#ffffff"),
    Look("both disagree", "#ffffff", "", "#222222"),
    Look("all agree, networks on another label", "#c4c4c4", "×", "#222222"),
)
"""The paper's colours, reds and blues of Okabe & Ito's palette; what networks misclassify is marked."""


def disagreement(networks: Agreement, people: Agreement | None) -> Ints:
    """Tell for every image who disagrees: an index into LOOKS, shape (images,).

    Without labels, people are taken to agree with the networks.
    """
    split = np.where(networks.split > 2, NETWORKS_MORE, NETWORKS)
    alone = np.where(networks.agree, NOBODY, split)
    if people is None:
        return alone
    mistaken = networks.agree & people.agree & (networks.label != people.label)
    apart = np.where(people.split > 2, LABELLERS_MORE, LABELLERS)
    disagree = np.where(networks.agree, apart, BOTH)
    return np.where(people.agree, np.where(mistaken, MISTAKEN, alone), disagree)
