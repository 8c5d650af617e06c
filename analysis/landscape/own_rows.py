"""What a panel answers for a table's own rows, beside what it answers between them."""

from dataclasses import dataclass

import numpy as np

from outvoted.actors.readers.table import to_values
from outvoted.actors.voting import vote
from outvoted.analysis.landscape.ballots import MEAN, Ballots
from outvoted.analysis.landscape.points import Labels, Points
from outvoted.analysis.studies.opened import OpenedStudy
from outvoted.search.arrays import Ints


@dataclass(frozen=True)
class OwnRows:
    """The rows of a table, training ones first.

    Attributes:
        points: with the answers of the panel's mean and of each network.
        labels: the rows' classes.
        networks: of the panel, by name.
    """

    points: Points
    labels: Ints
    networks: tuple[str, ...]

    @property
    def right(self) -> dict[str, float]:
        """The share of rows that the panel's mean, and each network, answers rightly."""
        shares = (self.points.answers.argmax(2) == self.labels).mean(1).tolist()
        return dict(zip((MEAN, *self.networks), shares, strict=True))


def own_rows(study: OpenedStudy, networks: tuple[str, ...], corners: Labels) -> OwnRows:
    """Put a table's rows to the panel of a study, in this process.

    Args:
        networks: of the panel, in its order.
        corners: three classes, those of a triangle's corners.

    Raises:
        OutvotedError: weights or data are missing, or altered.
    """
    data = study.data
    assert data.features is not None  # the study was checked
    images = np.concatenate([data.train.images, data.test.images])
    known = {member.name: member for member in study.members}
    arithmetic = study.panel.arithmetic
    answers = [vote(known[name], images, data.shape, data.classes, arithmetic) for name in networks]
    found = Ballots(networks, np.stack(answers))
    points = Points(
        "the table's rows",
        to_values(images, data.features),
        found.mean_first().probabilities,
        found.dissent,
        corners,
    )
    return OwnRows(points, np.concatenate([data.train.labels, data.test.labels]), networks)
