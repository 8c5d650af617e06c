"""Copies of a user's modules, out of the wrappers that only matter where they were trained."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

import torch
from torch import nn
from torch.nn import parameter

_WRAPPERS = {"OptimizedModule": "_orig_mod", "DataParallel": "module", "DistributedDataParallel": "module"}
"""torch's wrappers by the names of their classes (importing the first takes a second), and what holds the
network in each."""


def copied(network: nn.Module) -> nn.Module:
    """Return a copy that shares nothing with the network, which stays as it is.

    Compiled and data-parallel wrappers are left off, at the top and within. What layers such as
    ``nn.utils.weight_norm`` keep of their last call belongs to a gradient that is gone: it is copied as
    plain numbers.

    Raises:
        Exception: whatever copying raises, for it runs the user's code.
    """
    network = _inner(network)
    memo: dict[int, Any] = {}
    for tensor in (tensor for module in network.modules() for tensor in _tensors(vars(module))):
        if not tensor.is_leaf:
            memo[id(tensor)] = tensor.detach().clone()
        elif isinstance(tensor, parameter.UninitializedBuffer):  # torch copies lazy weights, but not these
            form: dict[str, Any] = {"device": tensor.device, "dtype": tensor.dtype}
            memo[id(tensor)] = parameter.UninitializedBuffer(**form)
    return unwrapped(deepcopy(network, memo))


def unwrapped(network: nn.Module) -> nn.Module:
    """Return a network, changed in place, without compiled and data-parallel wrappers."""
    network = _inner(network)
    for module in network.modules():
        for name, child in list(module.named_children()):
            if child is not _inner(child):
                setattr(module, name, _inner(child))
        if getattr(module, "_compiled_call_impl", None) is not None:
            module._compiled_call_impl = None
    return network


def ready(network: nn.Module, image: torch.Tensor) -> nn.Module:
    """Return the network with the layers that it makes, or gives a shape, at its first call.

    One with all of its layers comes back untouched. ``image`` (1, channels, height, width) holds numbers
    in [0, 1]. Weights drawn on the way are always the same.
    """
    try:
        tried = copied(network).eval()
        before = _shapes(tried)
        weights = (one for one in tried.parameters() if _has_shape(one) and one.is_floating_point())
        like = next(weights, image)
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(0)
            tried(image.to(like))
        return network if _shapes(tried) == before else tried
    except (Exception, SystemExit):  # whoever asks the network next says what is wrong
        return network


def shape_lazy_layers(network: nn.Module, image: torch.Tensor) -> None:
    """Give a new network's lazy layers their shapes, by showing it an image (1, channels, height, width)."""
    if all(_has_shape(value) for value in (*network.parameters(), *network.buffers())):
        return
    mode = network.training
    try:
        with torch.no_grad():
            network.eval()(image)
    except (Exception, SystemExit):  # whoever asks the network next says what is wrong
        return
    finally:
        network.train(mode)


def _shapes(network: nn.Module) -> dict[str, torch.Size]:
    return {name: value.shape for name, value in network.state_dict().items() if _has_shape(value)}


def _has_shape(value: torch.Tensor) -> bool:
    return not parameter.is_lazy(value)


def _inner(network: nn.Module) -> nn.Module:
    while type(network).__module__.startswith("torch.") and type(network).__name__ in _WRAPPERS:
        network = getattr(network, _WRAPPERS[type(network).__name__])
    return network


def _tensors(value: object) -> Iterator[torch.Tensor]:
    """Find the tensors in plain containers."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _tensors(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _tensors(one)
