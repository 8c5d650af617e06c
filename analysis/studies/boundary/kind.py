"""The classification boundary: images between classes, networks of equal accuracy, people (Vlaar)."""

from typing import Annotated, Literal

import pyarrow as pa
from pydantic import field_validator

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.labelling.simulated import LabellersSettings
from outvoted.actors.studies.study_store import Fields
from outvoted.actors.training.generators.settings import AnyGenerator, PackagedGenerator
from outvoted.analysis.studies.base import Ingredients, Needs, Study
from outvoted.analysis.studies.boundary.images import FIELDS, Latents, Pairs, boundary_images
from outvoted.analysis.studies.families import FAMILIES, Family, check, told_apart
from outvoted.search.settings import MayChange


class BoundaryStudy(Study):
    """Generated images on the way from class to class; families of networks stopped at equal accuracies."""

    kind: Literal["boundary"] = "boundary"
    generator: AnyGenerator = PackagedGenerator()
    latents: Latents = Latents()
    pairs: Pairs = Pairs()
    families: Annotated[tuple[Family, ...], MayChange()] = FAMILIES
    """Networks that are trained beside the panel; none where the list is empty."""
    labellers: Annotated[LabellersSettings, MayChange()] = LabellersSettings()

    @field_validator("families")
    @classmethod
    def _told_apart(cls, families: tuple[Family, ...]) -> tuple[Family, ...]:
        return told_apart(families)

    @property
    def needs(self) -> Needs:
        """A generator, and a referee that proposes typical images."""
        return Needs(self.generator, referee=True)

    def fields(self) -> Fields:
        """Return the columns of a boundary study's images."""
        return FIELDS

    def check(self, data: Dataset) -> None:
        """Refuse pairs and choices that don't go with the classes, and data without test images."""
        self.pairs.of(data.classes)
        self.latents.check(data.classes)
        self.generator.load(data)
        check(self.families, data)

    def images(self, made_from: Ingredients) -> pa.Table:
        """Make the images, pair by pair and step by step."""
        return boundary_images(made_from, self.latents, self.pairs)
