"""The pixel attack: how few pixels, set to 0 or 1, fool a network (Bečková et al., Sects. 3.3, 4.2)."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from outvoted.analysis.sweeps.temperature.robustness import InputGradients, Logits, right
from outvoted.search.arrays import AnyArray, Floats, Ints
from outvoted.search.errors import OutvotedError

NEVER = -1
"""Nothing fools the network."""
_MOST_VALUES = 6  # 64 combinations: two pixels of three channels, as in the paper


@dataclass(frozen=True)
class PixelAttack:
    """What the attack found for each network and image.

    Attributes:
        fewest: the smallest number of pixels that fools the network, int8 (n, b); 0 if it is wrong without an
            attack, `NEVER` (-1) if no number up to the limit does.
        classes: the network's answer to the fooling image, or to the original if there is none, int64 (n, b).
        places: pixels (row * width + column) by falling gradient, int64 (n, b, limit).
        combination: the first combination that fools, int64 (n, b), or -1; bit j is the value of channel
            j % channels of pixel places[j // channels].
    """

    fewest: torch.Tensor
    classes: torch.Tensor
    places: torch.Tensor
    combination: torch.Tensor

    def fooling(self, images: torch.Tensor) -> torch.Tensor:
        """Return a fooling image for each network and image, or the original if there is none.

        Args:
            images: those that were attacked, shape (b, channels, height, width).

        Returns:
            shape (n, b, channels, height, width), values 0-1.
        """
        flat = images.expand(len(self.fewest), *images.shape).flatten(2).clone()
        where = _positions(self.places, images)
        bit = torch.arange(where.shape[2], device=images.device)
        changed = bit < self.fewest.clamp(min=0).unsqueeze(2) * images.shape[1]
        values = (self.combination.unsqueeze(2) >> bit & 1).to(images.dtype)
        flat.scatter_(2, where, torch.where(changed, values, flat.gather(2, where)))
        return flat.view(len(flat), *images.shape)


def attack_pixels(
    logits: Logits,
    images: torch.Tensor,
    labels: torch.Tensor,
    given: InputGradients,
    limit: int,
    rows: int = 4096,
) -> PixelAttack:
    """Set the 1, 2, ... limit pixels of largest gradient to all combinations of 0 and 1 until one fools.

    A pixel's gradient is the mean of |dL/dx| over its channels; of equal ones the first goes first. Each
    channel takes both values, so n pixels have 2^(n channels) combinations. Only correctly classified images
    are attacked, and those that n pixels fool are not tried with n + 1.

    For each number of pixels, networks are asked in batches of one shape, which does not depend on the other
    networks in the stack.

    Args:
        logits: the stack.
        images: shape (b, channels, height, width), values 0-1, shared by all networks.
        labels: int64, shape (b,).
        given: the stack's gradients and answers for these images, as from `gradients`.
        limit: the largest number of pixels, >= 1; the paper's is 3 for grey images, 2 for RGB.
        rows: about how many inputs to put to each network at once (at least one image's combinations).

    Raises:
        OutvotedError: limit is below 1, above the number of pixels, or limit * channels is above 6.
    """
    _check(limit, images)
    found = PixelAttack(
        fewest=torch.where(right(given.logits, labels), NEVER, 0).to(torch.int8),
        classes=given.logits.argmax(2),
        places=strongest(given.values, limit),
        combination=torch.full(given.logits.shape[:2], -1, device=images.device),
    )
    with torch.no_grad():
        for pixels in range(1, limit + 1):
            size = max(1, min(rows >> pixels * images.shape[1], len(images)))
            for which, meant in _open(found.fewest, size):
                _try(logits, images, labels, found, pixels, (which, meant))
    return found


def strongest(gradients: torch.Tensor, limit: int) -> torch.Tensor:
    """Return the pixels with the largest mean |gradient| over channels, falling, the first of equal ones.

    Args:
        gradients: shape (n, b, channels, height, width).
        limit: how many, at most height * width.

    Returns:
        int64, shape (n, b, limit): row * width + column.
    """
    sizes = gradients.abs().mean(2).flatten(2)
    found = []
    for _ in range(limit):  # argmax returns the first of equals, which topk does not promise
        best = sizes.argmax(2, keepdim=True)
        sizes.scatter_(2, best, -1)
        found.append(best)
    return torch.cat(found, 2)


def fooled_shares(fewest: AnyArray, labels: Ints, classes: int, limit: int) -> Floats:
    """Return the share of each class's images that at most 1, 2, ... limit pixels fool (Fig. 9).

    Of the images that the network classifies correctly: the others need no perturbation, and would make an
    inaccurate network look easy to fool.

    Args:
        fewest: as `PixelAttack.fewest`, shape (n, b).
        labels: shape (b,), 0 to classes - 1.
        classes: the number of classes.
        limit: that of the attack.

    Returns:
        shape (n, classes, limit), 0-1; NaN for a class without a correctly classified image.
    """
    members = np.eye(classes)[labels]
    attacked = (fewest != 0) @ members
    numbers = np.arange(1, limit + 1)[:, None, None]
    fooled = ((fewest > 0) & (fewest <= numbers)) @ members
    return np.asarray(np.moveaxis(fooled / np.where(attacked == 0, np.nan, attacked), 0, 2))


def _open(fewest: torch.Tensor, size: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Deal out the images for which nothing has fooled the network so far.

    Yields:
        int64 (n, size), images for each network; and bool (n, size), false for those that only pad the batch.
    """
    waiting = fewest == NEVER
    order = (~waiting).to(torch.int8).argsort(dim=1, stable=True)
    number = waiting.sum(1, keepdim=True)
    for start in range(0, int(number.max()), size):
        positions = torch.arange(start, start + size, device=fewest.device)
        yield order[:, positions % order.shape[1]], positions < number


def _try(
    logits: Logits,
    images: torch.Tensor,
    labels: torch.Tensor,
    found: PixelAttack,
    pixels: int,
    batch: tuple[torch.Tensor, torch.Tensor],
) -> None:
    """Put all combinations for a batch from `_open` to the networks; record in ``found`` what fools them."""
    which, meant = batch
    places = found.places.gather(1, which.unsqueeze(2).expand(-1, -1, found.places.shape[2]))
    candidates = _candidates(images[which], places[..., :pixels])
    answers = logits(candidates.flatten(1, 2))
    answers = answers.reshape(*candidates.shape[:3], -1)
    wrong = ~right(answers, labels[which].unsqueeze(2))
    first = wrong.to(torch.int8).argmax(2)
    answered = answers.argmax(3).gather(2, first.unsqueeze(2)).squeeze(2)
    fooled = wrong.any(2) & meant
    network, place = fooled.nonzero(as_tuple=True)
    image = which[network, place]
    found.fewest[network, image] = pixels
    found.classes[network, image] = answered[fooled]
    found.combination[network, image] = first[fooled]


def _candidates(images: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
    """Set pixels (n, m, k) of images (n, m, c, h, w) to every combination: (n, m, 2^(k c), c, h, w)."""
    where = _positions(places, images)
    bits = torch.arange(where.shape[2], device=images.device)
    numbers = torch.arange(1 << len(bits), device=images.device).unsqueeze(1)
    values = (numbers >> bits & 1).to(images.dtype)
    shape = (*where.shape[:2], *values.shape)
    flat = images.flatten(2).unsqueeze(2).repeat(1, 1, len(values), 1)
    flat.scatter_(3, where.unsqueeze(2).expand(shape), values.expand(shape))
    return flat.view(*flat.shape[:3], *images.shape[2:])


def _positions(places: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
    """Return the places of pixels (n, m, k) in flat images: (n, m, k c), a pixel's channels side by side."""
    channels, height, width = images.shape[-3:]
    offsets = torch.arange(channels, device=places.device) * (height * width)
    return (places.unsqueeze(3) + offsets).flatten(2)


def _check(limit: int, images: torch.Tensor) -> None:
    channels, height, width = images.shape[1:]
    most = min(_MOST_VALUES // channels, height * width)
    if not 1 <= limit <= most:
        raise OutvotedError(
            f"from 1 to {most} pixels for images of {channels} channels, {height} by {width}",
            f"{limit}",
            "choose a number in that range; each further value doubles the combinations",
        )
