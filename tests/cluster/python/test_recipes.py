"""What networks want done to images: said by a keyword, the same as a wrapper of one's own."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from outvoted import OutvotedError, Panel, mine
from outvoted.actors.data.datasets import Dataset
from outvoted.cluster.python.recipes import prepared, recipes
from outvoted.networks import InputRecipe
from tests.cluster.python.conftest import Networks

MEAN, STD = 0.1307, 0.3081


class Undone(nn.Module):
    """Wants normalised images, as a network trained on them does."""

    def __init__(self, network: nn.Module, mean: float = MEAN, std: float = STD) -> None:
        super().__init__()
        self.network, self.mean, self.std = network, mean, std

    def forward(self, images: torch.Tensor) -> Any:
        return self.network(images * self.std + self.mean)


@pytest.fixture
def wanting(networks: Networks) -> Networks:
    return {name: Undone(network) for name, network in networks.items()}


@pytest.mark.parametrize(
    "said",
    [
        {"mean": MEAN, "std": STD},
        {"mean": [MEAN], "std": np.array([STD])},
        {"recipe": InputRecipe(mean=(MEAN,), std=(STD,))},
    ],
)
def test_networks_that_want_normalised_images_get_them(
    said: dict[str, Any], networks: Networks, wanting: Networks, digits: Dataset
) -> None:
    few = digits.test.images[:20]
    images = digits.train.images, digits.train.labels
    expected = Panel(networks, *images).vote(few)
    found = Panel(wanting, *images, referee=wanting["mlp-6"], **said)
    np.testing.assert_allclose(found.vote(few), expected, rtol=1e-5)
    assert mine(found, per_target=5, patience=40, progress=False).mistakes["valid"].notna().all()
    assert all(isinstance(one, Undone) for one in found.networks.values())


def test_each_network_may_have_a_recipe_of_its_own(networks: Networks, digits: Dataset) -> None:
    names = list(networks)
    mixed = networks | {names[0]: Undone(networks[names[0]])}
    few = digits.test.images[:20]
    images = digits.train.images, digits.train.labels
    found = Panel(mixed, *images, recipe={names[0]: InputRecipe(mean=(MEAN,), std=(STD,))})
    np.testing.assert_allclose(found.vote(few), Panel(networks, *images).vote(few), rtol=1e-5)


def test_timms_recipe_is_that_of_each_network() -> None:
    network = nn.Flatten()
    network.pretrained_cfg = {"mean": (0.5, 0.5, 0.5), "std": (0.25, 0.5, 1.0)}  # type: ignore[assignment]
    seen = prepared("a", network, "timm", (3, 1, 1))(torch.full((2, 3, 1, 1), 0.75))
    assert seen.tolist() == [[1.0, 0.5, 0.25]] * 2


def test_torchvisions_recipe_is_imagenets_and_grey_images_are_repeated() -> None:
    white = torch.ones(1, 1, 1, 1)
    expected = [[(1 - mean) / std for mean, std in ((0.485, 0.229), (0.456, 0.224), (0.406, 0.225))]]
    found = prepared("a", nn.Flatten(), "torchvision", (1, 1, 1))(white)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-6)


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "both": ({"mean": 0, "std": 1, "recipe": "timm"}, "either mean= and std=, or recipe="),
    "mean alone": ({"mean": 0}, "pass mean=0 or std=1"),
    "grey levels": ({"mean": (123.7, 116.3, 103.5), "std": (58.4, 57.1, 57.4)}, "divide both by 255"),
    "no deviation": ({"mean": 0, "std": 0}, "std= above 0"),
    "words": ({"mean": "imagenet", "std": 1}, "numbers in mean="),
    "a stranger": ({"recipe": {"c": "timm"}}, "'c'"),
}


@pytest.mark.parametrize("which", WRONG)
def test_recipes_that_are_none_are_refused(which: str) -> None:
    said, told = WRONG[which]
    wanted = {"mean": None, "std": None, "recipe": None} | said
    with pytest.raises(OutvotedError) as caught:
        recipes(["a", "b", "referee"], **wanted)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("recipe", "shape", "told"),
    [
        ("timm", (3, 1, 1), "a pretrained_cfg on the network 'a'"),
        (InputRecipe(mean=(0.5,) * 3, std=(0.5,) * 3), (1, 1, 1), "'a': a mean and a std for each"),
    ],
)
def test_recipes_that_dont_fit_a_network_name_it(recipe: Any, shape: Any, told: str) -> None:
    with pytest.raises(OutvotedError) as caught:
        prepared("a", nn.Flatten(), recipe, shape)
    assert told in caught.value.expected
