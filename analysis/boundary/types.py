"""The types of images at the boundary (Vlaar, table 1)."""

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from outvoted.analysis.boundary.agreement import Agreement
from outvoted.search.arrays import Floats, Ints

Types = NDArray[np.str_]
"""A type for each image, by its value."""


class Type(StrEnum):
    """What a group of networks and the labellers make of an image.

    Type B of the paper has three parts here. Its exception, on which all networks agree with each other but
    not with the labellers, who agree too, is a type of its own: these images are misclassified.
    """

    A = "A"
    B_DISAGREE = "B, all disagree"
    B_AGREE = "B, all agree"
    MISTAKEN = "agreed mistake"
    C = "C"

    @property
    def called(self) -> str:
        """Its name where nothing else says that it is a type."""
        return f"type {self}" if len(self) == 1 else self.value

    @property
    def meaning(self) -> str:
        """What it says, in few words."""
        return _MEANING[self]


_MEANING = {
    Type.A: "networks disagree, labellers agree",
    Type.B_DISAGREE: "networks disagree, labellers disagree",
    Type.B_AGREE: "networks agree, labellers agree, same label",
    Type.MISTAKEN: "networks agree, labellers agree, another label",
    Type.C: "networks agree, labellers disagree",
}


def types(networks: Agreement, people: Agreement) -> Types:
    """Tell the type of every image."""
    same = networks.label == people.label
    one = np.where(same, Type.B_AGREE.value, Type.MISTAKEN.value)
    where_people_agree = np.where(networks.agree, one, Type.A.value)
    where_they_do_not = np.where(networks.agree, Type.C.value, Type.B_DISAGREE.value)
    return np.asarray(np.where(people.agree, where_people_agree, where_they_do_not))


def shares(found: Types) -> dict[Type, float]:
    """Return each type's share of all images, 0 to 1."""
    return {kind: float((found == kind.value).mean()) for kind in Type}


def misclassified(answers: Ints, people: Agreement) -> Floats:
    """Return for each network the images it misclassifies, as a share of *all* images (table 2).

    Misclassified is an answer other than the label that all people agree on; where people disagree there
    is no right answer, and nothing counts.

    Args:
        answers: shape (networks, images).

    Returns:
        shape (networks,), 0 to 1.
    """
    return np.asarray(((answers != people.label) & people.agree).mean(1))
