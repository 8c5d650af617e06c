"""The boundary study: images between classes, for networks of equal accuracy and for people (Vlaar)."""

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field, field_validator

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.labelling.simulated import LabellersSettings
from outvoted.actors.runs import png
from outvoted.actors.runs.schema import ColumnSchema, TableSchema
from outvoted.actors.studies.study_store import Fields, image_rows
from outvoted.actors.training.generators.generator import AnyGenerator, PackagedGenerator
from outvoted.analysis.studies.base import Ingredients, Needs, Study
from outvoted.analysis.studies.families import FAMILIES, Family, check
from outvoted.analysis.studies.latents import Latents, typical
from outvoted.search.arrays import Floats
from outvoted.search.errors import OutvotedError
from outvoted.search.settings import MayChange, Settings

if TYPE_CHECKING:
    from outvoted.analysis.report.report import Report
    from outvoted.analysis.studies.opened import OpenedStudy

Pair = tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0)]]

_CLASSES = 10
# On a circle of ten classes, each is paired with both neighbours and with the class opposite.
USUAL: tuple[Pair, ...] = tuple(
    sorted([*((i, i + 1) for i in range(9)), (0, 9), *((i, i + 5) for i in range(5))])
)
"""Fifteen pairs i < j in which each of ten classes occurs three times."""


class Pairs(Settings):
    """Pairs of classes i < j in which every class occurs equally often (Vlaar, section 2)."""

    chosen: tuple[Pair, ...] = ()
    """The pairs; by default fifteen in which each of ten classes occurs three times."""
    steps: Annotated[int, Field(ge=2, le=1001)] = 11
    """Images from one class to the other, both ends included."""

    @field_validator("chosen")
    @classmethod
    def _balanced(cls, chosen: tuple[Pair, ...]) -> tuple[Pair, ...]:
        for first, second in chosen:
            if first >= second:
                raise ValueError(f"i < j in every pair, not [{first}, {second}]")
        (pair, times), *_ = Counter(chosen).most_common(1) or [((0, 1), 1)]
        if times > 1:
            raise ValueError(f"every pair once, not [{pair[0]}, {pair[1]}] {times} times")
        counts = Counter(label for pair in chosen for label in pair).most_common()
        if counts and counts[0][1] != counts[-1][1]:
            (often, most), (rarely, least) = counts[0], counts[-1]
            raise ValueError(
                f"every class equally often: class {often} comes {most} times, class {rarely} {least}"
            )
        return chosen

    def of(self, classes: int) -> tuple[Pair, ...]:
        """Return the pairs for a data set with this number of classes.

        Raises:
            OutvotedError: no pairs are chosen and there aren't ten classes, or a pair's class doesn't exist.
        """
        if not self.chosen and classes != _CLASSES:
            raise OutvotedError(
                expected="pairs of classes in study.pairs.chosen: there is a default only for ten classes",
                found=f"none, for the {classes} classes of the data",
                remedy="list them, say --set study.pairs.chosen=[[0,1],[1,2],[0,2]]",
            )
        beyond = [pair for pair in self.chosen if pair[1] >= classes]
        if beyond:
            raise OutvotedError(
                expected=f"pairs of the classes 0 to {classes - 1}",
                found=f"[{beyond[0][0]}, {beyond[0][1]}]",
                remedy="take it out of study.pairs.chosen",
            )
        return self.chosen or USUAL

    def classes(self, classes: int) -> list[int]:
        """Return the classes in those pairs, ascending."""
        return sorted({label for pair in self.of(classes) for label in pair})

    @property
    def alphas(self) -> Floats:
        """The share of the second class at each step, from 0 to 1."""
        return np.linspace(0, 1, self.steps)


def interpolate(first: Floats, second: Floats, alphas: Floats) -> Floats:
    """Return (1 - alpha) first + alpha second for each alpha, shape (len(alphas), 100): Vlaar, eq. (1)."""
    return (1 - alphas)[:, None] * first + alphas[:, None] * second


FIELDS: Fields = [
    ("pair", pa.int32()),
    ("first", pa.int16()),
    ("second", pa.int16()),
    ("step", pa.int16()),
    ("alpha", pa.float64()),
]
"""The pair's number, its classes, and the step from the first (alpha 0) to the second (alpha 1)."""


