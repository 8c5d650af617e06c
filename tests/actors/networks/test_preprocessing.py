"""Input recipes: what a network sees is what plain arithmetic says."""

from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from pydantic import ValidationError
from torch import nn

from outvoted.actors.networks import InputRecipe, Preprocessed, Shape
from outvoted.search.errors import OutvotedError

RNG = np.random.default_rng(0)
COLOUR = RNG.random((2, 3, 12, 16))
GREY = RNG.random((2, 1, 12, 16))


def seen(recipe: InputRecipe, images: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return what a network behind a recipe sees of images."""
    shape: Shape = images.shape[1:]
    return np.asarray(Preprocessed(recipe, shape, nn.Identity())(torch.from_numpy(images)))


def test_the_usual_recipe_changes_nothing() -> None:
    np.testing.assert_array_equal(seen(InputRecipe(), COLOUR), COLOUR)
    np.testing.assert_array_equal(seen(InputRecipe(), GREY), GREY)


def test_mean_and_std_are_those_of_plain_arithmetic() -> None:
    recipe = InputRecipe(scale=255, mean=(1, 2, 3), std=(4, 5, 6))
    expected = np.empty_like(COLOUR)
    for channel in range(3):
        expected[:, channel] = (255 * COLOUR[:, channel] - (1, 2, 3)[channel]) / (4, 5, 6)[channel]
    np.testing.assert_allclose(seen(recipe, COLOUR), expected, rtol=1e-14)


def test_one_number_serves_all_channels() -> None:
    expected = (255 * COLOUR - 127) / 128
    np.testing.assert_allclose(
        seen(InputRecipe(scale=255, mean=(127,), std=(128,)), COLOUR), expected, rtol=1e-14
    )


def test_bgr_turns_the_channels_round_before_mean_and_std() -> None:
    blue_first = COLOUR[:, [2, 1, 0]]
    found = seen(InputRecipe(layout="bgr", scale=255, mean=(103.939, 116.779, 123.68)), COLOUR)
    expected = 255 * blue_first - np.array([103.939, 116.779, 123.68])[:, None, None]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_grey_is_repeated_and_colour_is_weighed() -> None:
    np.testing.assert_array_equal(seen(InputRecipe(channels=3), GREY), np.repeat(GREY, 3, axis=1))
    expected = 0.299 * COLOUR[:, :1] + 0.587 * COLOUR[:, 1:2] + 0.114 * COLOUR[:, 2:]
    np.testing.assert_allclose(seen(InputRecipe(channels=1), COLOUR), expected, rtol=1e-12)


@pytest.mark.parametrize("size", [(6, 8), (5, 7), (20, 9), (24, 32)])
@pytest.mark.parametrize("resize", ["bilinear", "bicubic"])
def test_resizing_is_pillows(resize: str, size: tuple[int, int]) -> None:
    found = seen(InputRecipe.model_validate({"size": size, "resize": resize}), GREY)
    assert found.shape == (2, 1, *size)
    how = getattr(Image.Resampling, resize.upper())
    for image, other in zip(GREY[:, 0], found[:, 0], strict=True):
        expected = np.asarray(Image.fromarray(image.astype(np.float32)).resize(size[::-1], how))
        # filters agree but for the cubic's parameter where it enlarges
        np.testing.assert_allclose(other, expected, atol=1e-5 if resize == "bilinear" else 0.2)


def test_gradients_pass_through_every_step() -> None:
    recipe = InputRecipe(size=(5, 7), channels=3, layout="bgr", scale=255, mean=(1, 2, 3), std=(4, 5, 6))
    images = torch.from_numpy(GREY).requires_grad_()
    torch.autograd.backward(Preprocessed(recipe, (1, 12, 16), nn.Identity())(images).sum())
    assert images.grad is not None
    each = 255 * (1 / 4 + 1 / 5 + 1 / 6) * 35  # a resize keeps the sum's weight, 35 pixels for 192
    np.testing.assert_allclose(images.grad.sum((1, 2, 3)), each, rtol=1e-9)


def test_a_recipe_adds_nothing_to_the_weights() -> None:
    prepared = Preprocessed(InputRecipe(mean=(0.5,)), (3, 4, 4), nn.Linear(2, 3))
    assert set(prepared.state_dict()) == {"network.weight", "network.bias"}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_numbers_keep_their_width(dtype: torch.dtype) -> None:
    prepared = Preprocessed(InputRecipe(size=(6, 6), mean=(0.5,)), (3, 12, 16), nn.Identity())
    assert prepared(torch.from_numpy(COLOUR).to(dtype)).dtype == dtype
    assert prepared.to(dtype)(torch.from_numpy(COLOUR).to(dtype)).dtype == dtype


@pytest.mark.parametrize(
    "values",
    [
        {"size": [0, 4]},
        {"size": 224},
        {"channels": 2},
        {"layout": "gbr"},
        {"layout": "bgr", "channels": 1},
        {"mean": [1, 2]},
        {"mean": []},
        {"channels": 1, "std": [1, 2, 3]},
        {"std": [0]},
        {"std": [float("nan")]},
        {"scale": -1},
        {"resize": "nearest"},
        {"crop": 224},
    ],
)
def test_what_no_recipe_means_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        InputRecipe.model_validate(values)


@pytest.mark.parametrize(
    ("recipe", "channels"),
    [
        (InputRecipe(layout="bgr"), 1),
        (InputRecipe(mean=(1, 2, 3)), 1),
        (InputRecipe(channels=3), 2),
        (InputRecipe(channels=1), 4),
    ],
)
def test_images_that_a_recipe_cannot_turn_into_its_own_are_refused(
    recipe: InputRecipe, channels: int
) -> None:
    with pytest.raises(OutvotedError, match=r"input\.channels"):
        recipe.seen((channels, 8, 8))
