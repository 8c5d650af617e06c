"""Images resampled once under a map of pixel positions, and what is seen beyond their edges."""

from collections.abc import Callable
from typing import Literal

import torch
from torch.nn import functional

from outvoted.search.transforms.base import straight_through

Border = Literal["reflect", "edge", "mean", "black"]
"""What lies beyond an image's edges: the image mirrored at them (its outermost pixels come twice, as in
NumPy's ``symmetric`` padding), its outermost pixels repeated, the mean colour of the image, or black."""

Positions = tuple[torch.Tensor, torch.Tensor]
"""x and y in pixels from an image's centre, each of a shape that broadcasts to (n, height, width)."""

Inverse = torch.Tensor | Callable[[torch.Tensor, torch.Tensor], Positions]
"""Takes output positions to the input positions that are seen there. Of shape (n, 6) it is an affine map:
(a, b, c, d, e, f) takes (x, y) to (a x + b y + c, d x + e y + f). Of shape (n, 9) it is a projective one, a
3x3 matrix row by row. Else it is a function."""

_FINE = 2.0**16
_HORIZON = 0.05  # least denominator of a projective map: nothing is seen from behind
_PADDING = {"reflect": "reflection", "edge": "border", "mean": "zeros", "black": "zeros"}


def usual_border(channels: int) -> Border:
    """Return what hides best that an image was moved: photographs go on, digits stand on black."""
    return "reflect" if channels > 1 else "black"


def resample(images: torch.Tensor, inverse: Inverse, border: Border = "black") -> torch.Tensor:
    """Resample images bilinearly.

    Args:
        images: shape (n, channels, height, width), float32.
        inverse: where in an image the pixels of its result are found; of the images' precision.
        border: what is found at positions outside an image.

    Returns:
        Shape of images, float32.
    """
    height, width = images.shape[2:]
    x = torch.arange(width, dtype=torch.float32, device=images.device).view(1, 1, width) - (width - 1) / 2
    y = torch.arange(height, dtype=torch.float32, device=images.device).view(1, height, 1) - (height - 1) / 2
    # grid_sample counts positions from -1 to 1 over the whole image: one pixel is 2 / size.
    if isinstance(inverse, torch.Tensor) and inverse.shape[1] == 6:  # both rows of the matrix at once
        unit: float | torch.Tensor = 2 / width
        if height != width:
            unit = torch.tensor((2 / width, 2 / height), dtype=inverse.dtype, device=images.device)
            unit = unit.view(2, 1, 1)
        by_x, by_y, fixed = inverse.view(-1, 2, 3, 1, 1).unbind(2)
        grid = by_x * x * unit + (by_y * y + fixed) * unit
    else:
        across, down = (one.expand(-1, height, width) for one in found(inverse, x, y))
        grid = torch.stack((across * (2 / width), down * (2 / height)), dim=1)
    grid = grid.permute(0, 2, 3, 1)
    if border != "mean":
        return functional.grid_sample(images, grid, padding_mode=_PADDING[border], align_corners=False)
    mean = channel_means(images)
    return functional.grid_sample(images - mean, grid, align_corners=False) + mean


def found(inverse: Inverse, x: torch.Tensor, y: torch.Tensor) -> Positions:
    """Take output positions to input positions."""
    if not isinstance(inverse, torch.Tensor):
        return inverse(x, y)
    a, b, c, d, e, f, *last = inverse.view(-1, inverse.shape[1], 1, 1).unbind(1)
    across, down = a * x + (b * y + c), d * x + (e * y + f)
    if not last:
        return across, down
    g, h, i = last
    away = (g * x + (h * y + i)).clamp(min=_HORIZON)
    return across / away, down / away


def after(first: Inverse, second: Inverse) -> Inverse:
    """Return the inverse of ``first`` followed by ``second``; matrices are multiplied."""
    if isinstance(first, torch.Tensor) and isinstance(second, torch.Tensor):
        return _product(first, second)
    return lambda x, y: found(first, *found(second, x, y))


def _product(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Multiply matrices; written out, so that rows cannot mix."""
    a, b, c, d, e, f, *below = first.unbind(1)
    ga, gb, gc, gd, ge, gf, *under = second.unbind(1)
    across = a * ga + b * gd, a * gb + b * ge, a * gc + b * gf + c
    down = d * ga + e * gd, d * gb + e * ge, d * gc + e * gf + f
    if not below and not under:
        return torch.stack((*across, *down), dim=1)
    none, one = torch.zeros_like(a), torch.ones_like(a)
    g, h, i = below or (none, none, one)
    j, k, m = under or (none, none, one)
    across = a * ga + b * gd + c * j, a * gb + b * ge + c * k, a * gc + b * gf + c * m
    down = d * ga + e * gd + f * j, d * gb + e * ge + f * k, d * gc + e * gf + f * m
    away = g * ga + h * gd + i * j, g * gb + h * ge + i * k, g * gc + h * gf + i * m
    return torch.stack((*across, *down, *away), dim=1)


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
