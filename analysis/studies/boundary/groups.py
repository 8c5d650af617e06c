"""What is measured of labellers, of a group of networks, and of groups that differ only in their seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from outvoted.actors.labelling.label_store import Labels
from outvoted.analysis.report.numbers import Spread, spread
from outvoted.analysis.studies.boundary.agreement import Agreement, agreement, pairs_disagree
from outvoted.analysis.studies.opened import Ballots
from outvoted.search.arrays import Floats, Ints


@dataclass(frozen=True)
class People:
    """The labellers who have labelled every image.

    Attributes:
        names: of the labellers, at least one.
        answers: shape (labellers, images).
        together: how far they agree.
        pairs: the share of images on which two labellers disagree, over pairs (Vlaar, section 3).
        simulated: whether they are noisy networks.
    """

    names: tuple[str, ...]
    answers: Ints
    together: Agreement
    pairs: Spread
    simulated: bool

    @property
    def called(self) -> str:
        """What to call them where readers could take them for people."""
        return "simulated labellers" if self.simulated else "labellers"


def people(labels: Labels | None, classes: int) -> People | None:
    """Take the labellers who have labelled every image; None if there are none."""
    whole = None if labels is None else labels.complete()
    if whole is None or not len(whole):
        return None
    together = agreement(whole.labels, classes)
    return People(whole.names, whole.labels, together, spread(pairs_disagree(whole.labels)), whole.simulated)


Types = NDArray[np.str_]
"""A type for each image, by its value."""


class Type(StrEnum):
    """What a group of networks and the labellers make of an image.

    The paper's type B has three parts here. The images on which all networks agree, and all labellers too,
    but on another label, are a type of their own: they are misclassified.
    """

    A = "A"
    B_DISAGREE = "B, all disagree"
    B_AGREE = "B, all agree"
    MISTAKEN = "agreed mistake"
    C = "C"

    @property
    def called(self) -> str:
        """Its name where the context doesn't say that it is a type."""
        return f"type {self}" if len(self) == 1 else self.value

    @property
    def meaning(self) -> str:
        """Its definition, in a few words."""
        return _MEANING[self]


_MEANING = {
    Type.A: "networks disagree, labellers agree",
    Type.B_DISAGREE: "networks disagree, labellers disagree",
    Type.B_AGREE: "networks agree, labellers agree, same label",
    Type.MISTAKEN: "networks agree, labellers agree, another label",
    Type.C: "networks agree, labellers disagree",
}


def types(networks: Agreement, people: Agreement) -> Types:
    """Return the type of every image."""
    same = networks.label == people.label
    one = np.where(same, Type.B_AGREE.value, Type.MISTAKEN.value)
    where_people_agree = np.where(networks.agree, one, Type.A.value)
    where_they_do_not = np.where(networks.agree, Type.C.value, Type.B_DISAGREE.value)
    return np.asarray(np.where(people.agree, where_people_agree, where_they_do_not))


def shares(found: Types) -> dict[Type, float]:
    """Return each type's share of all images, 0 to 1."""
    return {kind: float((found == kind.value).mean()) for kind in Type}


def misclassified(answers: Ints, people: Agreement) -> Floats:
    """Return the images that each network misclassifies, as a share of *all* images (table 2).

    A misclassification is a prediction other than the label on which all people agree; where people disagree,
    there is no correct answer, and nothing counts.

    Args:
        answers: shape (networks, images).

    Returns:
        shape (networks,), 0 to 1.
    """
    return np.asarray(((answers != people.label) & people.agree).mean(1))


@dataclass(frozen=True)
class OnImages:
    """How confident networks are, 0 to 1, on some of the images (tables 4 and 5), and on how many."""

    images: int
    value: Spread


@dataclass(frozen=True)
class Diverse:
    """A diverse group of networks of equal accuracy (tables 2 to 4). Shares are of all images, 0 to 1.

    Attributes:
        target: their test accuracy.
        models: who is in the group.
        pairs: on which two models disagree; over pairs.
        disagree: on which not all models agree.
        misclassified: by one model, over models; like all below, None without labels.
        across: misclassified by at least one model.
        types: the type of each image.
        softmax: by type.
    """

    target: float
    models: tuple[str, ...]
    pairs: Spread
    disagree: float
    misclassified: Spread | None = None
    across: float | None = None
    types: Types | None = None
    softmax: Mapping[Type, OnImages] | None = None


@dataclass(frozen=True)
class OverSeeds:
    """Groups of a family's networks that differ only in their seeds (figs. 2 and 4, table 5).

    Attributes:
        family, target: of the networks.
        size, repeats: the number of networks in a group, and the number of groups.
        disagree: share of all images on which a group's networks do not all agree, over groups.
        shares: each type's share of all images, over groups; None without labels.
        certainty: by people's certainty in percent, rounded to tens; None without labels.
        first: how far the first group agrees.
    """

    family: str
    target: float
    size: int
    repeats: int
    disagree: Spread
    shares: Mapping[Type, Spread] | None
    certainty: Mapping[int, OnImages] | None
    first: Agreement


def diverse(target: float, group: Ballots, people: People | None) -> Diverse:
    """Measure a group of at least two networks."""
    answers, together = group.predicted, together_of(group)
    pairs, disagree = spread(pairs_disagree(answers)), float((~together.agree).mean())
    if people is None:
        return Diverse(target, group.names, pairs, disagree)
    wrong = spread(misclassified(answers, people.together))
    across = ((answers != people.together.label) & people.together.agree).any(0)
    found = types(together, people.together)
    softmax = _softmax(group, found)
    return Diverse(target, group.names, pairs, disagree, wrong, float(across.mean()), found, softmax)


def over_seeds(family: str, target: float, repeats: Sequence[Ballots], people: People | None) -> OverSeeds:
    """Measure at least one group; all are of one size."""
    groups = [together_of(group) for group in repeats]
    disagree, certainty, by_type = spread([(~group.agree).mean() for group in groups]), None, None
    if people is not None:
        found = [shares(types(group, people.together)) for group in groups]
        by_type = {kind: spread([share[kind] for share in found]) for kind in Type}
        certainty = _certainty(groups, people.together)
    size = len(repeats[0].names)
    return OverSeeds(family, target, size, len(repeats), disagree, by_type, certainty, groups[0])


def together_of(group: Ballots) -> Agreement:
    """Return how far a group's networks agree."""
    return agreement(group.predicted, group.probabilities.shape[2])


def _softmax(group: Ballots, found: Types) -> dict[Type, OnImages]:
    highest = group.probabilities.max(2)
    taken = {kind: found == kind.value for kind in Type}
    return {kind: OnImages(int(here.sum()), spread(highest[:, here].ravel())) for kind, here in taken.items()}


def _certainty(groups: Sequence[Agreement], people: Agreement) -> dict[int, OnImages]:
    found = {}
    for level in np.unique(people.tens)[::-1].tolist():
        taken = people.tens == level
        means = [group.certainty[taken].mean() for group in groups]
        found[level] = OnImages(int(taken.sum()), spread(means))
    return found
