"""What networks from Python want done to images: means and deviations, given or known by the network."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn

from outvoted.actors.networks import InputRecipe, Preprocessed, Shape
from outvoted.actors.networks.libraries import vision
from outvoted.cluster.configuration import reading
from outvoted.search.errors import OutvotedError, suggestion

Recipe = str | InputRecipe
"""``"timm"``: as the network's own ``pretrained_cfg`` says; ``"torchvision"``: ImageNet's usual constants;
the name of a timm model or of torchvision weights, say ``"ResNet50_Weights.IMAGENET1K_V1"``; or a value."""
Recipes = Recipe | Mapping[str, Recipe]
_IMAGENET = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
"""torchvision.models, "All pre-trained models expect input images normalized in the same way"."""


def recipes(
    names: Sequence[str],
    mean: float | Sequence[float] | None,
    std: float | Sequence[float] | None,
    recipe: Recipes | None,
) -> dict[str, Recipe]:
    """Return what is to be done to images for each network that wants anything, by its name.

    Args:
        names: of all networks, the referee's among them.
        mean, std: of images in [0, 1], a number for each channel or one for all; for all networks.
        recipe: for all networks, or by name.

    Raises:
        OutvotedError: both are given, mean or std alone, they are of grey levels, or a name is unknown.
    """
    if recipe is not None and (mean is not None or std is not None):
        raise _wrong("either mean= and std=, or recipe=", "both", "leave one of them out")
    if isinstance(recipe, Mapping):
        unknown = [name for name in recipe if name not in names]
        if unknown:
            raise _wrong(
                f"networks' names in recipe=: {', '.join(names)}",
                f"'{unknown[0]}'",
                suggestion(unknown[0], names),
            )
        return dict(recipe)
    if recipe is None and (mean is None) != (std is None):
        raise _wrong("both mean= and std=, or neither", "one of them", "pass mean=0 or std=1 for the other")
    if mean is not None and std is not None:
        recipe = _stated(mean, std)
    return {} if recipe is None else dict.fromkeys(names, recipe)


def prepared(name: str, network: nn.Module, recipe: Recipe, shape: Shape) -> nn.Module:
    """Return a network behind its recipe, for images of ``shape`` (channels, height, width) in [0, 1].

    Raises:
        OutvotedError: there is no such recipe, or it doesn't go with the images' channels.
    """
    found = recipe if isinstance(recipe, InputRecipe) else _known(name, network, recipe)
    try:
        return Preprocessed(found, shape, network)
    except OutvotedError as error:
        raise OutvotedError(
            expected=f"'{name}': a mean and a std for each of the images' {shape[0]} channels, or one",
            found=f"mean={found.mean}, std={found.std}",
            remedy="pass as many numbers as there are channels, or images of another number of channels",
        ) from error


def _stated(mean: float | Sequence[float], std: float | Sequence[float]) -> InputRecipe:
    values = {name: _numbers(value) for name, value in (("mean", mean), ("std", std))}
    if max(map(abs, values["mean"]), default=0) > 1 or not all(0 < one <= 1 for one in values["std"]):
        raise _wrong(
            "mean= of images in [0, 1], and std= above 0 and up to 1",
            f"mean={values['mean']}, std={values['std']}",
            "divide both by 255 if they are of grey levels; networks.InputRecipe(scale=255, ...) says it too",
        )
    return reading.validated(InputRecipe, values, "Panel(..., mean=, std=)")


def _numbers(value: Any) -> tuple[float, ...]:
    try:
        found = tuple(float(one) for one in value) if hasattr(value, "__iter__") else (float(value),)
    except (TypeError, ValueError) as error:
        raise _wrong("numbers in mean= and std=", repr(value)[:100], "say mean=(0.5, 0.5, 0.5)") from error
    if not found or not all(map(math.isfinite, found)):
        raise _wrong("finite numbers in mean= and std=", str(found), "say mean=(0.5, 0.5, 0.5)")
    return found


def _known(name: str, network: nn.Module, recipe: str) -> InputRecipe:
    if recipe == "torchvision":
        return InputRecipe(channels=3, **_IMAGENET)
    if recipe == "timm":
        return _of_timm(getattr(network, "pretrained_cfg", None), f"a pretrained_cfg on the network '{name}'")
    if "Weights." in recipe:
        return _of_torchvision(recipe)
    timm = vision("timm")
    if not timm.is_model(recipe):
        raise _wrong(
            'recipe="timm", "torchvision", a timm model, or torchvision weights such as '
            "ResNet50_Weights.IMAGENET1K_V1",
            f"'{recipe}'",
            suggestion(recipe, ["timm", "torchvision", *timm.list_models()]),
        )
    return _of_timm(timm.get_pretrained_cfg(recipe), f"a pretrained configuration of {recipe} in timm")


def _of_timm(known: Any, expected: str) -> InputRecipe:
    found = known if isinstance(known, Mapping) else vars(known) if hasattr(known, "__dict__") else {}
    if not found.get("mean") or not found.get("std"):
        raise _wrong(f"{expected}, with mean and std", "none", "pass mean= and std=")
    mean, std = tuple(found["mean"]), tuple(found["std"])
    channels = 3 if len(mean) == 3 else 1
    return InputRecipe(channels=channels, mean=mean, std=std)


def _of_torchvision(name: str) -> InputRecipe:
    models = vision("torchvision").models
    try:
        preset = models.get_weight(name).transforms()
        return InputRecipe(channels=3, mean=tuple(preset.mean), std=tuple(preset.std))
    except (ValueError, AttributeError, KeyError) as error:
        raise _wrong(
            "the name of torchvision weights in recipe=", f"'{name}'", "say ResNet50_Weights.DEFAULT"
        ) from error


def _wrong(expected: str, found: str, remedy: str) -> OutvotedError:
    return OutvotedError(expected, found, remedy)
