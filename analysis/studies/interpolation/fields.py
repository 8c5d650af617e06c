"""Fields of points between items of a table, their edges, and the table's own rows, with a panel's votes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from outvoted.actors.data.formats.features import to_values
from outvoted.actors.panel.peer import voter
from outvoted.analysis.studies.opened import Ballots, OpenedStudy
from outvoted.analysis.studies.roughness import Sequences
from outvoted.analysis.studies.walks import Walk, Walks
from outvoted.search.arrays import Floats, Singles


@dataclass(frozen=True)
class Points:
    """Points that are drawn together.

    Attributes:
        title: what they are.
        labels: three classes, at the corners of a triangle.
        values: in the table's units, shape (points, features).
        mean: the panel's mean probabilities, shape (points, classes).
        dissent: share of networks that differ from the most frequent prediction, (points,).
    """

    title: str
    labels: tuple[int, int, int]
    values: Floats
    mean: Singles
    dissent: Singles


def fields(images: pd.DataFrame, votes: Ballots, names: Sequence[str]) -> list[Points]:
    """Return the fields of an interpolation study, those between the same three classes as one.

    Args:
        images: those of the study.
        names: of the classes.
    """
    found, mean, dissent = [], votes.mean, votes.dissent
    for _, rows in images.groupby(["class0", "class1", "class2"], sort=False):
        first, second, third = (int(rows[f"class{k}"].iloc[0]) for k in range(3))
        ids, values = rows["image_id"].to_numpy(), np.stack(rows["values"].to_list())
        title = f"between {names[first]}, {names[second]} and {names[third]}"
        found.append(Points(title, (first, second, third), values, mean[ids], dissent[ids]))
    return found


@dataclass(frozen=True)
class OwnRows:
    """The rows of a table, those for training first.

    Attributes:
        points: the rows, with the votes.
        correct: the share of rows that the panel's mean, and each network, classifies correctly.
    """

    points: Points
    correct: Mapping[str, float]


def own_rows(study: OpenedStudy, networks: Sequence[str], corners: tuple[int, int, int]) -> OwnRows:
    """Have a study's panel vote on the table's rows, in this process.

    Args:
        networks: of the panel, in its order.
        corners: three classes, at the corners of a triangle.

    Raises:
        OutvotedError: weights or data are missing, or altered.
    """
    data = study.data
    assert data.features is not None  # the study was checked
    images = np.concatenate([data.train.images, data.test.images])
    labels = np.concatenate([data.train.labels, data.test.labels])
    known = {member.name: member for member in study.run.members}
    answers = [voter(known[name], data.shape, data.classes).vote(images) for name in networks]
    votes, values = Ballots(tuple(networks), np.stack(answers)), to_values(images, data.features)
    whole = votes.with_mean()
    correct = dict(zip(whole.names, (whole.predicted == labels).mean(1).tolist(), strict=True))
    return OwnRows(Points("the table's rows", corners, values, votes.mean, votes.dissent), correct)


EDGES = ((0, 1), (1, 2), (2, 0))
"""The edges of a field, each from one item to another."""


def edge_sequences(images: pd.DataFrame) -> Sequences:
    """Return the lines between the items of every group; keys are group, first and second class."""
    keys, frames = [], []
    for number, group in images.groupby("group"):
        for first, second in EDGES:
            (third,) = {0, 1, 2} - {first, second}
            line = group[group[f"w{third}"] == 0].sort_values(f"w{second}")
            frames.append(line["image_id"].to_numpy())
            ends = (int(line[f"class{end}"].iloc[0]) for end in (first, second))
            keys.append((number, *ends))
    found = pd.DataFrame(keys, columns=pd.Index(["group", "first", "second"]))
    return Sequences(found, np.stack(frames), found[["first", "second"]].to_numpy(np.int64))


def cycles(images: pd.DataFrame, names: Sequence[str]) -> Walks:
    """Return each group's walk from item to item and back to the first, an edge to each part."""
    edges = edge_sequences(images)
    frames = edges.frames.reshape(-1, len(EDGES), edges.frames.shape[1])
    corners = edges.keys["first"].to_numpy().reshape(-1, len(EDGES))
    groups = edges.keys["group"].to_numpy()[:: len(EDGES)]
    walks = []
    for group, labels, lines in zip(groups, corners.tolist(), frames, strict=True):
        first, second, third = labels
        way = " → ".join(names[label] for label in (first, second, third, first))
        walks.append(Walk(f"group {group + 1}: {way}", lines.ravel(), (first, second, third)))
    return Walks(walks, frames.shape[2], "points from item to item")
