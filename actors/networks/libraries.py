"""Classifiers from torchvision and timm, which are an extra."""

import importlib
from collections.abc import Callable, Iterable
from typing import Any, Literal

import torch
from pydantic import Field
from torch import nn

from outvoted.actors.networks.base import Shape
from outvoted.actors.networks.user_network import ConstructedNetwork, called
from outvoted.actors.networks.weights import Weights
from outvoted.search.errors import OutvotedError, suggestion

_WEIGHTS = ("weights", "pretrained", "checkpoint", "cache_dir")
_OPS = ("nms", "qnms")
_defined: list[torch.library.Library] = []  # operators vanish with their library


def vision(name: str) -> Any:
    """Return the module torchvision or timm.

    Raises:
        OutvotedError: it is not installed, or does not fit the installed torch.
    """
    try:
        _import_torchvision()
        return importlib.import_module(name)
    except (ImportError, RuntimeError) as error:
        raise OutvotedError(
            expected=f"the package {name}",
            found=f"{type(error).__name__}: {error}",
            remedy="pip install 'outvoted[vision]'",
        ) from error


def _import_torchvision() -> None:
    """Import torchvision, also beside a torch that its binary operators were not built for.

    Package indexes offer torchvision built for CUDA. Beside a CPU-only torch its operators don't load, and
    the import stops where it describes two of them. No classifier uses either, so declaring them is enough.
    """
    try:
        importlib.import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::" not in str(error) or torch.version.cuda is not None or _defined:
            raise
        library = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
        for operator in _OPS:
            schema = f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
            library.define(schema)  # type: ignore[no-untyped-call]
        _defined.append(library)
        importlib.import_module("torchvision")


_AUXILIARY = {"googlenet": ("aux1.", "aux2."), "inception_v3": ("AuxLogits.",)}
"""Models with further outputs for training, and the weights of those. They are left out."""


class LibraryModel(ConstructedNetwork):
    """A classifier by its name in a library's registry; nothing is ever downloaded."""

    model: str
    """Its name in the library, say resnet18."""
    arguments: dict[str, Any] = Field(default_factory=dict)
    """Passed to what builds the model."""

    @property
    def origin(self) -> str:
        """Name the model."""
        return self.model

    def check(self, known: bool, library: str, choices: Callable[[], Iterable[str]]) -> None:
        """Refuse a name that the registry doesn't know, and arguments that read or download weights.

        Raises:
            OutvotedError: there is one.
        """
        if not known:
            raise OutvotedError(
                expected=f"model: the name of a {library}",
                found=f"'{self.model}'",
                remedy=suggestion(self.model, choices()),
            )
        found = [name for name in self.arguments if name.startswith(_WEIGHTS)]
        if found:
            raise OutvotedError(
                expected=f"arguments: for {self.model} that say how it is built",
                found=f"{found[0]}: {self.arguments[found[0]]!r}"[:200],
                remedy="nothing is downloaded: name a file with weights: beside model:, not under arguments:",
            )


class TorchvisionModel(LibraryModel):
    """A classifier from torchvision.

    GoogLeNet and Inception v3 are built without their auxiliary outputs; weights for these are passed over.
    Their published weights want ``arguments: {transform_input: true}``.
    """

    kind: Literal["torchvision"] = "torchvision"

    def module(self, shape: Shape, classes: int) -> nn.Module:
        """Build the classifier, untrained, with one output for each class."""
        models = vision("torchvision").models
        choices = models.list_models(module=models)  # without detection and segmentation
        self.check(self.model in choices, "torchvision classifier", lambda: choices)
        arguments: dict[str, Any] = {"weights": None, "num_classes": classes}
        if self.model in _AUXILIARY:
            arguments |= {"aux_logits": False, "init_weights": True}
        return called(models.get_model, self.model, {**arguments, **self.arguments, "name": self.model})

    def fitting(self, weights: Weights) -> Weights:
        """Leave out the weights of auxiliary outputs."""
        dropped = _AUXILIARY.get(self.model, ())
        return {name: value for name, value in weights.items() if not name.startswith(dropped)}


class TimmModel(LibraryModel):
    """A classifier from timm."""

    kind: Literal["timm"] = "timm"

    def module(self, shape: Shape, classes: int) -> nn.Module:
        """Build the classifier, untrained, with one output for each class."""
        timm = vision("timm")
        self.check(timm.is_model(self.model), "timm model", timm.list_models)
        usual = {"num_classes": classes, "in_chans": shape[0]}
        arguments = {**usual, **self.arguments, "model_name": self.model, "pretrained": False}
        return called(timm.create_model, self.model, arguments)
