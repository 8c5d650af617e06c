"""The edges of triangular fields: lines from item to item."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from outvoted.analysis.studies.landscape.roughness import Sequences
from outvoted.analysis.studies.landscape.walks import Walk

CORNERS = ((0, 1), (1, 2), (2, 0))
"""The edges of a triangular field, each from one item to another."""


def edge_sequences(images: pd.DataFrame) -> Sequences:
    """Return the lines between the items of every group; keys are group, first and second class."""
    keys, frames = [], []
    for number, group in images.groupby("group"):
        for first, second in CORNERS:
            (third,) = {0, 1, 2} - {first, second}
            line = group[group[f"w{third}"] == 0].sort_values(f"w{second}")
            frames.append(line["image_id"].to_numpy())
            ends = (int(line[f"class{end}"].iloc[0]) for end in (first, second))
            keys.append((number, *ends))
    found = pd.DataFrame(keys, columns=pd.Index(["group", "first", "second"]))
    return Sequences(found, np.stack(frames), found[["first", "second"]].to_numpy(np.int64))


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
