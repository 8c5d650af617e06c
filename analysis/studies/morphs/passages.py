"""The passages of a morph study: squares of frames, in which a mixed pair turns into a third image."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from outvoted.analysis.studies.opened import MEAN
from outvoted.analysis.studies.roughness import Sequences
from outvoted.analysis.studies.walks import Walk
from outvoted.search.arrays import Ints

_KEYS = ["group", "set", "first", "second", "third"]


def morph_sequences(images: pd.DataFrame) -> Sequences:
    """Return every morph of a mixed pair into the third image; keys are those of the images.

    Of a pair in both orders, which has the same frames (see MorphStudy), one is taken.
    """
    names = [*_KEYS, "across"]
    kept = images[images["first_id"] < images["second_id"]].sort_values([*names, "along"], kind="stable")
    frames = kept["image_id"].to_numpy().reshape(-1, int(images["along"].max()) + 1)
    keys = kept[kept["along"] == 0][names].reset_index(drop=True)
    return Sequences(keys, frames, keys[["first", "second", "third"]].to_numpy("int64"))


@dataclass(frozen=True)
class Passage:
    """All frames of one pair and third.

    Attributes:
        group, letter: which group, counted from 0, and which set.
        labels: of the pair's images and of the third.
        frames: image ids, shape (across, along).
    """

    group: int
    letter: str
    labels: tuple[int, int, int]
    frames: Ints

    @property
    def place(self) -> tuple[int, str, frozenset[int], int]:
        """Which passage it is, whatever the order of its pair."""
        return self.group, self.letter, frozenset(self.labels[:2]), self.labels[2]

    def title(self, names: Sequence[str]) -> str:
        """Name it by group and set, as the paper does, and by its classes."""
        first, second, third = (names[label] for label in self.labels)
        return f"{self.group + 1}{self.letter}: {first} + {second} → {third}"

    def walk(self, names: Sequence[str]) -> Walk:
        """Return the walk through all of its frames, one morph after the other."""
        return Walk(self.title(names), self.frames.ravel(), self.labels)


def passages(images: pd.DataFrame) -> list[Passage]:
    """List all passages, pairs in both orders, in the order of the images."""
    found = []
    side = int(images["across"].max()) + 1
    for _, rows in images.groupby(_KEYS, sort=False):
        ordered = rows.sort_values(["across", "along"])
        group, letter, first, second, third = ordered[_KEYS].iloc[0]
        labels = int(first), int(second), int(third)
        frames = ordered["image_id"].to_numpy().reshape(side, -1)
        found.append(Passage(int(group), str(letter), labels, frames))
    return found


def once(every: Sequence[Passage]) -> list[Passage]:
    """Return each pair in one order: in the other its frames are mirrored."""
    return [one for one in every if one.labels[0] < one.labels[1]]


def by_roughness(rough: pd.DataFrame, every: Sequence[Passage]) -> list[Passage]:
    """Order passages by the detour of the panel's mean, the roughest first."""
    means = rough[rough["network"] == MEAN].groupby(_KEYS)["detour"].mean()
    detours: dict[Any, float] = {}
    for (group, letter, first, second, third), detour in zip(means.index, means, strict=True):
        detours[group, letter, frozenset((first, second)), third] = detour
    return sorted(every, key=lambda one: -detours[one.place])
