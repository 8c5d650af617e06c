"""JPEG compression against Pillow's."""

from io import BytesIO

import numpy as np
import pytest
import torch
from PIL import Image

from outvoted.search.arrays import Pixels
from outvoted.search.transforms import Affine, Chain, Jpeg, Photometric


def picture(shape: tuple[int, int, int]) -> Pixels:
    """Something with soft shades, edges and some noise, as photographs have."""
    rng, (channels, height, width) = np.random.default_rng(3), shape
    y, x = np.mgrid[:height, :width] / max(height, width)
    shades = [128 + 90 * np.sin(5 * x + channel) * np.cos(4 * y - channel) for channel in range(channels)]
    image = np.stack(shades) + rng.normal(0, 6, shape)
    image[:, height // 3 : height // 2, width // 4 : width // 2] += 70
    return image.clip(0, 255).astype(np.uint8)


def compressed(image: Pixels, scale: float) -> Pixels:
    rendered = Jpeg().render(torch.from_numpy(image)[None], torch.tensor([[scale]]))
    return rendered[0].numpy().astype(np.uint8)


def by_pillow(image: Pixels, quality: int) -> Pixels:
    plain = Image.fromarray(image[0] if len(image) == 1 else image.transpose(1, 2, 0))
    file = BytesIO()
    plain.save(file, "JPEG", quality=quality, subsampling=2)
    found = np.asarray(Image.open(file))
    return found[None] if len(image) == 1 else found.transpose(2, 0, 1)


@pytest.mark.parametrize(("scale", "quality"), [(1, 50), (2, 25)])
@pytest.mark.parametrize("shape", [(1, 64, 64), (1, 45, 51), (3, 64, 96), (3, 45, 51)], ids=str)
def test_it_is_what_pillow_makes_of_it(shape: tuple[int, int, int], scale: float, quality: int) -> None:
    """Greys to a level or so; colours are smoothed between pixels by libjpeg, and repeated here."""
    image = picture(shape)
    found, expected = compressed(image, scale).astype(float), by_pillow(image, quality).astype(float)
    apart = np.abs(found - expected).mean()
    assert apart < (0.3 if shape[0] == 1 else 3)
    assert apart < 0.5 * np.abs(image - expected).mean()


def test_a_larger_scale_loses_more() -> None:
    image = picture((3, 64, 64)).astype(float)
    lost = [np.abs(compressed(image.astype(np.uint8), scale) - image).mean() for scale in (0.1, 0.5, 1, 2.78)]
    assert lost == sorted(lost)


def test_gradients_pass_through_the_roundings() -> None:
    """A brighter image is brighter after compression, too."""
    chain = Chain(parts=(Photometric(), Jpeg()))
    rows = torch.tensor([[0.0, 0, 0, 1]], dtype=torch.float64).requires_grad_()
    image = torch.from_numpy(picture((3, 32, 32)))[None].double()
    (gradient,) = torch.autograd.grad(chain.apply(image, rows).mean(), rows)
    assert float(gradient[0, 0]) == pytest.approx(1, abs=0.05)


def test_what_rounds_on_the_way_says_so() -> None:
    assert not Jpeg().continuous
    assert not Chain(parts=(Affine(), Jpeg())).continuous
    assert Chain(parts=(Affine(), Photometric())).continuous
