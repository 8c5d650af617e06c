"""A stack answers what its networks answer alone, and who is beside a network changes no bit of it."""

from collections.abc import Sequence

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from outvoted.actors.networks import CNN, MLP, Architecture, PlainCNN
from outvoted.actors.networks.stack import Stack
from outvoted.search.errors import OutvotedError

SHAPE, CLASSES = (1, 12, 12), 10
FORMS = [
    MLP(hidden=7),
    MLP(hidden=(16, 5), activation="relu"),
    MLP(hidden=5, activation="sigmoid", temperature=0.3),
    PlainCNN(channels=(2, 3), kernel=3, hidden=6),
    PlainCNN(channels=(3,), hidden=4, activation="sigmoid", temperature=2),
]
every_form = pytest.mark.parametrize("form", FORMS, ids=lambda form: form.label)


def networks(form: Architecture, number: int, shape: tuple[int, int, int] = SHAPE) -> list[nn.Sequential]:
    """Networks of one form with weights of their own."""
    found = []
    with torch.random.fork_rng():
        torch.manual_seed(number)
        for _ in range(number):
            network = form.build(shape, CLASSES)
            assert isinstance(network, nn.Sequential)
            found.append(network)
    return found


def images(number: int, shape: tuple[int, int, int] = SHAPE) -> torch.Tensor:
    return torch.rand(number, *shape, generator=torch.Generator().manual_seed(number))


@every_form
@pytest.mark.parametrize("shape", [(1, 12, 12), (3, 9, 14)])
def test_a_stack_answers_what_its_networks_answer(form: Architecture, shape: tuple[int, int, int]) -> None:
    alone = networks(form, 3, shape)
    shown = images(7, shape)
    with torch.inference_mode():
        expected = torch.stack([network(shown) for network in alone])
        torch.testing.assert_close(Stack(alone)(shown), expected)
        torch.testing.assert_close(Stack(alone)(shown.expand(3, *shown.shape)), expected)


def test_networks_are_asked_about_inputs_of_their_own() -> None:
    alone = networks(FORMS[0], 3)
    shown = images(12).view(3, 4, *SHAPE)
    with torch.inference_mode():
        expected = torch.stack([network(x) for network, x in zip(alone, shown, strict=True)])
        torch.testing.assert_close(Stack(alone)(shown), expected)


def test_hidden_gives_the_last_net_values_and_head_goes_on() -> None:
    alone = networks(FORMS[1], 2)
    stack, shown = Stack(alone), images(5)
    with torch.inference_mode():
        net = stack.hidden(shown)
        torch.testing.assert_close(net, torch.stack([network[:-2](shown) for network in alone]))
        assert torch.equal(stack.head(net), stack(shown))


def test_each_network_has_its_temperature() -> None:
    temperatures = (0.1, 1.0, 3.0)
    forms = [MLP(hidden=6, activation="sigmoid", temperature=one) for one in temperatures]
    alone = [networks(form, 1)[0] for form in forms]  # equal weights
    shown = images(4)
    with torch.inference_mode():
        answers = Stack(alone)(shown)
        expected = []
        for network, temperature in zip(alone, temperatures, strict=True):
            first, bias, second, last = network.state_dict().values()
            expected.append(
                torch.sigmoid((shown.flatten(1) @ first.T + bias) / temperature) @ second.T + last
            )
    torch.testing.assert_close(answers, torch.stack(expected))
    assert not torch.equal(answers[0], answers[1])


@every_form
def test_weights_are_those_that_the_networks_came_with(form: Architecture) -> None:
    alone = networks(form, 3)
    for network, weights in zip(alone, Stack(alone).weights(), strict=True):
        assert weights.keys() == network.state_dict().keys()
        restored = form.restore(SHAPE, CLASSES, weights)
        for name, value in restored.state_dict().items():
            assert torch.equal(value, network.state_dict()[name])
            assert weights[name].is_contiguous()


def test_views_share_memory_with_the_stack() -> None:
    stack = Stack(networks(FORMS[0], 2))
    for views in stack.views():
        for view in views:
            view.zero_()
    assert not any(parameter.any() for parameter in stack.parameters)


@every_form
@settings(max_examples=40)
@given(
    company=st.lists(st.integers(0, 4), min_size=1, max_size=5, unique=True),
    number=st.integers(1, 70),
)
def test_company_changes_no_bit_of_answers_and_gradients(
    form: Architecture, company: Sequence[int], number: int
) -> None:
    alone = networks(form, 5)
    shown = images(number)
    answers, gradients = _asked(Stack(alone), shown)
    few_answers, few_gradients = _asked(Stack([alone[index] for index in company]), shown)
    assert torch.equal(answers[list(company)], few_answers)
    for gradient, few in zip(gradients, few_gradients, strict=True):
        assert torch.equal(gradient[list(company)], few)


def _asked(stack: Stack, shown: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """Return answers, and the gradients of weights and inputs."""
    inputs = shown.repeat(stack.size, 1, 1, 1, 1).requires_grad_()
    answers = stack(inputs)
    gradients = torch.autograd.grad(answers.square().sum(), [inputs, *stack.parameters])
    return answers.detach(), list(gradients)


def test_networks_with_other_layers_are_refused() -> None:
    with pytest.raises(OutvotedError, match="BatchNorm2d") as refused:
        Stack(networks(CNN(), 2))
    assert "plain-cnn" in refused.value.remedy
