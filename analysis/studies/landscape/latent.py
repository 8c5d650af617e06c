"""Interpolation of a generator's random vectors: what it makes of the weighted mean of two or three."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from outvoted.analysis.studies.base import Generate, Ingredients
from outvoted.analysis.studies.boundary.images import Latents, typical
from outvoted.analysis.studies.landscape.between import Articles, Between
from outvoted.search.arrays import Floats, Ints, Pixels, Singles
from outvoted.search.errors import OutvotedError


class Latent(Between):
    """Articles are generated images that a referee is surest of; frames are made between their vectors.

    The weighted mean of random vectors is taken as it is, as on the boundary's images (Vlaar, eq. 1).
    """

    kind: Literal["latent"] = "latent"
    seed: Annotated[int, Field(ge=0, lt=2**62)] = 0
    """Of the random vectors, which are those of a boundary study with this seed."""
    candidates: Annotated[int, Field(ge=1, le=1_000_000)] = 500
    """The referee looks at the images of the first so many vectors."""
    surest: Annotated[int, Field(ge=1)] = 20
    """Articles are drawn from so many images of each class, those that the referee is surest of."""

    @property
    def generated(self) -> bool:
        """Yes."""
        return True

    def articles(self, made_from: Ingredients) -> "GeneratedImages":
        """Have the referee look at all candidates."""
        generate, referee = made_from.generate, made_from.referee
        assert generate is not None  # the runner brings both
        assert referee is not None
        latents = Latents(seed=self.seed, candidates=self.candidates)
        return GeneratedImages(latents, self.surest, generate, referee(latents.images(generate)))


class GeneratedImages(Articles):
    """Generated images, numbered as their random vectors."""

    def __init__(self, latents: Latents, surest: int, generate: Generate, votes: Singles) -> None:
        """Take the referee's ``votes`` for all candidates, shape (candidates, classes)."""
        self._latents, self._surest = latents, surest
        self._generate, self._votes = generate, votes

    @property
    def classes(self) -> Ints:
        """All classes."""
        return np.arange(self._votes.shape[1])

    def of(self, label: int, random: np.random.Generator) -> Iterator[int]:
        """Draw images that the referee calls ``label``, from the surest."""
        surest = typical(self._votes, label)[: self._surest]
        yield from random.permutation(surest).tolist()
        raise OutvotedError(
            expected=f"another generated image that the referee calls class {label}",
            found=f"no more than {len(surest)}, among those of {len(self._votes)} random vectors",
            remedy="raise study.between.candidates and study.between.surest, or lower study.sets",
        )

    def frames(self, numbers: Sequence[int], weights: Floats) -> Pixels:
        """Generate what lies between the vectors of these numbers."""
        order = np.argsort(numbers)  # of sums in one order, the order of naming changes nothing
        vectors = self._latents.vectors(np.array(numbers, np.int64)[order])
        return self._generate(np.einsum("nk,kd->nd", weights[:, order], vectors))
