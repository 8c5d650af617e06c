"""Which border a transform has, and that a run's settings say so."""

import pytest
import torch

from outvoted.search.search_settings import SearchSettings
from outvoted.search.settings import Settings
from outvoted.search.transforms import Affine, Border, Chain, Crop, Geometric, Photometric
from tests.search.transforms.cases import BORDERS, images, singles

MOVED = singles(Affine().compose(Affine().identity(4), Affine().place(torch.eye(6)[:4].double().numpy())))


@pytest.mark.parametrize(("channels", "expected"), [(1, "black"), (3, "reflect")])
def test_left_alone_digits_get_black_borders_and_photographs_mirrored_ones(
    channels: int, expected: Border
) -> None:
    seeds = images(4, (channels, 12, 9), 3)
    named = Affine(border=expected)
    assert Affine().settled(channels) == named
    assert torch.equal(Affine().render(seeds, MOVED), named.render(seeds, MOVED))


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("channels", [1, 3])
def test_a_border_that_was_chosen_stays(border: Border, channels: int) -> None:
    assert Affine(border=border).settled(channels) == Affine(border=border)


def test_settling_reaches_every_transform_within_settings_and_changes_nothing_else() -> None:
    class Outer(Settings):
        search: SearchSettings
        augment: Geometric | None
        number: int = 5

    parts = (Affine(), Photometric(), Crop(border="edge"))
    open_ = Outer(search=SearchSettings(transform=Chain(parts=parts)), augment=Crop())
    settled = open_.settled(3)
    named = (Affine(border="reflect"), Photometric(), Crop(border="edge"))
    assert settled == Outer(
        search=SearchSettings(transform=Chain(parts=named)), augment=Crop(border="reflect")
    )
    assert settled.settled(1) == settled
    assert open_.augment == Crop()
