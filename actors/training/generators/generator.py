"""A trained generator of images, the file it is kept in, and the settings that say which one it is."""

import hashlib
import json
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, get_args

import numpy as np
import torch
from pydantic import Field
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as save_tensors
from torch import nn

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.data.files import UserPath
from outvoted.actors.networks import Shape, Weights
from outvoted.actors.runs.files import write_atomically
from outvoted.actors.training.generators import dcgan
from outvoted.actors.training.generators.dcgan import DcganTraining
from outvoted.search.arrays import Floats, Pixels
from outvoted.search.errors import OutvotedError
from outvoted.search.settings import Settings

_FORM = "generator 1"
_BATCH = 128
"""Images that are made at once."""


@dataclass(frozen=True)
class Generator:
    """The half of a trained DCGAN that makes images.

    Attributes:
        shape: channels, height and width of its images.
        maps: feature maps of its layers.
        weights: in half precision, as they are kept; images differ from those of single precision by a
            grey level here and there.
    """

    shape: Shape
    maps: int
    weights: Weights

    @classmethod
    def of(cls, shape: Shape, maps: int, trained: Weights) -> "Generator":
        """Take weights as they were trained, in single precision.

        Raises:
            OutvotedError: they are not finite.
        """
        halved = {name: one.half() if one.is_floating_point() else one for name, one in trained.items()}
        bad = [name for name, value in halved.items() if not torch.isfinite(value).all()]
        if bad:
            raise OutvotedError(
                expected="finite weights of the generator",
                found=f"NaN or infinite values in {', '.join(bad)}",
                remedy="train with a smaller study.generator.training.learning_rate",
            )
        return cls(shape, maps, halved)

    def __call__(self, latents: Floats) -> Pixels:
        """Make images from random vectors, shape (n, 100), n >= 1; (n, *shape), uint8.

        A row's image does not depend on the rows beside it: batches have one shape, and are computed in
        float64, as by the peers of a panel.
        """
        parts = []
        with torch.inference_mode():
            for first in range(0, len(latents), _BATCH):
                part = torch.from_numpy(np.array(latents[first : first + _BATCH], np.float64))
                padded = torch.cat([part, part[-1:].expand(_BATCH - len(part), -1)])
                made = self._network(padded[:, :, None, None])[: len(part)]
                parts.append(((made + 1) * 127.5).round().to(torch.uint8).numpy())
        return np.concatenate(parts)

    @property
    def fingerprint(self) -> str:
        """SHA-256 over shape, maps and weights."""
        digest = hashlib.sha256(f"{self.shape} {self.maps}".encode())
        for name, value in sorted(self.weights.items()):
            digest.update(f"{name} {tuple(value.shape)}".encode())
            digest.update(np.ascontiguousarray(value.numpy()).data)
        return digest.hexdigest()

    def save(self, path: Path) -> None:
        """Write a safetensors file, with shape, maps and fingerprint in its metadata."""
        noted = {
            "outvoted": _FORM,
            "shape": " ".join(str(side) for side in self.shape),
            "maps": str(self.maps),
            "sha256": self.fingerprint,
        }
        data = save_tensors({name: value.contiguous() for name, value in self.weights.items()}, noted)
        write_atomically(path, lambda partial: partial.write_bytes(data))

    @cached_property
    def _network(self) -> nn.Module:
        """The network for evaluation; on the CPU, so that every machine makes the same images."""
        network = dcgan.generator(self.shape, self.maps)
        network.load_state_dict(self.weights)
        return network.double().eval().requires_grad_(False)


def read(path: Path) -> Generator:
    """Read a generator.

    Raises:
        OutvotedError: the file is missing, damaged, or none that was written here.
    """
    try:
        with safe_open(path, "pt") as file:
            noted = file.metadata() or {}
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if noted.get("outvoted") != _FORM:
            raise ValueError("a safetensors file of something else")
        channels, height, width = (int(side) for side in noted["shape"].split())
        found = Generator((channels, height, width), int(noted["maps"]), weights)
        if found.fingerprint != noted["sha256"]:
            raise ValueError("other weights than were written (their SHA-256 differs)")
        dcgan.generator(found.shape, found.maps).load_state_dict(weights)
    except (OSError, SafetensorError, KeyError, ValueError, RuntimeError) as error:
        raise OutvotedError(
            expected=f"a generator that Outvoted has trained, in {path}",
            found=str(error).splitlines()[0] if str(error) else type(error).__name__,
            remedy="correct the path, or have one trained: study.generator.kind=trained",
        ) from error
    return found


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
    """The file."""

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
