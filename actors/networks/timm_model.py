"""A classifier from timm."""

from typing import Any, Literal

from pydantic import Field
from torch import nn

from outvoted.actors.networks.base import Shape
from outvoted.actors.networks.brought import Constructed, called
from outvoted.actors.networks.vision import refuse_files, vision
from outvoted.search.errors import OutvotedError, suggestion


class TimmModel(Constructed):
    """A classifier by its name in timm's registry; nothing is ever downloaded."""

    kind: Literal["timm"] = "timm"
    model: str
    arguments: dict[str, Any] = Field(default_factory=dict)
    """Handed to `timm.create_model`."""

    @property
    def origin(self) -> str:
        """Name the model."""
        return self.model

    def module(self, shape: Shape, classes: int) -> nn.Module:
        """Build the classifier, untrained, with one output for each class."""
        timm = vision("timm")
        if not timm.is_model(self.model):
            raise OutvotedError(
                expected="model: the name of a timm model",
                found=f"'{self.model}'",
                remedy=suggestion(self.model, timm.list_models()),
            )
        refuse_files(self.model, self.arguments)
        usual = {"num_classes": classes, "in_chans": shape[0]}
        arguments = {**usual, **self.arguments, "model_name": self.model, "pretrained": False}
        return called(timm.create_model, self.model, arguments)
