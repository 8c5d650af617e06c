"""Checking the networks of a run on a few images, before anything starts."""

from collections.abc import Sequence

import torch
from torch import nn

from outvoted.actors.data.datasets import Split
from outvoted.actors.networks import Brought, Packaged, Shape
from outvoted.actors.networks.arithmetic import Arithmetic
from outvoted.actors.networks.copied import ready
from outvoted.actors.networks.member import Member
from outvoted.actors.networks.own_context import undisturbed
from outvoted.actors.panel.door import Sample, examine, sample
from outvoted.actors.panel.panel_settings import Recipe
from outvoted.search.errors import OutvotedError


@undisturbed()
def check(
    recipes: Sequence[Recipe],
    shape: Shape,
    classes: int,
    arithmetic: Arithmetic,
    split: Split | None = None,
    slopes: bool = False,
) -> tuple[str, ...]:
    """Build every network, and have each that is brought, with its weights, show what it does.

    Args:
        split: images to show it on.
        slopes: whether the peers' gradients will be used.

    Returns:
        What a user should know: of networks that may be used all the same, and where weights lie in their
        file under other names, what was done to find them.

    Raises:
        OutvotedError: there is one class alone, or a network can't be built or doesn't answer as it must;
            the message begins with its key then.
    """
    if classes < 2:
        raise OutvotedError(
            expected="images of at least 2 classes",
            found="the label 0 alone",
            remedy="hand over labels of all classes that the networks tell apart, numbered from 0",
        )
    images, said = sample(split, shape, classes), []
    for index, recipe in enumerate(recipes):
        peer = recipe.role == "peer"
        place = f"{f'panel.networks.{index}' if peer else 'referee.network'} ({recipe.name})"
        try:
            network, note = _built(recipe, shape, classes)
            if note:
                said.append(f"{place}: weights read from its file: {note}")
            if isinstance(recipe.network, Brought | Packaged):
                _check_complete(recipe, network, images)
                found = examine(network, images, arithmetic, slopes and peer)
                said += [] if found is None else [f"warning: {place}: {found}"]
        except OutvotedError as error:
            raise OutvotedError(f"{place}: {error.expected}", error.found, error.remedy) from error
    return tuple(said)


def _built(recipe: Recipe, shape: Shape, classes: int) -> tuple[nn.Module, str]:
    """Return a network, and what was done to find its weights in their file."""
    loaded = recipe.network.load(shape, classes)
    if loaded is None:
        return recipe.network.build(shape, classes), ""
    member = Member(recipe.name, recipe.role, recipe.network, recipe.seed, loaded.weights, ())
    return member.bare(shape, classes), loaded.note


def _check_complete(recipe: Recipe, network: nn.Module, images: Sample) -> None:
    """Refuse a network that makes layers at its first call: training would never see them."""
    if not recipe.network.loaded and ready(network, images.inputs(torch.float32)[:1]) is not network:
        raise OutvotedError(
            expected="a network with all of its layers when it is constructed, so that they can be trained",
            found="layers that it makes at its first call",
            remedy="make them in __init__ (torch's own lazy layers will do too)",
        )
