"""Images, labels and networks as a user hands them over from Python."""

import warnings
from collections.abc import Iterable, Mapping

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import nn

from outvoted.actors.data.datasets import Split
from outvoted.actors.data.numbers import (
    CHANNELS,
    Layout,
    arranged,
    as_bytes,
    is_dark,
    recognised,
    whole,
)
from outvoted.actors.networks import Shape
from outvoted.actors.networks.computing import own_device
from outvoted.actors.networks.user_modules import Tolerant, copied, ready, told
from outvoted.actors.panel.answers import Sample
from outvoted.actors.panel.checking import examine
from outvoted.search.arrays import AnyArray, Pixels
from outvoted.search.errors import OutvotedError

_ONE_SIZE = "arrays of images, all of one size, and of their labels"


def seeds(images: ArrayLike, labels: ArrayLike) -> Split:
    """Return a copy of labelled images that no one can change any more.

    Raises:
        OutvotedError: they are no labelled images.
    """
    found, numbers = _pixels(images), whole(_array(labels), "labels")
    _check_dark(found)
    if len(found) != len(numbers) or not len(found) or numbers.min() < 0:
        raise OutvotedError(
            expected="at least one image, and for each image a label from 0 to classes - 1",
            found=f"{len(found)} images and {len(numbers)} labels, the lowest {numbers.min(initial=0)}",
            remedy="pass Panel(networks, images, labels) arrays that belong together",
        )
    return Split(_kept(found), _kept(numbers))


def voted(images: ArrayLike, shape: Shape) -> Pixels:
    """Return images that a panel for images of ``shape`` (channels, height, width) is to vote on.

    Raises:
        OutvotedError: they are no images, of another size, or there is none.
    """
    array = _array(images)
    colour = shape[0] == 3 and array.shape in (shape, (*shape[1:], 3))
    if array.ndim == 2 or colour:
        raise OutvotedError(
            expected="an array of images, shape (n, height, width) or (n, channels, height, width)",
            found=f"an array of shape {array.shape}, which looks like a single image",
            remedy="add an axis for a single image: images[None]",
        )
    found = _pixels(array)
    if array.dtype != np.uint8:  # single images of uint8 may be dark
        _check_dark(found)
    if found.shape[1:] != shape or not len(found):
        raise OutvotedError(
            expected=f"at least one image of the panel's shape {shape}: channels, height, width",
            found=f"{len(found)} images of shape {found.shape[1:]}",
            remedy="resize or convert them to the shape of the images that the panel was made with",
        )
    return found


def _pixels(images: ArrayLike) -> Pixels:
    """Bring images to (n, channels, height, width), which it is where two layouts fit: rows of 3 features."""
    array = _array(images)
    first = array.ndim == 4 and array.shape[1] in CHANNELS
    layout: Layout = "NCHW" if first else recognised(array.shape, "images", "transposing")
    return as_bytes(arranged(array, layout, "images"), "images")


def _check_dark(images: Pixels) -> None:
    if is_dark(images):
        raise OutvotedError(
            expected="pixels from 0 to 255 in images",
            found=f"none above {images.max()}, as if white were {images.max()}",
            remedy=f"scale them: (images * (255 / {images.max()})).round().astype('uint8')",
        )


def _array(values: ArrayLike) -> AnyArray:
    """Return anything that holds numbers as a NumPy array; tensors of any device, also with gradients."""
    if isinstance(values, torch.Tensor):
        return _detached(values)
    if isinstance(values, list | tuple) and any(isinstance(one, torch.Tensor) for one in values):
        values = [_detached(one) if isinstance(one, torch.Tensor) else one for one in values]
    try:
        return np.asarray(values)
    except ValueError as error:  # NumPy makes no array of lists of different lengths
        raise OutvotedError(
            expected=_ONE_SIZE,
            found=" ".join(str(error).split()),
            remedy="resize all images to one size before stacking them",
        ) from error


def _detached(tensor: torch.Tensor) -> AnyArray:
    plain = tensor.detach().cpu()
    array: AnyArray = (plain.float() if plain.dtype == torch.bfloat16 else plain).numpy()
    return array


def _kept(array: AnyArray) -> AnyArray:
    copy = np.array(array, order="C")
    copy.setflags(write=False)
    return copy


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


def taken(name: str, network: nn.Module, sample: Sample, gradients: bool = False) -> Tolerant:
    """Return a copy of a network that has shown what it does, and will answer NaN where it fails.

    What the network kept of being looked at is in another copy.

    Raises:
        OutvotedError: it is no network that can be mined; the message begins with its name.
    """
    copy = _copied(name, network)
    fresh = ready(copy, sample.inputs(torch.float32)[:1])
    shown(name, fresh, sample, gradients)
    return Tolerant(fresh, sample.classes, name)


def shown(name: str, network: nn.Module, sample: Sample, gradients: bool) -> None:
    """Have a network show what it does, and warn of what should be known of it.

    Raises:
        OutvotedError: it can't be mined; the message begins with its name.
    """
    try:
        said = examine(network, sample, gradients, own_device())
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
