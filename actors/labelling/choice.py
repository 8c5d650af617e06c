"""Whose labels count: people's where there are any to compare, simulated ones else, never both."""

from collections.abc import Callable

from outvoted.actors.labelling.label_store import LabelStore
from outvoted.actors.labelling.labels import Labels
from outvoted.actors.labelling.simulated import LabellersSettings, simulate
from outvoted.search.arrays import Singles


def chosen(store: LabelStore, settings: LabellersSettings, referee: Callable[[], Singles]) -> Labels | None:
    """Return the labels of everybody who has labelled all images, if they are two or more.

    Else those of simulated labellers, or None where ``settings.simulated`` is 0.

    Args:
        store: people's labels.
        settings: of the simulated labellers.
        referee: gives the probabilities that those label by, shape (images, classes); only asked for them.

    Raises:
        OutvotedError: a file of labels has a line that is wrong; it says which.
    """
    people = store.read().complete()
    if len(people) >= 2:
        return people
    return simulate(referee(), settings) if settings.simulated else None
