"""The networks of a DCGAN: five layers each, for images of any size."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from outvoted.actors.training.generators import dcgan
from outvoted.search.errors import OutvotedError

SIDES = st.integers(dcgan.SMALLEST, 40)


@settings(max_examples=25)
@given(channels=st.integers(1, 3), height=SIDES, width=SIDES, maps=st.integers(1, 4))
def test_what_one_makes_the_other_judges(channels: int, height: int, width: int, maps: int) -> None:
    shape = (channels, height, width)
    made = dcgan.generator(shape, maps)(torch.randn(2, dcgan.LATENT, 1, 1))
    assert made.shape == (2, *shape)
    assert bool((made.abs() <= 1).all())
    assert dcgan.discriminator(shape, maps)(made).shape == (2, 1, 1, 1)


def test_both_have_five_convolutions() -> None:
    made, judged = dcgan.generator((1, 28, 28), 4), dcgan.discriminator((1, 28, 28), 4)
    assert [type(layer) for layer in made if isinstance(layer, nn.ConvTranspose2d)] == [
        nn.ConvTranspose2d
    ] * 5
    assert [type(layer) for layer in judged if isinstance(layer, nn.Conv2d)] == [nn.Conv2d] * 5


def test_digits_grow_as_the_docstring_says() -> None:
    at, sides = torch.randn(2, dcgan.LATENT, 1, 1), []
    for layer in dcgan.generator((1, 28, 28), 4):
        at = layer(at)
        if isinstance(layer, nn.ConvTranspose2d):
            sides.append(at.shape[2])
    assert sides == [4, 7, 14, 28, 28]


def test_first_weights_are_normal_with_deviation_a_fiftieth() -> None:
    network = dcgan.generator((1, 28, 28), 32)
    dcgan.begin(network, torch.Generator().manual_seed(0))
    weights = torch.cat([one.weight.flatten() for one in network if isinstance(one, nn.ConvTranspose2d)])
    assert abs(float(weights.detach().mean())) < 0.001
    assert abs(float(weights.detach().std()) - 0.02) < 0.001


@pytest.mark.parametrize("shape", [(1, 7, 28), (1, 28, 129), (3, 1, 1)])
def test_other_sizes_are_refused(shape: tuple[int, int, int]) -> None:
    with pytest.raises(OutvotedError, match="8 to 128 pixels"):
        dcgan.check_shape(shape)
