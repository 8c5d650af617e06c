"""The networks of the boundary study: their layers, which images they refuse, and how they answer."""

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import nn

from outvoted.actors.data.datasets import Dataset, Split
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
from outvoted.actors.networks.members import Member
from outvoted.actors.panel.peer import Peer, voter
from outvoted.actors.panel.renderer import Renderer
from outvoted.search.errors import OutvotedError
from outvoted.search.messages import Candidates, TakeGradient
from outvoted.search.transforms import Affine

SMALL = [
    DeepCNN(channels=(2, 3, 3, 4), hidden=(6, 5)),
    ViT(width=8, heads=2, blocks=2, hidden=8),
    PreprocessedNetwork(network=MLP(hidden=6), input=InputRecipe(mean=(0.13,), std=(0.31,))),
]
each = pytest.mark.parametrize("architecture", SMALL, ids=["deep-cnn", "vit", "normalised mlp"])


def member(architecture: Architecture) -> Member:
    """A network as it is before training."""
    torch.manual_seed(0)
    weights = architecture.build((1, 28, 28), 10).state_dict()
    return Member("one", "peer", architecture, 0, dict(weights), ())


@each
def test_an_image_gets_one_answer_whatever_comes_with_it(architecture: Architecture, digits: Dataset) -> None:
    images = digits.test.images[:150]  # more than a batch, so the last is padded
    peer = voter(member(architecture), digits.shape, digits.classes)
    together = peer.vote(images)
    order = np.random.default_rng(0).permutation(150)
    np.testing.assert_array_equal(together[order], peer.vote(images[order]))
    alone = [peer.vote(images[[i]])[0] for i in (0, 77, 149)]
    np.testing.assert_array_equal(together[[0, 77, 149]], alone)


@each
def test_answers_stay_the_same_while_networks_are_evaluated(architecture: Architecture) -> None:
    network, images = architecture.build((1, 28, 28), 10).eval(), torch.rand(3, 1, 28, 28)
    assert torch.equal(network(images), network(images))


@each
def test_double_precision_says_what_single_does(architecture: Architecture) -> None:
    network, images = architecture.build((1, 28, 28), 10).eval(), torch.rand(3, 1, 28, 28)
    single = network(images)
    torch.testing.assert_close(network.double()(images.double()).float(), single, rtol=1e-4, atol=1e-5)


@each
def test_answers_have_a_slope_along_every_move(architecture: Architecture, digits: Dataset) -> None:
    network, transform = member(architecture).build(digits.shape, digits.classes), Affine()
    labels = voter(member(architecture), digits.shape, digits.classes).vote(digits.test.images[:4]).argmax(1)
    peer = Peer(network, Renderer(transform, Split(digits.test.images[:4], labels.astype(np.int64))))
    always = np.full(4, TakeGradient.IF_CORRECT, np.uint8)
    answers = peer.ask(
        Candidates(np.arange(4, dtype=np.int32), transform.identity(4).astype(np.float32), always)
    )
    assert answers.gradient is not None
    assert np.isfinite(answers.gradient).all()
    assert (np.abs(answers.gradient).max(1) > 0).all()


def test_a_deep_cnn_has_the_layers_of_the_paper() -> None:
    network = DeepCNN().build((1, 28, 28), 10)
    kinds = [type(layer) for layer in network]
    counts = {kind: kinds.count(kind) for kind in (nn.Conv2d, nn.BatchNorm2d, nn.MaxPool2d, nn.Linear)}
    assert counts == {nn.Conv2d: 4, nn.BatchNorm2d: 4, nn.MaxPool2d: 3, nn.Linear: 3}
    assert [layer.p for layer in network if isinstance(layer, nn.Dropout)] == [0.4]
    assert kinds[-3:] == [nn.ReLU, nn.Dropout, nn.Linear]  # it is the middle one's


