"""A network that is trained here, behind an input recipe."""

from typing import Annotated, Literal

from pydantic import Field
from torch import nn

from outvoted.actors.networks.base import Architecture, Shape
from outvoted.actors.networks.cnn import CNN
from outvoted.actors.networks.deep_cnn import DeepCNN
from outvoted.actors.networks.mlp import MLP
from outvoted.actors.networks.plain_cnn import PlainCNN
from outvoted.actors.networks.prepared import Input, Prepared
from outvoted.actors.networks.vit import ViT


class BehindInput(Architecture):
    """A network of another kind that sees images as ``input`` prepares them: normalised, say, or resized."""

    kind: Literal["prepared"] = "prepared"
    network: Annotated[MLP | CNN | PlainCNN | DeepCNN | ViT, Field(discriminator="kind")]
    input: Input = Input()

    @property
    def label(self) -> str:
        """Return the network's own."""
        return self.network.label

    def build(self, shape: Shape, classes: int) -> nn.Module:
        """Build the network behind its input recipe.

        Raises:
            OutvotedError: the recipe doesn't go with the images' channels, or the network with what it makes.
        """
        return Prepared(self.input, shape, self.network.build(self.input.seen(shape), classes))
