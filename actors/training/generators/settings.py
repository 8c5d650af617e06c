"""Which generator makes the images: one that comes with the package, one to be trained, or a file."""

import hashlib
import json
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import Field

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.data.files import UserPath
from outvoted.actors.networks import Shape
from outvoted.actors.training.generators.generator import Generator, read
from outvoted.actors.training.generators.training import DcganTraining
from outvoted.search.errors import OutvotedError
from outvoted.search.settings import Settings

Name = Literal["mnist", "fashion-mnist"]
_PACKAGED = Path(__file__).parents[2] / "data" / "sample" / "generators"
_RECIPE = 1
"""Changes when the same settings train other weights, so that none are mistaken for one another."""


class GeneratorSettings(ABC, Settings):
    """Where a generator comes from; frozen settings."""

    @abstractmethod
    def load(self, data: Dataset) -> Generator | None:
        """Read the generator for images like those of ``data``; None where it is to be trained.

        Raises:
            OutvotedError: there is none, or it cannot be trained on these images.
        """


class PackagedGenerator(GeneratorSettings):
    """A generator that comes with the package: trained on all of MNIST or Fashion-MNIST."""

    kind: Literal["packaged"] = "packaged"
    name: Name | None = None
    """The data set it was trained on; that of the study where it is left out."""

    def load(self, data: Dataset) -> Generator:
        """Read it out of the package."""
        name = self.name or data.name.removesuffix("-sample")
        if name not in get_args(Name):
            raise OutvotedError(
                expected=f"a packaged generator of images like those of {data.name}",
                found=f"those of {' and '.join(get_args(Name))}",
                remedy="have one trained: study.generator.kind=trained",
            )
        return _fitting(read(_PACKAGED / f"{name}.safetensors"), data.shape, f"the generator of {name}")


class TrainedGenerator(GeneratorSettings):
    """A generator that is trained on the training images of the study's data set."""

    kind: Literal["trained"] = "trained"
    training: DcganTraining = DcganTraining()

    def load(self, data: Dataset) -> None:
        """Check that the images can be trained on."""
        self.training.check(len(data.train), data.shape)

    def key(self, data_fingerprint: str) -> str:
        """Name the trained generator by everything it depends on."""
        text = json.dumps([_RECIPE, data_fingerprint, self.training.model_dump(mode="json")])
        return hashlib.sha256(text.encode()).hexdigest()[:16]


class GeneratorFile(GeneratorSettings):
    """A generator that an earlier study has trained: ``generator/generator.safetensors`` in its folder."""

    kind: Literal["file"] = "file"
    path: UserPath

    def load(self, data: Dataset) -> Generator:
        """Read the file."""
        return _fitting(read(self.path), data.shape, str(self.path))


AnyGenerator = Annotated[PackagedGenerator | TrainedGenerator | GeneratorFile, Field(discriminator="kind")]
"""Any generator, told apart by its ``kind``."""


def _fitting(generator: Generator, shape: Shape, named: str) -> Generator:
    if generator.shape != shape:
        raise OutvotedError(
            expected=f"a generator of images of {shape} channels, height and width, as the data has",
            found=f"{named}, which makes {generator.shape}",
            remedy="choose the data it was trained on, or have one trained: study.generator.kind=trained",
        )
    return generator