def test_a_vit_has_the_layers_of_the_paper() -> None:
    network = ViT().build((1, 28, 28), 10)
    sizes = [
        (layer.in_features, layer.out_features) for layer in network.modules() if isinstance(layer, nn.Linear)
    ]
    assert sizes == [(49, 64), *[(64, 192), (64, 64), (64, 128), (128, 64)] * 6, (64, 10)]
    assert not [layer for layer in network.modules() if isinstance(layer, nn.Dropout)]


def test_attention_is_what_torch_computes_of_the_same_weights() -> None:
    network = ViT(width=8, heads=2, blocks=1).build((1, 28, 28), 10).double()
    (block,) = network.get_submodule("blocks").children()
    reference = nn.MultiheadAttention(8, 2, batch_first=True).double()
    attend, join = block.get_submodule("attend"), block.get_submodule("join")
    weights = {
        "in_proj_weight": attend.weight,
        "in_proj_bias": attend.bias,
        "out_proj.weight": join.weight,
        "out_proj.bias": join.bias,
    }
    reference.load_state_dict(weights)
    reference.out_proj.bias.data += 1  # so that the comparison can fail
    tokens = torch.rand(3, 16, 8, dtype=torch.float64)
    normed = block.get_submodule("before_attention")(tokens)
    expected = tokens + reference(normed, normed, normed, need_weights=False)[0] - 1
    block.get_submodule("hidden").get_parameter("2.weight").data.zero_()
    block.get_submodule("hidden").get_parameter("2.bias").data.zero_()
    torch.testing.assert_close(block(tokens), expected)


def test_where_a_patch_lies_is_seen() -> None:
    network, images = SMALL[1].build((1, 28, 28), 10).eval(), torch.rand(1, 1, 28, 28)
    assert not torch.allclose(network(images), network(images.roll(7, 3)), atol=1e-6)


@pytest.mark.parametrize("shape", [(1, 28, 30), (1, 9, 14), (3, 32, 32)])
def test_a_vit_refuses_images_that_patches_do_not_fill(shape: tuple[int, int, int]) -> None:
    with pytest.raises(OutvotedError, match=rf"multiples of patch: 7\n.*{shape[1]} x {shape[2]} pixels"):
        ViT().build(shape, 10)


@pytest.mark.parametrize(
    ("network", "least"), [(DeepCNN(), 8), (CNN(), 4), (PlainCNN(channels=(2, 2, 2, 2)), 16)]
)
def test_a_cnn_refuses_images_too_small_to_be_pooled(network: Architecture, least: int) -> None:
    with pytest.raises(OutvotedError, match=rf"at least {least} x {least} pixels[^$]*{least - 1} x 20"):
        network.build((1, least - 1, 20), 10)
    assert network.build((1, least, least), 10).eval()(torch.rand(1, 1, least, least)).shape == (1, 10)


@pytest.mark.parametrize(
    "values",
    [{"width": 60}, {"patch": 0}, {"heads": 3}, {"blocks": 0}, {"dropout": 0.1}],
)
def test_what_no_vit_means_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ViT.model_validate(values)


@pytest.mark.parametrize("values", [{"channels": (4, 4, 4)}, {"hidden": 30}, {"dropout": 1}])
def test_what_no_deep_cnn_means_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        DeepCNN.model_validate(values)


def test_a_network_behind_its_input_sees_what_the_recipe_makes() -> None:
    torch.manual_seed(0)
    network = PreprocessedNetwork(network=MLP(hidden=6), input=InputRecipe(mean=(0.13,), std=(0.31,))).build(
        (1, 4, 4), 3
    )
    images = torch.rand(2, 1, 4, 4)
    torch.testing.assert_close(network(images), network.get_submodule("network")((images - 0.13) / 0.31))


def test_a_network_behind_its_input_is_called_as_without() -> None:
    assert PreprocessedNetwork(network=MLP(hidden=6)).label == MLP(hidden=6).label
