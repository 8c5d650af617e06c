"""How a boundary study's images are made: a latent for each class, and steps between them."""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated

import numpy as np
import pyarrow as pa
from pydantic import Field, field_validator
from scipy.special import ndtri

from outvoted.actors.studies.study_store import Fields, image_rows
from outvoted.actors.training.generators.dcgan import LATENT
from outvoted.analysis.studies.base import Generate, Ingredients, Vote
from outvoted.search.arrays import Floats, Ints, Pixels, Singles
from outvoted.search.errors import OutvotedError
from outvoted.search.settings import Settings
from outvoted.search.streams import Purpose, uniforms

Pair = tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0)]]

_CLASSES = 10
# On a circle of ten classes, each is paired with both of its neighbours and with the one opposite.
USUAL: tuple[Pair, ...] = tuple(
    sorted([*((i, i + 1) for i in range(9)), (0, 9), *((i, i + 5) for i in range(5))])
)
"""Fifteen pairs i < j in which each of ten classes comes three times."""


class Pairs(Settings):
    """Pairs of classes i < j, every class in equally many (Vlaar, section 2)."""

    chosen: tuple[Pair, ...] = ()
    """The pairs; where they are left out, fifteen in which each of ten classes comes three times."""
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
        """Return the pairs for a data set with so many classes.

        Raises:
            OutvotedError: there are others than ten and no pairs are chosen, or one has a class too many.
        """
        if not self.chosen and classes != _CLASSES:
            raise OutvotedError(
                expected="pairs of classes in study.pairs.chosen: there are usual ones for ten classes alone",
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

    @property
    def alphas(self) -> Floats:
        """How far each step is on the way, from 0 to 1."""
        return np.linspace(0, 1, self.steps)


def interpolate(first: Floats, second: Floats, alphas: Floats) -> Floats:
    """Return (1 - alpha) first + alpha second for each alpha, shape (len(alphas), 100): Vlaar, eq. (1)."""
    return (1 - alphas)[:, None] * first + alphas[:, None] * second


Draw = Annotated[int, Field(ge=0, lt=2**62)]


class Latents(Settings):
    """How a random vector is found for each class (Vlaar, section 2).

    Random vectors are numbered: number i of a seed is the same whoever asks for it.
    """

    seed: Annotated[int, Field(ge=0, lt=2**62)] = 0
    candidates: Annotated[int, Field(ge=1, le=1_000_000)] = 500
    """The referee proposes from the first so many."""
    chosen: dict[Annotated[int, Field(ge=0)], Draw] = Field(default_factory=dict)
    """The number of the random vector for a class, instead of the referee's proposal."""

    @field_validator("chosen")
    @classmethod
    def _each_once(cls, chosen: dict[int, int]) -> dict[int, int]:
        numbers = list(chosen.values())
        twice = sorted({number for number in numbers if numbers.count(number) > 1})
        if twice:
            raise ValueError(f"one number for each class; {twice[0]} is chosen twice")
        return chosen

    def check(self, classes: int) -> None:
        """Refuse a choice for a class that there is not.

        Raises:
            OutvotedError: say which.
        """
        unknown = [label for label in self.chosen if label >= classes]
        if unknown:
            raise OutvotedError(
                expected=f"random vectors chosen for the classes 0 to {classes - 1}",
                found=f"one for class {unknown[0]}",
                remedy="take it out of study.latents.chosen",
            )

    def vectors(self, numbers: Ints) -> Floats:
        """Return random vectors by their numbers, shape (n, 100), from N(0, 1)."""
        steps = np.zeros(len(numbers), np.int64)
        return np.asarray(ndtri(uniforms(self.seed, Purpose.LATENT, numbers, steps, LATENT)))

    def images(self, generate: Generate) -> Pixels:
        """Make the candidates' images, in the order of their numbers."""
        return generate(self.vectors(np.arange(self.candidates)))

    def choose(self, wanted: Sequence[int], generate: Generate, vote: Vote) -> dict[int, int]:
        """Return the number of a random vector for each of the classes ``wanted``, no two alike.

        A class without a choice of the user's gets the candidate that the referee is surest of.

        Raises:
            OutvotedError: the referee calls no candidate by a class that needs one.
        """
        open_classes = [label for label in wanted if label not in self.chosen]
        found = {label: number for label, number in self.chosen.items() if label in wanted}
        votes = vote(self.images(generate)) if open_classes else np.empty((0, 0), np.float32)
        for label in open_classes:
            free = [number for number in typical(votes, label).tolist() if number not in self.chosen.values()]
            if not free:
                raise self._none(label)
            found[label] = free[0]
        return {label: found[label] for label in wanted}

    def _none(self, label: int) -> OutvotedError:
        return OutvotedError(
            expected=f"an image of class {label} among those of the first {self.candidates} random vectors",
            found="none that the referee calls so",
            remedy=f"raise study.latents.candidates, choose one by study.latents.chosen.{label}, "
            "or train the generator for more epochs",
        )


def typical(votes: Singles, label: int) -> Ints:
    """Return the candidates that are called ``label``, the most probable first, equal ones by number.

    Args:
        votes: the referee's probabilities, shape (candidates, classes).
    """
    called = np.flatnonzero(votes.argmax(1) == label)
    doubt = np.delete(votes[called].astype(np.float64), label, axis=1).sum(1)  # 1 - p, which p rounds away
    return np.asarray(called[np.argsort(doubt, kind="stable")], np.int64)


FIELDS: Fields = [
    ("pair", pa.int32()),
    ("first", pa.int16()),
    ("second", pa.int16()),
    ("step", pa.int16()),
    ("alpha", pa.float64()),
]
"""The pair's number, its classes, and the step on the way from the first (alpha 0) to the second (1)."""


def boundary_images(made_from: Ingredients, latents: Latents, pairs: Pairs) -> pa.Table:
    """Make the images, pair by pair and step by step: rows of schema.study_images(FIELDS).

    With the settings as they are, 15 pairs in 11 steps: 165 images (Vlaar, section 2).

    Raises:
        OutvotedError: pairs or choices don't fit the data, or no image of a class is found.
    """
    generate, referee, classes = made_from.generate, made_from.referee, made_from.data.classes
    assert generate is not None  # the runner brings both
    assert referee is not None
    latents.check(classes)
    found = pairs.of(classes)
    chosen = latents.choose(sorted({label for pair in found for label in pair}), generate, referee)
    vectors = dict(zip(chosen, latents.vectors(np.array(list(chosen.values()), np.int64)), strict=True))
    alphas = pairs.alphas
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
