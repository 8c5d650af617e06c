"""The door: no network that misbehaves is mined without a word, and none that is well is refused."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from outvoted import Panel, mine
from outvoted.actors.data.datasets import Dataset
from outvoted.actors.networks import (
    CNN,
    MLP,
    Architecture,
    DeepCNN,
    InputRecipe,
    PlainCNN,
    PreprocessedNetwork,
    ViT,
)
from outvoted.actors.networks.user_modules import copied
from outvoted.actors.panel.answers import Sample, sample
from outvoted.actors.panel.checking import check, examine
from outvoted.actors.panel.panel_settings import PanelSettings, recipes
from outvoted.search.errors import OutvotedError
from tests.actors.panel.zoo import (
    CLASSES,
    LAZY,
    SHAPE,
    SINGLE_ALONE,
    WELL,
    WITHOUT_GRADIENT,
    WRONG_ALWAYS,
    FirstCall,
    base,
    build,
)

pytestmark = pytest.mark.filterwarnings(
    "ignore::FutureWarning", "ignore::DeprecationWarning", "ignore:.*retain_grad"
)
Road = Callable[[str, Dataset, str], None]
BOTH = WRONG_ALWAYS | WITHOUT_GRADIENT


def from_python(name: str, digits: Dataset, strategy: str) -> None:
    """Hand a network over from Python, and mine for what it answers other than others like it."""
    images, networks = digits.train.images[:60], {}
    for key in ("odd", "b", "c"):
        torch.manual_seed(0)
        networks[key] = build(name)
    labels = Panel(networks, images, digits.train.labels[:60], classes=CLASSES).vote(images)[0].argmax(1)
    panel = Panel(networks, images, labels, classes=CLASSES)
    found = mine(panel, per_target=1, patience=2, progress=False, strategy={"kind": strategy})
    assert not found.summary["failures"]


def from_a_configuration(name: str, digits: Dataset, strategy: str) -> None:
    """Check a network as the commands do."""
    odd = {"kind": "python", "factory": "tests.actors.panel.zoo:build", "arguments": {"name": name}}
    panel = PanelSettings.model_validate({"networks": [{"kind": "mlp"}, odd]})
    wanted = recipes(panel, None)
    said = check(wanted, SHAPE, CLASSES, digits.train, strategy == "gradient")
    assert not said


ROADS = {"odd": from_python, "panel.networks.1 (build)": from_a_configuration}


@pytest.mark.parametrize("place", ROADS)
@pytest.mark.parametrize("name", BOTH)
def test_no_network_that_misbehaves_is_mined_without_a_word(name: str, place: str, digits: Dataset) -> None:
    with pytest.raises(OutvotedError) as caught:
        ROADS[place](name, digits, "gradient")
    assert caught.value.expected.startswith((f"'{place}': ", f"{place}: "))
    assert BOTH[name][1] in str(caught.value)
    assert " at 0x" not in str(caught.value)


@pytest.mark.parametrize("place", ROADS)
@pytest.mark.parametrize("name", WITHOUT_GRADIENT)
def test_without_gradients_other_strategies_remain(name: str, place: str, digits: Dataset) -> None:
    ROADS[place](name, digits, "hillclimb")


@pytest.mark.parametrize("place", ROADS)
@pytest.mark.parametrize("name", WELL)
def test_no_network_that_is_well_is_refused(name: str, place: str, digits: Dataset) -> None:
    ROADS[place](name, digits, "gradient")


@pytest.mark.parametrize("name", SINGLE_ALONE)
def test_one_that_works_in_single_precision_alone_is_mined_and_told(name: str, digits: Dataset) -> None:
    images, labels = digits.train.images[:100], digits.train.labels[:100]
    with pytest.warns(UserWarning, match=f"'{name}': it works in single precision alone"):
        panel = Panel({name: build(name), "base": base()}, images, labels, classes=CLASSES)
    found = mine(panel, per_target=1, patience=2, progress=False)
    assert not found.summary["failures"]


@pytest.fixture
def images(digits: Dataset) -> Sample:
    return sample(digits.train, SHAPE, CLASSES)


BUILT_IN: list[Architecture] = [
    MLP(hidden=10),
    CNN(),
    PlainCNN(),
    DeepCNN(),
    ViT(),
    PreprocessedNetwork(network=MLP(hidden=10), input=InputRecipe(mean=(0.1307,), std=(0.3081,))),
]


@pytest.mark.parametrize("architecture", BUILT_IN, ids=lambda one: one.label)
def test_built_in_networks_pass(architecture: Architecture, images: Sample) -> None:
    assert examine(architecture.build(SHAPE, CLASSES), images, gradients=True) is None


def test_being_looked_at_changes_nothing(images: Sample) -> None:
    network = build("grid").train()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    numbers = torch.get_rng_state(), np.random.get_state(legacy=False)["state"]["key"].tolist()
    examine(network, images, gradients=True)
    assert network.training
    assert network.scale is None
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())
    assert torch.equal(torch.get_rng_state(), numbers[0])
    assert np.random.get_state(legacy=False)["state"]["key"].tolist() == numbers[1]


def test_one_that_computes_in_single_precision_by_itself_is_told(images: Sample) -> None:
    class Inside(torch.nn.Module):
        """Last bits depend on the place in the batch, as those of single precision do."""

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            place = torch.arange(len(images), dtype=images.dtype)[:, None]
            return images.flatten(1)[:, 300:310] * (1 + 1e-7 * place)

    said = examine(Inside(), images)
    assert said is not None
    assert "single precision somewhere" in said


def test_a_network_that_fails_on_some_images_passes(images: Sample) -> None:
    class Picky(torch.nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            if (images.mean((1, 2, 3)) > 0.3).any():
                raise ValueError("too much ink")
            return images.flatten(1)[:, 300:310]

    assert examine(Picky(), images, gradients=True) is None


def test_numbers_from_0_to_1_of_a_network_that_knows_nothing_may_be_logits(images: Sample) -> None:
    linear = torch.nn.Linear(784, CLASSES)
    torch.nn.init.normal_(linear.weight, std=0.1, generator=torch.Generator().manual_seed(1))
    low = torch.nn.Sequential(torch.nn.Flatten(), linear, torch.nn.Sigmoid())
    assert examine(low, images) is None


def test_a_single_output_for_two_classes_is_told_how_to_become_two(digits: Dataset) -> None:
    two = sample(digits.train, SHAPE, 2)
    one = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 1))
    with pytest.raises(OutvotedError, match=r"torch\.cat\(\[torch\.zeros_like\(z\), z\], 1\)"):
        examine(one, two)


@pytest.mark.parametrize("name", LAZY)
def test_lazy_layers_are_mined_by_gradients_like_any(name: str, digits: Dataset) -> None:
    images, labels = digits.train.images[:300], digits.train.labels[:300]
    networks = [build(name), base(), base()]
    panel = Panel(networks, images, labels, classes=CLASSES)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they know nothing
        found = mine(panel, per_target=3, progress=False, strategy={"kind": "gradient"})
    assert not found.summary["failures"]
    assert any(torch.nn.parameter.is_lazy(one) for one in networks[0].parameters())


@pytest.mark.parametrize("name", LAZY)
def test_lazy_layers_of_a_factory_have_their_shapes(name: str, digits: Dataset) -> None:
    from_a_configuration(name, digits, "gradient")


def test_layers_of_the_first_call_are_mined_but_not_trained(digits: Dataset) -> None:
    images, labels = digits.train.images[:100], digits.train.labels[:100]
    assert Panel([FirstCall(), base()], images, labels).vote(images[:2]).shape == (2, 2, CLASSES)
    with pytest.raises(OutvotedError, match="layers that it makes at its first call"):
        from_a_configuration("first call", digits, "hillclimb")


def test_one_class_alone_is_refused() -> None:
    panel = PanelSettings.model_validate({"networks": [{"kind": "mlp"}, {"kind": "mlp", "hidden": 5}]})
    with pytest.raises(OutvotedError, match="at least 2 classes"):
        check(recipes(panel, None), SHAPE, 1)


def test_a_copy_shares_nothing_with_the_network() -> None:
    network: Any = build("weight_norm")
    copy: Any = copied(network)
    assert not {one.data_ptr() for one in network.parameters()} & {
        one.data_ptr() for one in copy.parameters()
    }
    image = torch.rand(1, *SHAPE)
    expected = network.eval()(image).detach().clone()
    with torch.no_grad():
        network[1].weight_g.mul_(2)
    torch.testing.assert_close(copy.eval()(image), expected)
