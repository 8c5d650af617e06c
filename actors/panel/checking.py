"""Checking the networks of a run on a few images, before anything starts."""

from collections.abc import Sequence

import torch
from torch import nn

from outvoted.actors.data.datasets import Split
from outvoted.actors.networks import PackagedNetwork, Shape, UserNetwork
from outvoted.actors.networks.computing import own_context, own_random_numbers, undisturbed
from outvoted.actors.networks.members import Member
from outvoted.actors.networks.user_modules import ready, told
from outvoted.actors.panel.answers import AskedNetwork, Sample, check_form, check_logits, check_steady, sample
from outvoted.actors.panel.gradients import check_gradients
from outvoted.actors.panel.panel_settings import Recipe
from outvoted.search.errors import OutvotedError

_CPU = torch.device("cpu")


_SINGLE_ALONE = (
    "it works in single precision alone, so all of its answers are computed in that, a few images at a time"
)


def examine(
    network: nn.Module, sample: Sample, gradients: bool = False, device: torch.device = _CPU
) -> str | None:
    """Check on a copy that a network can be mined, in a few forward passes; the network stays as it is.

    Args:
        network: maps images in [0, 1] to logits.
        gradients: whether they will be used.

    Returns:
        What should be known about it, or None.

    Raises:
        OutvotedError: it fails on every image of the sample, or its answers have the wrong form, differ
            from time to time or with the images beside, are probabilities, or (if ``gradients``) come
            without the right gradient. The words go with the network's name before them.
    """
    with own_random_numbers(), own_context():
        torch.manual_seed(0)  # a network that draws at random does it alike each time it is looked at
        asked = _asked(network, sample, device)
        logits = check_form(asked)
        said = check_steady(asked, logits)
        check_logits(logits, sample)
        if gradients:
            check_gradients(asked)
    return _SINGLE_ALONE if asked.inputs.dtype == torch.float32 else said


def _asked(network: nn.Module, sample: Sample, device: torch.device) -> AskedNetwork:
    """Return the network in double precision, or in single where it has answers in that alone."""
    try:
        double = AskedNetwork.of(network, sample, torch.float64, device)
    except (Exception, SystemExit) as error:  # moving and copying run the user's code
        if "meta tensor" in str(error):
            raise OutvotedError(
                expected="weights with numbers in them",
                found="weights on the meta device, which have a shape alone",
                remedy="network.to_empty(device='cpu'), then load the weights",
            ) from error
        single = _in_single(network, sample, device)
        if single is None:
            raise OutvotedError(
                expected="a network that can be converted to double precision, or answers in single",
                found=told(error),
                remedy="correct the network",
            ) from error
        return single
    if double.has_answers:
        return double
    return _in_single(network, sample, device) or double


def _in_single(network: nn.Module, sample: Sample, device: torch.device) -> AskedNetwork | None:
    try:
        asked = AskedNetwork.of(network, sample, torch.float32, device)
        return asked if asked.has_answers else None
    except (Exception, SystemExit):
        return None


@undisturbed()
def check(
    recipes: Sequence[Recipe],
    shape: Shape,
    classes: int,
    split: Split | None = None,
    gradients: bool = False,
) -> tuple[str, ...]:
    """Build every network with its weights, and examine each that is the user's own.

    Args:
        split: images to show it on.
        gradients: whether the peers' will be used.

    Returns:
        Warnings about networks that can be used all the same, and how weights under other names in a file
        were matched.

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
            if isinstance(recipe.network, UserNetwork | PackagedNetwork):
                _check_complete(recipe, network, images)
                found = examine(network, images, gradients and peer)
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
