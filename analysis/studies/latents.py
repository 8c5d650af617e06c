"""A generator's random vectors, by number, and which of them stands for each class (Vlaar, section 2)."""

from collections.abc import Sequence
from typing import Annotated

import numpy as np
import scipy
from pydantic import Field, field_validator

from outvoted.actors.training.generators.dcgan import LATENT
from outvoted.analysis.studies.base import Generate, Vote
from outvoted.search.arrays import Floats, Ints, Pixels, Singles
from outvoted.search.errors import OutvotedError
from outvoted.search.settings import Settings
from outvoted.search.streams import Purpose, uniforms

Draw = Annotated[int, Field(ge=0, lt=2**62)]


class Latents(Settings):
    """How a random vector is chosen for each class (Vlaar, section 2).

    Random vectors are numbered; vector i of a seed is always the same.
    """

    seed: Annotated[int, Field(ge=0, lt=2**62)] = 0
    """Fixes the random vectors."""
    candidates: Annotated[int, Field(ge=1, le=1_000_000)] = 500
    """The referee picks from this many, the first ones."""
    chosen: dict[Annotated[int, Field(ge=0)], Draw] = Field(default_factory=dict)
    """By class, the number of a random vector to use instead of the referee's pick."""

    @field_validator("chosen")
    @classmethod
    def _each_once(cls, chosen: dict[int, int]) -> dict[int, int]:
        numbers = list(chosen.values())
        twice = sorted({number for number in numbers if numbers.count(number) > 1})
        if twice:
            raise ValueError(f"one number for each class; {twice[0]} is chosen twice")
        return chosen

    def check(self, classes: int) -> None:
        """Refuse a choice for a class that doesn't exist.

        Raises:
            OutvotedError: there is one.
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
        return np.asarray(scipy.special.ndtri(uniforms(self.seed, Purpose.LATENT, numbers, steps, LATENT)))

    def images(self, generate: Generate) -> Pixels:
        """Generate the candidates' images, in the order of their numbers."""
        return generate(self.vectors(np.arange(self.candidates)))

    def choose(self, wanted: Sequence[int], generate: Generate, vote: Vote) -> dict[int, int]:
        """Return the number of a different random vector for each of the classes ``wanted``.

        Where the user has chosen none, it is the candidate that the referee assigns to the class with the
        highest confidence.

        Raises:
            OutvotedError: the referee assigns no candidate to a class that needs one.
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
    """Return the candidates that are predicted as ``label``, the most confident first, ties by number.

    Args:
        votes: the referee's probabilities, shape (candidates, classes).
    """
    called = np.flatnonzero(votes.argmax(1) == label)
    doubt = np.delete(votes[called].astype(np.float64), label, axis=1).sum(
        1
    )  # 1 - p, exact where p rounds to 1
    return np.asarray(called[np.argsort(doubt, kind="stable")], np.int64)
