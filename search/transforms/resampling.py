"""Images resampled once under a map of pixel positions, and what is seen beyond their edges."""

from typing import Literal

import torch
from torch.nn import functional

from outvoted.search.transforms.base import straight_through

Border = Literal["reflect", "edge", "mean", "black"]
"""What lies beyond an image's edges: the image mirrored at them (its outermost pixels come twice, as in
NumPy's ``symmetric`` padding), its outermost pixels repeated, the mean colour of the image, or black."""

_FINE = 2.0**16
_PADDING = {"reflect": "reflection", "edge": "border", "mean": "zeros", "black": "zeros"}


def usual_border(channels: int) -> Border:
    """Return what hides best that an image was moved: photographs go on, digits stand on black."""
    return "reflect" if channels > 1 else "black"


def resample(images: torch.Tensor, inverse: torch.Tensor, border: Border = "black") -> torch.Tensor:
    """Resample images bilinearly.

    Args:
        images: shape (n, channels, height, width), float32.
        inverse: shape (n, 6), float32: (a, b, c, d, e, f) takes an output pixel (x, y), counted from the
            image's centre in pixels, to the input position (a x + b y + c, d x + e y + f).
        border: what is found at positions outside an image.

    Returns:
        Shape of images, float32.
    """
    n, _, height, width = images.shape
    x = torch.arange(width, dtype=torch.float32, device=images.device).view(1, 1, width) - (width - 1) / 2
    y = torch.arange(height, dtype=torch.float32, device=images.device).view(1, height, 1) - (height - 1) / 2
    a, b, c, d, e, f = inverse.view(n, 6, 1, 1).unbind(1)
    # grid_sample counts positions from -1 to 1 over the whole image: one pixel is 2 / size.
    across = a * x * (2 / width) + (b * y + c) * (2 / width)
    down = d * x * (2 / height) + (e * y + f) * (2 / height)
    grid = torch.stack((across, down), dim=1).permute(0, 2, 3, 1)
    if border != "mean":
        return functional.grid_sample(images, grid, padding_mode=_PADDING[border], align_corners=False)
    mean = channel_means(images)
    return functional.grid_sample(images - mean, grid, align_corners=False) + mean


def channel_means(images: torch.Tensor) -> torch.Tensor:
    """Return the mean of each channel of each image, shape (n, channels, 1, 1).

    Single precision is rounded to 1/65536 of a grey level first, so that double precision adds it up without
    an error: the sum is then the same in any order, and a mean depends on nothing but its channel. In double
    precision only gradients are computed.
    """
    if images.dtype == torch.float64:
        return images.mean(dim=(2, 3), keepdim=True)
    fine = straight_through(images.double() * _FINE) / _FINE
    return fine.mean(dim=(2, 3), keepdim=True).to(images.dtype)
