"""What a network wants done to an image before it sees it: size, channels, order, scale."""

from typing import Annotated, Literal

import torch
from pydantic import Field, model_validator
from torch import nn
from torch.nn import functional

from outvoted.actors.networks.base import Architecture, Shape
from outvoted.actors.networks.image_networks import CNN, DeepCNN, PlainCNN, ViT
from outvoted.actors.networks.mlp import MLP
from outvoted.search.errors import OutvotedError
from outvoted.search.settings import Settings

_GREY = (0.299, 0.587, 0.114)  # ITU-R BT.601 luma
Side = Annotated[int, Field(ge=1, le=65536)]


class InputRecipe(Settings):
    """One network's input recipe. The panel's images are the same for all; each peer prepares its own.

    An image in [0, 1] is resized to ``size``, brought to ``channels`` in the order of ``layout``, multiplied
    by ``scale``; then ``mean`` is subtracted and the difference divided by ``std``, channel by channel in the
    order the network sees (one number serves all channels). Nothing is rounded on the way.
    """

    size: tuple[Side, Side] | None = None
    """Height and width; the images' own where it is left out."""
    channels: Literal[1, 3] | None = None
    """The images' own where it is left out; grey is repeated, colour is weighed into grey."""
    layout: Literal["rgb", "bgr"] = "rgb"
    """The order of the channels."""
    scale: Annotated[float, Field(gt=0)] = 1.0
    """The value of white before mean and std: 1, or 255 for networks whose recipe is in grey levels."""
    mean: tuple[float, ...] = (0.0,)
    """Subtracted from the scaled values: one number, or one for each channel."""
    std: tuple[Annotated[float, Field(gt=0)], ...] = (1.0,)
    """What is left is divided by it: one number, or one for each channel."""
    resize: Literal["bilinear", "bicubic"] = "bilinear"
    """Both smooth before they shrink (antialias)."""

    @model_validator(mode="after")
    def _agrees(self) -> "InputRecipe":
        if self.layout == "bgr" and self.channels == 1:
            raise ValueError("layout: bgr needs channels: 3")
        for name, values in (("mean", self.mean), ("std", self.std)):
            if len(values) not in ((1, self.channels) if self.channels else (1, 3)):
                raise ValueError(f"{name} needs one number, or one for each of the network's channels")
        return self

    def seen(self, shape: Shape) -> Shape:
        """Return the shape in which the network sees images of ``shape``.

        Raises:
            OutvotedError: the images' channels can't be turned into the network's.
        """
        channels = self.channels or shape[0]
        fits = shape[0] == channels or {shape[0], channels} == {1, 3}
        means = all(len(values) in (1, channels) for values in (self.mean, self.std))
        if not fits or not means or (self.layout == "bgr" and channels != 3):
            raise OutvotedError(
                expected=f"an input recipe for images with {shape[0]} channels",
                found=f"{channels} channels, layout {self.layout}, mean {self.mean}, std {self.std}",
                remedy="set input.channels to what the network was trained on, "
                "with as many numbers in mean and std",
            )
        return (channels, *(self.size or shape[1:]))


class Preprocessed(nn.Module):
    """A network behind its input recipe: maps images in [0, 1] to logits; gradients reach the image."""

    mean: torch.Tensor
    std: torch.Tensor
    grey: torch.Tensor

    def __init__(self, recipe: InputRecipe, shape: Shape, network: nn.Module) -> None:
        """Take a recipe, the shape in which images arrive, and the network that sees what it makes."""
        super().__init__()
        self._recipe, self._given = recipe, shape
        self._seen = recipe.seen(shape)
        self.network = network
        for name, values in (("mean", recipe.mean), ("std", recipe.std), ("grey", _GREY)):
            numbers = torch.tensor(values, dtype=torch.float64)[:, None, None]
            self.register_buffer(name, numbers, persistent=False)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return logits (n, classes) for images (n, channels, height, width)."""
        # what is done depends on no tensor, so that it can be traced
        recipe, given, (channels, *size) = self._recipe, self._given, self._seen
        if list(given[1:]) != size:
            images = functional.interpolate(images, size, mode=recipe.resize, antialias=True)
        if given[0] > channels:
            images = (images * self.grey.to(images)).sum(1, keepdim=True)
        elif given[0] < channels:
            images = images.expand(-1, channels, -1, -1)
        if recipe.layout == "bgr":
            images = images.flip(1)
        images = (images * recipe.scale - self.mean.to(images)) / self.std.to(images)
        # last bits of convolutions depend on how an image lies in memory
        logits: torch.Tensor = self.network(images.contiguous())
        return logits


class PreprocessedNetwork(Architecture):
    """A network of another kind that sees images as ``input`` prepares them: normalised, say, or resized."""

    kind: Literal["prepared"] = "prepared"
    network: Annotated[MLP | CNN | PlainCNN | DeepCNN | ViT, Field(discriminator="kind")]
    """The network behind it."""
    input: InputRecipe = InputRecipe()

    @property
    def label(self) -> str:
        """Return the network's own."""
        return self.network.label

    def build(self, shape: Shape, classes: int) -> nn.Module:
        """Build the network behind its input recipe.

        Raises:
            OutvotedError: the recipe doesn't go with the images' channels, or the network with what it makes.
        """
        return Preprocessed(self.input, shape, self.network.build(self.input.seen(shape), classes))
