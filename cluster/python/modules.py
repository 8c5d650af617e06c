"""Networks as a user hands them over from Python."""

import warnings
from collections.abc import Callable, Iterable, Mapping

import torch
from torch import nn

from outvoted.actors.networks.computing import exact_device, own_device
from outvoted.actors.networks.user_modules import Tolerant, copied, ready, told
from outvoted.actors.panel.answers import Sample
from outvoted.actors.panel.checking import examine
from outvoted.search.errors import OutvotedError

Networks = Mapping[str, nn.Module] | nn.ModuleDict | Iterable[nn.Module]


def named(networks: Networks) -> dict[str, nn.Module]:
    """Return networks by name; those of a list are called 0, 1, ...

    Raises:
        OutvotedError: there are fewer than two, or two of one name.
    """
    if isinstance(networks, nn.Module) and not isinstance(networks, nn.ModuleList | nn.ModuleDict):
        raise _too_few("a single network")
    if isinstance(networks, Mapping | nn.ModuleDict):
        pairs = [(str(name), network) for name, network in networks.items()]
    else:
        pairs = [(str(index), network) for index, network in enumerate(networks)]
    if len(pairs) < 2:
        raise _too_few(str(len(pairs)))
    found = dict(pairs)
    if len(found) < len(pairs):
        raise OutvotedError(
            expected="a different name for each network",
            found=f"the names {', '.join(name for name, _ in pairs)}",
            remedy="rename one of them",
        )
    return found


def taken(
    name: str, network: nn.Module, sample: Sample, prepare: Callable[[nn.Module], nn.Module]
) -> Tolerant:
    """Return a copy of a network that has shown what it does, and will answer NaN where it fails.

    What the network kept of being looked at is in another copy.

    Args:
        prepare: puts before the copy what it wants done to images.

    Raises:
        OutvotedError: it is no network that can be mined; the message begins with its name.
    """
    copy = prepare(_copied(name, network))
    fresh = ready(copy, sample.inputs(torch.float32)[:1])
    shown(name, fresh, sample, gradients=False)
    return Tolerant(fresh, sample.classes, name)


def shown(name: str, network: nn.Module, sample: Sample, gradients: bool) -> None:
    """Have a network show what it does, and warn of what should be known of it.

    Raises:
        OutvotedError: it can't be mined; the message begins with its name.
    """
    try:
        said = examine(network, sample, gradients, exact_device(own_device()))
    except OutvotedError as error:
        raise OutvotedError(f"'{name}': {error.expected}", error.found, error.remedy) from error.__cause__
    if said is not None:
        warnings.warn(f"network '{name}': {said}", stacklevel=2)


def _copied(name: str, network: nn.Module) -> nn.Module:
    try:
        if isinstance(network, nn.Module):
            return copied(network)
        found = f"a {type(network).__name__}"
    except (Exception, SystemExit) as error:  # copying runs the user's code
        found = f"one that cannot be copied: {told(error)}"
    raise OutvotedError(
        expected=f"'{name}' to be a torch.nn.Module that can be copied",
        found=found,
        remedy="wrap it in a module of its own whose forward maps images to logits",
    )


def _too_few(found: str) -> OutvotedError:
    return OutvotedError(
        expected="at least 2 networks: a target and a peer that outvotes it",
        found=found,
        remedy="pass more networks, Panel({'a': net_a, 'b': net_b, ...}, images, labels)",
    )
