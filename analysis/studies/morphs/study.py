"""The morph study: pairs of images that turn into a third (Powers et al., section II.A)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import TYPE_CHECKING, Annotated, Literal, Self

import numpy as np
import pyarrow as pa
from pydantic import Field, field_validator, model_validator

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.studies.study_store import Fields, image_rows
from outvoted.actors.training.generators.generator import AnyGenerator, PackagedGenerator
from outvoted.analysis.studies.base import Ingredients, Needs, Study
from outvoted.analysis.studies.morphs.between import Articles, Blend, Latent
from outvoted.analysis.studies.morphs.morph import Morph
from outvoted.search.arrays import Floats, Ints, Pixels
from outvoted.search.errors import OutvotedError

if TYPE_CHECKING:
    from outvoted.analysis.report.report import Report
    from outvoted.analysis.studies.opened import OpenedStudy

SETS = "ABCDEFGHIJ"
_FEW = 21  # frames along a side
Three = tuple[int, int, int]


@dataclass(frozen=True)
class Group:
    """Three articles, each of another class."""

    number: int
    letter: str
    labels: Three
    ids: Three


class MorphStudy(Study):
    """Groups of three classes and sets of articles, in which every ordered pair morphs into the third.

    A frame's place is ``across`` (the share of the pair's second image) and ``along`` (the share of the
    third), in steps of 1 / (frames - 1). The pair in the other order has the same frames, mirrored.
    """

    kind: Literal["morphs"] = "morphs"
    between: Annotated[Morph | Blend | Latent, Field(discriminator="kind")] = Morph()
    """How frames are made."""
    generator: AnyGenerator | None = None
    """Makes the images that ``between.kind=latent`` mixes; by default the packaged one."""
    groups: Annotated[int, Field(ge=1, le=120)] = 5
    """Groups of three classes, no two of them the same."""
    classes: tuple[Three, ...] = ()
    """The classes of each group, by number, instead of drawn ones."""
    sets: Annotated[int, Field(ge=1, le=len(SETS))] = 2
    """Sets of different images of the same classes: A, B, …"""
    frames: Annotated[int, Field(ge=2, le=201)] = 21
    """Frames along each side."""
    seed: Annotated[int, Field(ge=0, lt=2**62)] = 0
    """Of the draws."""

    @field_validator("classes")
    @classmethod
    def _three(cls, classes: tuple[Three, ...]) -> tuple[Three, ...]:
        if any(len(set(group)) < 3 or min(group) < 0 for group in classes):
            raise ValueError("three different classes, numbered from 0, for each group")
        return classes

    @model_validator(mode="after")
    def _used(self) -> Self:
        if self.generator is not None and not self.between.generated:
            raise ValueError(
                f"between.kind={self.between.kind} makes no use of study.generator: leave it out"
            )
        return self

    @property
    def needs(self) -> Needs:
        """Nothing, or for generated images a generator and a referee."""
        return Needs(self._generator, referee=True) if self.between.generated else Needs()

    def fields(self) -> Fields:
        """Return the columns: labels and numbers of pair and third, and the frame's place.

        Numbers (``first_id``, …) are those of test images, or of generated images' random vectors.
        """
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
        """Refuse data with too few classes for the groups, and a generator of other images."""
        if self.between.generated:
            self._generator.load(data)
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
        import pandas as pd  # configurations are read without it

        articles = self.between.articles(made_from)
        pixels, rows = [], []
        across, along = (axis.ravel() for axis in np.indices((self.frames, self.frames)))
        for group in self.drawn(articles):
            for order, frames in self._orders(articles, group):
                named = {"group": group.number, "set": group.letter}
                for name, place in zip(("first", "second", "third"), order, strict=True):
                    named |= {name: group.labels[place], f"{name}_id": group.ids[place]}
                rows.append(pd.DataFrame({**named, "across": across, "along": along}))
                pixels.append(frames)
        return image_rows(np.concatenate(pixels), pd.concat(rows).to_dict("list"), self.fields())

    def sample(self) -> tuple[Study, float]:
        """Return one group, morphed in few frames."""
        frames = min(self.frames, _FEW)
        few = {"groups": 1, "sets": 1, "classes": self.classes[:1], "frames": frames}
        times = (len(self.classes) or self.groups) * self.sets * (self.frames / frames) ** 2
        return self.model_copy(update=few), times

    def extras(self, made_from: Ingredients) -> Mapping[str, pa.Table]:
        """Return nothing."""
        return {}

    def report(self, study: "OpenedStudy") -> "Report":
        """Report how rough the landscape of the panel's votes is."""
        from outvoted.analysis.studies.morphs.report import report  # only a report loads what draws

        return report(study)

    def drawn(self, articles: Articles) -> Iterator[Group]:
        """Draw classes, then articles that can be mixed, none twice in a group."""
        random = np.random.default_rng(self.seed)
        for number, labels in enumerate(self.classes or _triples(random, articles.classes, self.groups)):
            queues = [articles.of(label, random) for label in labels]
            for letter in SETS[: self.sets]:
                first, second, third = (next(queue) for queue in queues)
                yield Group(number, letter, labels, (first, second, third))

    @property
    def _generator(self) -> AnyGenerator:
        return self.generator or PackagedGenerator()

    def _orders(self, articles: Articles, group: Group) -> Iterator[tuple[Three, Pixels]]:
        """Return the frames of every ordered pair, shape (frames * frames, ...), across by across."""
        weights, side = self._weights(), self.frames
        made: dict[Three, Pixels] = {}
        for order in permutations(range(3)):
            first, second, third = order
            mirrored = made.get((second, first, third))
            if mirrored is None:
                found = articles.frames([group.ids[place] for place in order], weights)
            else:
                found = mirrored.reshape(side, side, *mirrored.shape[1:])[::-1].reshape(mirrored.shape)
            made[first, second, third] = found
            yield (first, second, third), found

    def _weights(self) -> Floats:
        """Return the weights of pair and third in each frame, shape (frames * frames, 3)."""
        share = np.linspace(0, 1, self.frames)
        across, along = (axis.ravel() for axis in np.meshgrid(share, share, indexing="ij"))
        return np.stack([(1 - across) * (1 - along), across * (1 - along), along], axis=1)


def _triples(random: np.random.Generator, there: Ints, groups: int) -> Sequence[Three]:
    found: dict[frozenset[int], Three] = {}
    while len(found) < groups:
        first, second, third = random.choice(there, 3, replace=False).tolist()
        found.setdefault(frozenset((first, second, third)), (first, second, third))
    return list(found.values())
