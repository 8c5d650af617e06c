"""Points of a table with what a panel answers for them: fields between items, or the table's own rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from outvoted.actors.data.formats.features import to_values
from outvoted.actors.panel.peer import voter
from outvoted.analysis.report.drawing import colour, plot_text, symbol
from outvoted.analysis.report.menus import rounded
from outvoted.analysis.studies.ballots import MEAN, Ballots
from outvoted.analysis.studies.opened import OpenedStudy
from outvoted.search.arrays import Floats, Ints, Singles

Labels = tuple[int, int, int]
_SMALLEST, _LARGEST = 3, 11


@dataclass(frozen=True)
class Points:
    """Points that are drawn together.

    Attributes:
        title: what they are.
        values: in the table's units, shape (points, features).
        answers: of the panel's mean and of each network, shape (1 + networks, points, classes).
        dissent: share of networks that differ from the most frequent answer, (points,).
        labels: three classes, those of a triangle's corners.
    """

    title: str
    values: Floats
    answers: Singles
    dissent: Singles
    labels: Labels

    def markers(self, network: int) -> dict[str, list[Any]]:
        """Say how each point looks: colour and shape by the answer; open where networks part."""
        answer = self.answers[network].argmax(1)
        return {
            "marker.color": [colour(label) for label in answer],
            "marker.symbol": [
                f"{symbol(label)}-open" if parted else symbol(label)
                for label, parted in zip(answer, self.dissent > 0, strict=True)
            ],
        }

    def sizes(self, network: int) -> list[float]:
        """Say how large each point is, in pixels: the larger, the surer the answer."""
        sure = self.answers[network].max(1).astype(np.float64)
        sizes: list[float] = np.round(_SMALLEST + (_LARGEST - _SMALLEST) * sure, 1).tolist()
        return sizes

    def said(self, network: int, names: Sequence[str]) -> list[str]:
        """Say the answer for each point and how sure it is."""
        answer, sure = self.answers[network].argmax(1), rounded(self.answers[network].max(1))
        return [f"{plot_text(names[label])}: {share}" for label, share in zip(answer, sure, strict=True)]


def fields(images: pd.DataFrame, votes: Ballots) -> list[Points]:
    """Return each group's field, and first the fields of all groups that lie between the same classes.

    ``images`` are those of an interpolation study; the classes are the first group's.
    """
    whole = votes.mean_first()
    groups = [_field(one, whole, votes.dissent) for _, one in images.groupby("group")]
    alike = [one for one in groups if one.labels == groups[0].labels]
    if len(alike) < 2:
        return groups
    return [joined("all groups" if len(alike) == len(groups) else "groups of these classes", alike), *groups]


def joined(title: str, some: Sequence[Points]) -> Points:
    """Return points of several sources as one; classes are the first one's."""
    return Points(
        title,
        np.concatenate([one.values for one in some]),
        np.concatenate([one.answers for one in some], axis=1),
        np.concatenate([one.dissent for one in some]),
        some[0].labels,
    )


def entries(some: Sequence[Points], names: Sequence[str]) -> list[dict[str, Any]]:
    """Return the legend: a trace without points for each class that is answered."""
    used = sorted({int(label) for points in some for label in np.unique(points.answers.argmax(2))})
    return [
        {
            "mode": "markers",
            "marker": {"color": colour(label), "symbol": symbol(label), "size": 9},
            "name": plot_text(names[label]),
        }
        for label in used
    ]


def _field(one: pd.DataFrame, whole: Ballots, dissent: Singles) -> Points:
    ids = one["image_id"].to_numpy()
    first, second, third = (int(one[f"class{k}"].iloc[0]) for k in range(3))
    title = f"group {int(one['group'].iloc[0]) + 1}"
    values = np.stack(one["values"].to_list())
    return Points(title, values, whole.probabilities[:, ids], dissent[ids], (first, second, third))


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
    def correct(self) -> dict[str, float]:
        """The share of rows that the panel's mean, and each network, classifies correctly."""
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
    known = {member.name: member for member in study.run.members}
    arithmetic = study.run.arithmetic
    answers = [voter(known[name], data.shape, data.classes, arithmetic).vote(images) for name in networks]
    found = Ballots(networks, np.stack(answers))
    points = Points(
        "the table's rows",
        to_values(images, data.features),
        found.mean_first().probabilities,
        found.dissent,
        corners,
    )
    return OwnRows(points, np.concatenate([data.train.labels, data.test.labels]), networks)
