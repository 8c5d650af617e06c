"""Resampling images once under an affine map of pixel positions."""

import torch
from torch.nn import functional


def resample(images: torch.Tensor, inverse: torch.Tensor) -> torch.Tensor:
    """Resample images bilinearly; what lies outside an image is black.

    Args:
        images: shape (n, channels, height, width), float32.
        inverse: shape (n, 6), float32: (a, b, c, d, e, f) takes an output pixel (x, y), counted from the
            image's centre in pixels, to the input position (a x + b y + c, d x + e y + f).

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
    return functional.grid_sample(images, grid, align_corners=False)
