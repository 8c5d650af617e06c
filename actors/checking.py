"""Checking the networks of a run on one image, before anything starts."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from outvoted.actors.member import Member
from outvoted.actors.networks import Brought, Packaged, Shape
from outvoted.actors.panel_settings import Recipe
from outvoted.search.errors import OutvotedError


def check(recipes: Sequence[Recipe], shape: Shape, classes: int, precision: torch.dtype) -> tuple[str, ...]:
    """Build every network, and have each that is brought, with its weights, answer for one image.

    Returns:
        A line for each network whose weights lie in their file under other names: what was done to find them.

    Raises:
        OutvotedError: one can't be built or doesn't answer as it must; the message begins with its key.
    """
    notes = []
    for index, recipe in enumerate(recipes):
        place = f"panel.networks.{index}" if recipe.role == "peer" else "referee.network"
        try:
            network, note = _built(recipe, shape, classes)
            if note:
                notes.append(f"{place} ({recipe.name}) takes from its weights file {note}")
            if isinstance(recipe.network, Brought | Packaged):
                probe(network, shape, classes, precision)
        except OutvotedError as error:
            expected = f"{place} ({recipe.name}): {error.expected}"
            raise OutvotedError(expected, error.found, error.remedy) from error
    return tuple(notes)


def probe(network: nn.Module, shape: Shape, classes: int, precision: torch.dtype) -> None:
    """Have a network answer for one image, a ramp from black to white.

    Raises:
        OutvotedError: it raises, or its answer is not one finite logit for each class.
    """
    image = torch.linspace(0, 1, shape[0] * shape[1] * shape[2], dtype=precision).reshape(1, *shape)
    network = network.to(precision).eval()  # not in inference mode, whose tensors never take gradients again
    try:
        with torch.inference_mode():
            logits: Any = network(image)
    except Exception as error:  # the network is the user's: it may raise anything
        raise _no_answer(
            shape, classes, f"{type(error).__name__}: {' '.join(str(error).split())}"[:300]
        ) from error
    if not isinstance(logits, torch.Tensor):
        raise _no_answer(shape, classes, f"a {type(logits).__name__} instead of a tensor")
    if tuple(logits.shape) != (1, classes):
        raise _no_answer(shape, classes, f"an output of shape {tuple(logits.shape)} for one image")
    if not torch.isfinite(logits).all():
        raise _no_answer(shape, classes, "NaN or infinite outputs for an image in [0, 1]")


def _built(recipe: Recipe, shape: Shape, classes: int) -> tuple[nn.Module, str]:
    """Return a network, and what was done to find its weights in their file."""
    loaded = recipe.network.load(shape, classes)
    if loaded is None:
        return recipe.network.build(shape, classes), ""
    member = Member(recipe.name, recipe.role, recipe.network, recipe.seed, loaded.weights, ())
    return member.bare(shape, classes), loaded.note


def _no_answer(shape: Shape, classes: int, found: str) -> OutvotedError:
    return OutvotedError(
        expected=f"one finite logit for each of the data's {classes} classes from an image of shape {shape}",
        found=found,
        remedy="correct the network, its weights or its input recipe, or mine the data it was trained for",
    )