def boundary_images(made_from: Ingredients, latents: Latents, pairs: Pairs) -> pa.Table:
    """Make the images, pair by pair and step by step: rows of schema.STUDY_IMAGES with FIELDS.

    By default 15 pairs in 11 steps: 165 images (Vlaar, section 2).

    Raises:
        OutvotedError: pairs or chosen vectors don't fit the data, or there is no image of some class.
    """
    generate, referee = made_from.generated
    found, alphas = pairs.of(made_from.data.classes), pairs.alphas
    latents.check(made_from.data.classes)
    chosen = latents.choose(pairs.classes(made_from.data.classes), generate, referee)
    vectors = dict(zip(chosen, latents.vectors(np.array(list(chosen.values()), np.int64)), strict=True))
    ways = [interpolate(vectors[first], vectors[second], alphas) for first, second in found]
    columns = {
        "pair": np.repeat(np.arange(len(found)), len(alphas)),
        "first": np.repeat([first for first, _ in found], len(alphas)),
        "second": np.repeat([second for _, second in found], len(alphas)),
        "step": np.tile(np.arange(len(alphas)), len(found)),
        "alpha": np.tile(alphas, len(found)),
    }
    values = {name: column.tolist() for name, column in columns.items()}
    return image_rows(generate(np.concatenate(ways)), values, FIELDS)


PROPOSALS = TableSchema(
    "latents",
    "the random vectors proposed for each class; the one that was chosen comes first",
    ("label", "number"),
    (
        ColumnSchema("label", pa.int16(), "the class"),
        ColumnSchema("number", pa.int64(), "number of the vector"),
        ColumnSchema("bytes", pa.binary(), "its image, PNG"),
    ),
)
_PROPOSED = 10


def proposals(made_from: Ingredients, latents: Latents, pairs: Pairs) -> pa.Table:
    """Return each class's vector, then those with the next highest confidence: rows of PROPOSALS."""
    generate, referee = made_from.generated
    wanted = pairs.classes(made_from.data.classes)
    chosen, votes = latents.choose(wanted, generate, referee), referee(latents.images(generate))
    labels, numbers = [], []
    for label in wanted:
        others = [number for number in typical(votes, label).tolist() if number != chosen[label]]
        own = [chosen[label], *others[:_PROPOSED]]
        labels += [label] * len(own)
        numbers += own
    images = generate(latents.vectors(np.array(numbers, np.int64)))
    encoded = [png.encode(image) for image in images]
    return PROPOSALS.table({"label": labels, "number": numbers, "bytes": encoded})


class BoundaryStudy(Study):
    """Generated images from class to class, and families of networks stopped at equal accuracies."""

    kind: Literal["boundary"] = "boundary"
    generator: AnyGenerator = PackagedGenerator()
    """What makes the images."""
    latents: Latents = Latents()
    pairs: Pairs = Pairs()
    families: Annotated[tuple[Family, ...], MayChange()] = FAMILIES
    """Networks that are trained besides the panel; none if the list is empty."""
    labellers: Annotated[LabellersSettings, MayChange()] = LabellersSettings()
    """The simulated people who label the images beside real ones."""

    @field_validator("families")
    @classmethod
    def _told_apart(cls, families: tuple[Family, ...]) -> tuple[Family, ...]:
        names = [family.name for family in families]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"families of different names; {', '.join(twice)} is there more than once")
        return families

    @property
    def needs(self) -> Needs:
        """A generator, a referee that picks typical images, and the families."""
        return Needs(self.generator, referee=True, families=self.families)

    def fields(self) -> Fields:
        """Return the columns of a boundary study's images."""
        return FIELDS

    def check(self, data: Dataset) -> None:
        """Refuse pairs and chosen vectors that don't fit the classes, and data without test images."""
        self.pairs.of(data.classes)
        self.latents.check(data.classes)
        self.generator.load(data)
        check(self.families, data)

    def images(self, made_from: Ingredients) -> pa.Table:
        """Make the images, pair by pair and step by step."""
        return boundary_images(made_from, self.latents, self.pairs)

    def sample(self) -> tuple[Study, float]:
        """Return itself: its images are few."""
        return self, 1.0

    def extras(self, made_from: Ingredients) -> Mapping[str, pa.Table]:
        """Return the random vectors that were chosen, and alternatives."""
        return {"latents": proposals(made_from, self.latents, self.pairs)}

    def report(self, study: "OpenedStudy") -> "Report":
        """Report how far networks and labellers agree on the images."""
        from outvoted.analysis.studies.boundary.report import report  # only a report loads what draws

        return report(study, self)
