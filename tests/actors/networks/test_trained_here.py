"""Architectures: what they build fits the images, and they survive being written down."""

import pytest
import torch
from pydantic import TypeAdapter, ValidationError
from torch import nn

from outvoted.actors.networks import (
    CNN,
    MLP,
    Architecture,
    DeepCNN,
    InputRecipe,
    Network,
    PreprocessedNetwork,
    ViT,
)
from outvoted.search.errors import OutvotedError

NETWORK: TypeAdapter[Network] = TypeAdapter(Network)
EVERY = [
    MLP(hidden=5),
    MLP(hidden=(4, 6)),
    MLP(hidden=7, activation="relu"),
    CNN(channels=2, hidden=8),
    CNN(dropout=0),
    DeepCNN(channels=(2, 3, 3, 4), hidden=(6, 5)),
    ViT(patch=1, width=4, heads=1, blocks=1, hidden=6),
    PreprocessedNetwork(network=ViT(width=4, heads=2, blocks=1, hidden=6), input=InputRecipe(size=(14, 21))),
]


@pytest.mark.parametrize("architecture", EVERY, ids=repr)
@pytest.mark.parametrize(("shape", "classes"), [((1, 28, 28), 10), ((3, 32, 32), 4), ((1, 9, 13), 2)])
def test_a_network_gives_one_logit_for_each_class(
    architecture: Architecture, shape: tuple[int, int, int], classes: int
) -> None:
    network = architecture.build(shape, classes).eval()
    assert network(torch.zeros(4, *shape)).shape == (4, classes)


@pytest.mark.parametrize("architecture", EVERY, ids=repr)
def test_what_is_written_down_is_read_back(architecture: Architecture) -> None:
    assert NETWORK.validate_json(architecture.model_dump_json()) == architecture


@pytest.mark.parametrize("architecture", EVERY, ids=repr)
def test_building_twice_from_one_generator_state_gives_one_network(architecture: Architecture) -> None:
    built = []
    for _ in range(2):
        with torch.random.fork_rng():
            torch.manual_seed(3)
            built.append(architecture.build((1, 12, 12), 3).state_dict())
    assert all(torch.equal(value, built[1][name]) for name, value in built[0].items())


@pytest.mark.parametrize(
    ("activation", "module"), [("tanh", nn.Tanh), ("sigmoid", nn.Sigmoid), ("relu", nn.ReLU)]
)
def test_an_mlp_is_built_with_its_activation(activation: str, module: type[nn.Module]) -> None:
    network = MLP.model_validate({"activation": activation}).build((1, 4, 4), 2)
    assert [type(layer) for layer in network.children()] == [nn.Flatten, nn.Linear, module, nn.Linear]


def test_an_mlp_has_one_hidden_layer_of_its_width() -> None:
    weights = MLP(hidden=30).build((1, 28, 28), 10).state_dict()
    assert sorted(value.numel() for value in weights.values()) == [10, 30, 300, 23520]


@pytest.mark.parametrize(
    "values",
    [
        {"kind": "rnn"},
        {"hidden": 30},
        {"kind": "mlp", "hidden": 0},
        {"kind": "mlp", "channels": 3},
        {"kind": "cnn", "dropout": 1.0},
        {"kind": "mlp", "activation": "gelu"},
    ],
)
def test_what_no_architecture_means_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        NETWORK.validate_python(values)


def test_one_hidden_layer_is_built_and_named_alike_by_a_number_and_by_a_list() -> None:
    built = [MLP(hidden=hidden).build((1, 4, 4), 3) for hidden in (7, (7,))]
    assert [str(network) for network in built] == [str(built[0])] * 2
    assert [MLP(hidden=hidden).label for hidden in (7, (7,), (7, 9))] == ["mlp-7", "mlp-7", "mlp-7x9"]


def test_every_hidden_layer_has_its_width_and_activation() -> None:
    network = MLP(hidden=(7, 9), activation="relu").build((1, 1, 2), 3)
    assert [module.out_features for module in network.modules() if isinstance(module, nn.Linear)] == [7, 9, 3]
    assert sum(isinstance(module, nn.ReLU) for module in network.modules()) == 2


def test_a_network_without_layers_is_refused() -> None:
    with pytest.raises(OutvotedError):
        MLP(hidden=())
