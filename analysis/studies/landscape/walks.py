"""Walks through frames, drawn as lines."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from outvoted.analysis.studies.landscape.sequences import CORNERS, Passage, edge_sequences
from outvoted.search.arrays import Ints


@dataclass(frozen=True)
class Walk:
    """Frames in a row.

    Attributes:
        title: what it leads through.
        frames: image ids, in order.
        labels: the three classes whose probabilities are drawn.
    """

    title: str
    frames: Ints
    labels: tuple[int, int, int]


def through(some: Sequence[Passage], names: Sequence[str]) -> list[Walk]:
    """Return walks through all frames of passages, one morph after the other."""
    return [Walk(one.title(names), one.frames.ravel(), one.labels) for one in some]


def cycles(images: pd.DataFrame, names: Sequence[str]) -> tuple[list[Walk], int]:
    """Return each group's walk from item to item and back to the first, and the length of a line.

    ``images`` are those of an interpolation study.
    """
    edges = edge_sequences(images)
    frames = edges.frames.reshape(-1, len(CORNERS), edges.frames.shape[1])
    corners = edges.keys["first"].to_numpy().reshape(-1, len(CORNERS))
    groups = edges.keys["group"].to_numpy()[:: len(CORNERS)]
    walks = []
    for group, labels, lines in zip(groups, corners.tolist(), frames, strict=True):
        first, second, third = labels
        way = " → ".join(names[label] for label in (first, second, third, first))
        walks.append(Walk(f"group {group + 1}: {way}", lines.ravel(), (first, second, third)))
    return walks, frames.shape[2]
