"""A network that fails on some images fails for those images only."""

import re
from typing import Any

import torch
from torch import nn

_OUT_OF_MEMORY = ("can't allocate memory", "not enough memory")
_LONGEST = 300
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")

Failures = tuple[str, ...]
"""For each image of a batch why it has no answer, "" where it has one; empty if all have."""


class Tolerant(nn.Module):
    """Answers NaN for every image on which a network raises or whose output has the wrong form.

    What concerns the machine and not the image is passed on: memory that ran out, a device that failed.
    """

    def __init__(self, network: nn.Module, classes: int, name: str = "") -> None:
        """Take a network that answers ``classes`` classes, and what it is called where it fails."""
        super().__init__()
        self.network = network
        self._classes = classes
        self._name = name

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return logits (n, classes), NaN for images that have no answer."""
        return self.answer(images)[0]

    def answer(self, images: torch.Tensor) -> tuple[torch.Tensor, Failures]:
        """Return logits (n, classes); if the batch fails, image by image, each repeated to fill the batch."""
        found = self._tried(images)
        if isinstance(found, torch.Tensor):
            return found, self._not_finite(found)
        alone = [self._tried(image.repeat(len(images), 1, 1, 1)) for image in torch.split(images, 1)]
        failed = images.new_full((1, self._classes), torch.nan)
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
            if is_machines(error):
                raise
            return told(error)
        if not isinstance(logits, torch.Tensor):
            name = type(logits).__name__
            return f"{'an' if name[0] in 'AEIOUaeiou' else 'a'} {name} instead of a tensor"
        if tuple(logits.shape) != (len(images), self._classes):
            return f"an output of shape {tuple(logits.shape)} for {len(images)} images"
        return logits

    def _not_finite(self, logits: torch.Tensor) -> Failures:
        finite = torch.isfinite(logits.detach()).all(1)
        if bool(finite.all()):
            return ()
        return tuple("" if fine else self._named("NaN or infinite outputs") for fine in finite.tolist())

    def _named(self, text: str) -> str:
        return f"{self._name}: {text}" if self._name else text


def answered(network: nn.Module, images: torch.Tensor) -> tuple[torch.Tensor, Failures]:
    """Return a network's logits for images, and why some have none as far as the network says so."""
    if isinstance(network, Tolerant):
        return network.answer(images)
    logits: torch.Tensor = network(images)
    return logits, ()


def is_machines(error: BaseException) -> bool:
    """Tell whether an error concerns the machine and not the image: memory ran out, or a device failed."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError | torch.AcceleratorError):
        return True
    return any(sign in str(error) for sign in _OUT_OF_MEMORY)


def told(error: BaseException) -> str:
    """Say in one line what was raised, without addresses, which differ from process to process."""
    if isinstance(error, SystemExit):
        return f"it called sys.exit({'' if error.code is None else error.code})"
    text = _ADDRESS.sub("", " ".join(str(error).split()))
    return f"{type(error).__name__}: {text}".removesuffix(": ")[:_LONGEST]
