"""Morphs of three images: pairs of two classes that turn into a third (Powers et al., section II.A)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Annotated, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field, field_validator

from outvoted.actors.datasets import Dataset, Split
from outvoted.actors.study_store import Fields, image_rows
from outvoted.analysis.landscape.blend import Blend
from outvoted.analysis.landscape.morph import Morph
from outvoted.analysis.studies.base import Ingredients, Needs, Study
from outvoted.search.arrays import Floats, Pixels
from outvoted.search.errors import OutvotedError

SETS = "ABCDEFGHIJ"
Three = tuple[int, int, int]


@dataclass(frozen=True)
class Group:
    """Three test images, one of each of three classes."""

    number: int
    letter: str
    labels: Three
    ids: Three


class MorphStudy(Study):
    """Groups of three classes, sets of articles, every ordered pair morphing into the third.

    A frame lies at ``across`` (the share of the pair's second image) and ``along`` (the share of the third),
    both in steps of 1 / (frames - 1). The pair in the other order has the same frames, mirrored.
    """

    kind: Literal["morphs"] = "morphs"
    between: Annotated[Morph | Blend, Field(discriminator="kind")] = Morph()
    """How frames are made."""
    groups: Annotated[int, Field(ge=1, le=120)] = 5
    """Groups of three classes, drawn so that no two are alike."""
    classes: tuple[Three, ...] = ()
    """The classes of each group by their numbers, instead of drawn ones."""
    sets: Annotated[int, Field(ge=1, le=len(SETS))] = 2
    """Sets of other images of the same classes: A, B, …"""
    frames: Annotated[int, Field(ge=2, le=201)] = 21
    """Frames along each side."""
    seed: Annotated[int, Field(ge=0, lt=2**62)] = 0
    """Of what is drawn."""

    @field_validator("classes")
    @classmethod
    def _three(cls, classes: tuple[Three, ...]) -> tuple[Three, ...]:
        if any(len(set(group)) < 3 or min(group) < 0 for group in classes):
            raise ValueError("three different classes, numbered from 0, for each group")
        return classes

    @property
    def needs(self) -> Needs:
        """The data alone."""
        return Needs()

    def fields(self) -> Fields:
        """Return the columns: labels and test images of pair and third, and where the frame lies."""
        three = ("first", "second", "third")
        return [
            ("group", pa.int16()),
            ("set", pa.string()),
            *((name, pa.int16()) for name in three),
            *((f"{name}_id", pa.int32()) for name in three),
            ("across", pa.int16()),
            ("along", pa.int16()),
        ]

    def check(self, data: Dataset) -> None:
        """Refuse fewer classes with test images than the groups need."""
        there = np.unique(data.test.labels)
        absent = sorted({label for group in self.classes for label in group} - set(there.tolist()))
        most = len(there) * (len(there) - 1) * (len(there) - 2) // 6
        if absent or (not self.classes and self.groups > most):
            raise OutvotedError(
                expected="test images of each of three classes in every group, no two groups alike",
                found=f"none of class {absent[0]}"
                if absent
                else f"{len(there)} classes for {self.groups} groups",
                remedy="change study.classes" if absent else f"lower study.groups to {most}",
            )

    def images(self, made_from: Ingredients) -> pa.Table:
        """Draw the groups and make all frames, group by group, set by set, pair by pair."""
        test, pixels = made_from.data.test, []
        rows: list[dict[str, object]] = []
        for group in self.drawn(test):
            sources = test.images[list(group.ids)]
            for order, frames in self._orders(sources):
                pixels.append(frames)
                rows += self._rows(group, order)
        columns = {name: [row[name] for row in rows] for name, _ in self.fields()}
        return image_rows(np.concatenate(pixels), columns, self.fields())

    def drawn(self, test: Split) -> Iterator[Group]:
        """Draw classes, then images that can be morphed, none of them twice within a group."""
        random = np.random.default_rng(self.seed)
        for number, labels in enumerate(self.classes or _triples(random, test, self.groups)):
            queues = [self._bearing(random, test, label) for label in labels]
            for letter in SETS[: self.sets]:
                first, second, third = (next(queue) for queue in queues)
                yield Group(number, letter, labels, (first, second, third))

    def _bearing(self, random: np.random.Generator, test: Split, label: int) -> Iterator[int]:
        for row in random.permutation(np.flatnonzero(test.labels == label)).tolist():
            if self.between.bears(test.images[row]):
                yield row
        raise OutvotedError(
            expected=f"{self.sets} test images of class {label} that can be morphed",
            found="fewer",
            remedy="lower study.sets, or choose another study.between.grid or kind",
        )

    def _orders(self, sources: Pixels) -> Iterator[tuple[Three, Pixels]]:
        """Return the frames of every ordered pair, shape (frames * frames, ...), across by across."""
        weights, side = self._weights(), self.frames
        made: dict[Three, Pixels] = {}
        for first, second, third in permutations(range(3)):
            mirrored = made.get((second, first, third))
            if mirrored is None:
                found = self.between.frames(sources[[first, second, third]], weights)
            else:
                found = mirrored.reshape(side, side, *sources.shape[1:])[::-1].reshape(mirrored.shape)
            made[first, second, third] = found
            yield (first, second, third), found

    def _weights(self) -> Floats:
        """Return the weights of pair and third in each frame, shape (frames * frames, 3)."""
        share = np.linspace(0, 1, self.frames)
        across, along = (axis.ravel() for axis in np.meshgrid(share, share, indexing="ij"))
        return np.stack([(1 - across) * (1 - along), across * (1 - along), along], axis=1)

    def _rows(self, group: Group, order: Three) -> Iterator[dict[str, object]]:
        named: dict[str, object] = {"group": group.number, "set": group.letter}
        for name, place in zip(("first", "second", "third"), order, strict=True):
            named |= {name: group.labels[place], f"{name}_id": group.ids[place]}
        for across in range(self.frames):
            for along in range(self.frames):
                yield {**named, "across": across, "along": along}


def _triples(random: np.random.Generator, test: Split, groups: int) -> Sequence[Three]:
    there = np.unique(test.labels)
    found: dict[frozenset[int], Three] = {}
    while len(found) < groups:
        first, second, third = random.choice(there, 3, replace=False).tolist()
        found.setdefault(frozenset((first, second, third)), (first, second, third))
    return list(found.values())
