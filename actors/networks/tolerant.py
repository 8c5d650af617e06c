"""A network that fails on some images fails for those images only."""

import torch
from torch import nn

_OUT_OF_MEMORY = ("can't allocate memory", "not enough memory")


class Tolerant(nn.Module):
    """Answers NaN for every image on which a network raises or whose output has the wrong form.

    What concerns the machine and not the image is passed on: memory that ran out, a device that failed.
    """

    def __init__(self, network: nn.Module, classes: int) -> None:
        super().__init__()
        self.network = network
        self._classes = classes

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return logits (n, classes); if the batch fails, image by image, each repeated to fill the batch."""
        logits = self._tried(images)
        if logits is not None:
            return logits
        alone = [self._tried(image.repeat(len(images), 1, 1, 1)) for image in torch.split(images, 1)]
        failed = images.new_full((1, self._classes), torch.nan)
        return torch.cat([failed if logits is None else logits[:1] for logits in alone])

    def _tried(self, images: torch.Tensor) -> torch.Tensor | None:
        try:
            logits = self.network(images)
        except (MemoryError, torch.OutOfMemoryError, torch.AcceleratorError):
            raise
        except Exception as error:  # the network is the user's: it may raise anything
            if any(sign in str(error) for sign in _OUT_OF_MEMORY):
                raise
            return None
        fits = isinstance(logits, torch.Tensor) and logits.shape == (len(images), self._classes)
        return logits if fits else None
