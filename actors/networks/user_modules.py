"""The user's modules: copied without their wrappers, and called so that they fail for single images only."""

import re
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


def ready_copy(network: nn.Module, dtype: torch.dtype, device: torch.device) -> "Tolerant":
    """Copy a network in a precision, to be asked and not trained; who fails on an image answers NaN for it.

    Raises:
        Exception: whatever copying and converting raise.
    """
    copy = copied(network).to(device, dtype).eval()
    for one in copy.parameters():  # TorchScript has no requires_grad_ of its own
        one.requires_grad_(False)
    return copy if isinstance(copy, Tolerant) else Tolerant(copy, None)


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


_OUT_OF_MEMORY = ("can't allocate memory", "not enough memory")
_LONGEST = 300
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")

Failures = tuple[str, ...]
"""For each image of a batch why it has no answer, "" where it has one; empty if all have."""


class Tolerant(nn.Module):
    """Answers NaN for every image on which a network raises or whose output has the wrong form.

    What concerns the machine and not the image is passed on: memory that ran out, a device that failed.
    """

    def __init__(self, network: nn.Module, classes: int | None, name: str = "") -> None:
        """Take a network that answers ``classes`` classes, and what it is called where it fails.

        Where the number of classes is not known, what the network raises is passed on.
        """
        super().__init__()
        self.network = network
        self._classes = classes
        self._name = name

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return logits (n, classes), NaN for images that have no answer."""
        return self.answer(images)[0]

    def at_once(self, images: torch.Tensor) -> torch.Tensor:
        """Return logits (n, classes); NaN for all images if the network fails on the batch."""
        found = self._tried(images)
        return found if isinstance(found, torch.Tensor) else self._failed(images)

    def answer(self, images: torch.Tensor) -> tuple[torch.Tensor, Failures]:
        """Return logits (n, classes); if the batch fails, image by image, each repeated to fill the batch."""
        found = self._tried(images)
        if isinstance(found, torch.Tensor):
            return found, self._not_finite(found)
        alone = [self._tried(image.repeat(len(images), 1, 1, 1)) for image in torch.split(images, 1)]
        failed = self._failed(images[:1])
        logits = torch.cat([one[:1] if isinstance(one, torch.Tensor) else failed for one in alone])
        said = self._not_finite(logits)
        return logits, tuple(
            text if isinstance(one, torch.Tensor) else self._named(one)
            for one, text in zip(alone, said or ("",) * len(alone), strict=True)
        )

    def _tried(self, images: torch.Tensor) -> torch.Tensor | str:
        """Return the network's logits, or why there are none."""
        try:
            logits: Any = self.network(images)
        except (Exception, SystemExit) as error:  # the network is the user's: it may raise anything
            if is_machines(error) or self._classes is None:
                raise
            return told(error)
        if not isinstance(logits, torch.Tensor):
            name = type(logits).__name__
            return f"{'an' if name[0] in 'AEIOUaeiou' else 'a'} {name} instead of a tensor"
        if logits.ndim != 2 or tuple(logits.shape) != (len(images), self._classes or logits.shape[1]):
            return f"an output of shape {tuple(logits.shape)} for {len(images)} images"
        return logits

    def _failed(self, images: torch.Tensor) -> torch.Tensor:
        return images.new_full((len(images), self._classes or 0), torch.nan)

    def _not_finite(self, logits: torch.Tensor) -> Failures:
        finite = torch.isfinite(logits.detach()).all(1)
        if bool(finite.all()):
            return ()
        return tuple("" if fine else self._named("NaN or infinite outputs") for fine in finite.tolist())

    def _named(self, text: str) -> str:
        return f"{self._name}: {text}" if self._name else text


def is_machines(error: BaseException) -> bool:
    """Return whether an error concerns the machine and not the image: memory ran out, or a device failed."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError | torch.AcceleratorError):
        return True
    return any(sign in str(error) for sign in _OUT_OF_MEMORY)


def told(error: BaseException) -> str:
    """Say in one line what was raised, without addresses, which differ from process to process."""
    if isinstance(error, SystemExit):
        return f"it called sys.exit({'' if error.code is None else error.code})"
    text = _ADDRESS.sub("", " ".join(str(error).split()))
    return f"{type(error).__name__}: {text}".removesuffix(": ")[:_LONGEST]
