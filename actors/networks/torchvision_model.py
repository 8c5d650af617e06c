"""A classifier from torchvision."""

from typing import Any, Literal

from pydantic import Field
from torch import nn

from outvoted.actors.networks.base import Shape, Weights
from outvoted.actors.networks.brought import Constructed, called
from outvoted.actors.networks.vision import refuse_files, vision
from outvoted.search.errors import OutvotedError, suggestion

_AUXILIARY = {"googlenet": ("aux1.", "aux2."), "inception_v3": ("AuxLogits.",)}
"""Models with further outputs for training, and the weights of those. They are left out."""


class TorchvisionModel(Constructed):
    """A classifier by its name in torchvision's registry; nothing is ever downloaded.

    GoogLeNet and Inception v3 are built without their auxiliary outputs; weights for these are passed over.
    Their published weights want ``arguments: {transform_input: true}``.
    """

    kind: Literal["torchvision"] = "torchvision"
    model: str
    arguments: dict[str, Any] = Field(default_factory=dict)
    """Handed to the model's builder."""

    @property
    def origin(self) -> str:
        """Name the model."""
        return self.model

    def module(self, shape: Shape, classes: int) -> nn.Module:
        """Build the classifier, untrained, with one output for each class."""
        models = vision("torchvision").models
        choices = models.list_models(module=models)  # without detection and segmentation
        if self.model not in choices:
            raise OutvotedError(
                expected="model: the name of a torchvision classifier",
                found=f"'{self.model}'",
                remedy=suggestion(self.model, choices),
            )
        arguments: dict[str, Any] = {"weights": None, "num_classes": classes}
        if self.model in _AUXILIARY:
            arguments |= {"aux_logits": False, "init_weights": True}
        refuse_files(self.model, self.arguments)
        return called(models.get_model, self.model, {**arguments, **self.arguments, "name": self.model})

    def fitting(self, weights: Weights) -> Weights:
        """Leave out the weights of auxiliary outputs."""
        dropped = _AUXILIARY.get(self.model, ())
        return {name: value for name, value in weights.items() if not name.startswith(dropped)}
