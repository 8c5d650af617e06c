"""What those who labelled a study's images say: people, or their simulated stand-ins."""

from dataclasses import dataclass

from outvoted.actors.labelling.labels import Labels
from outvoted.analysis.boundary.agreement import Agreement, agreement, pairs_disagree
from outvoted.analysis.spread import Spread, spread
from outvoted.search.arrays import Ints


@dataclass(frozen=True)
class People:
    """The labellers who have labelled every image.

    Attributes:
        names: of the labellers, at least one.
        answers: shape (labellers, images).
        together: how far they agree.
        pairs: the share of images on which two labellers differ, over pairs (Vlaar, section 3).
        simulated: whether they are noisy networks.
    """

    names: tuple[str, ...]
    answers: Ints
    together: Agreement
    pairs: Spread
    simulated: bool

    @property
    def called(self) -> str:
        """What to call them where a reader could take them for people."""
        return "simulated labellers" if self.simulated else "labellers"


def people(labels: Labels | None, classes: int) -> People | None:
    """Take the complete labellers; None where there are none."""
    whole = None if labels is None else labels.complete()
    if whole is None or not len(whole):
        return None
    together = agreement(whole.labels, classes)
    return People(whole.names, whole.labels, together, spread(pairs_disagree(whole.labels)), whole.simulated)
