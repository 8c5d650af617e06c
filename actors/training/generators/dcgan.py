"""The two networks of a DCGAN: one makes images from random vectors, one tells them from real ones."""

from itertools import pairwise

import torch
from torch import nn

from outvoted.actors.networks import Shape
from outvoted.search.errors import OutvotedError

LATENT = 100
"""Numbers in the random vector that an image is made from (Vlaar, section 2)."""
SMALLEST, LARGEST = 8, 128
"""Heights and widths, in pixels, that five layers with constant feature maps can make."""
_SLOPE = 0.2
_DEVIATION = 0.02


def generator(shape: Shape, maps: int) -> nn.Sequential:
    """Return five transposed convolutions: latents (n, LATENT, 1, 1) to images (n, *shape) in [-1, 1].

    The first makes an eighth of the height and width (rounded up), the next three double them, the last
    makes the pixels: 1, 4, 7, 14, 28, 28 for digits. Vlaar, appendix A; Radford et al., section 3.
    """
    sides = _sides(shape)
    layers: list[nn.Module] = [nn.ConvTranspose2d(LATENT, maps, sides[0], bias=False)]
    for before, after in pairwise(sides):
        layers += [nn.BatchNorm2d(maps), nn.ReLU()]
        layers.append(nn.ConvTranspose2d(maps, maps, _kernel(before, after), 2, 1, bias=False))
    layers += [nn.BatchNorm2d(maps), nn.ReLU(), nn.ConvTranspose2d(maps, shape[0], 3, 1, 1), nn.Tanh()]
    return nn.Sequential(*layers)


def discriminator(shape: Shape, maps: int) -> nn.Sequential:
    """Return five convolutions: images (n, *shape) in [-1, 1] to log-odds of being real, (n, 1, 1, 1)."""
    sides = _sides(shape)[::-1]
    first = nn.Conv2d(shape[0], maps, _kernel(sides[1], sides[0]), 2, 1)
    layers: list[nn.Module] = [first, nn.LeakyReLU(_SLOPE)]
    for larger, smaller in pairwise(sides[1:]):
        layers.append(nn.Conv2d(maps, maps, _kernel(smaller, larger), 2, 1, bias=False))
        layers += [nn.BatchNorm2d(maps), nn.LeakyReLU(_SLOPE)]
    layers += [nn.Conv2d(maps, maps, 3, 1, 1, bias=False), nn.BatchNorm2d(maps), nn.LeakyReLU(_SLOPE)]
    return nn.Sequential(*layers, nn.Conv2d(maps, 1, sides[-1]))


def begin(network: nn.Module, random: torch.Generator) -> None:
    """Draw the first weights: N(0, 0.02), the scales of batch normalisation N(1, 0.02); biases are 0."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.BatchNorm2d):
            mean = 1.0 if isinstance(layer, nn.BatchNorm2d) else 0.0
            with torch.no_grad():
                layer.weight.normal_(mean, _DEVIATION, generator=random)
                if layer.bias is not None:
                    layer.bias.zero_()


def check_shape(shape: Shape) -> None:
    """Refuse images that are too small or too large for five layers.

    Raises:
        OutvotedError: say which sizes will do.
    """
    if not all(SMALLEST <= side <= LARGEST for side in shape[1:]):
        raise OutvotedError(
            expected=f"images of {SMALLEST} to {LARGEST} pixels in height and width, to train a generator on",
            found=f"{shape[1]} by {shape[2]} pixels",
            remedy="choose another data set, or one whose images are resized",
        )


def _sides(shape: Shape) -> list[tuple[int, int]]:
    """Return height and width after each of the generator's first four layers."""
    sides = [(shape[1], shape[2])]
    for _ in range(3):
        height, width = sides[0]
        sides.insert(0, ((height + 1) // 2, (width + 1) // 2))
    return sides


def _kernel(smaller: tuple[int, int], larger: tuple[int, int]) -> tuple[int, int]:
    """Return the kernel whose stride of 2 turns one size into the other: 4 where it doubles, else 3."""
    height, width = (4 if 2 * small == large else 3 for small, large in zip(smaller, larger, strict=True))
    return height, width
