"""Sequences of frames: what a landscape is walked along."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from outvoted.search.arrays import Ints

CORNERS = ((0, 1), (1, 2), (2, 0))
"""The edges of a triangular field, each from one item to another."""


@dataclass(frozen=True)
class Sequences:
    """Sequences of equally many frames.

    Attributes:
        keys: a row for each sequence: its group, and what tells it from the others.
        frames: shape (sequences, frames), image ids.
        expected: shape (sequences, classes), the classes that a frame may be taken for.
    """

    keys: pd.DataFrame
    frames: Ints
    expected: Ints


def morph_sequences(images: pd.DataFrame) -> Sequences:
    """Return every morph of a mixed pair into the third image; keys are those of schema.study_images.

    Pairs in the other order have the same frames (see MorphStudy); they are not counted twice.
    """
    names = ["group", "set", "first", "second", "third", "across"]
    once = images[images["first_id"] < images["second_id"]].sort_values([*names, "along"], kind="stable")
    frames = once["image_id"].to_numpy().reshape(-1, int(images["along"].max()) + 1)
    keys = once[once["along"] == 0][names].reset_index(drop=True)
    return Sequences(keys, frames, keys[["first", "second", "third"]].to_numpy(np.int64))


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
