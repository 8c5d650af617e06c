"""Operators that trust sizes: what fits is answered as ever, what doesn't reads and writes nothing."""

from typing import Any

import pytest
import torch
from torch import Tensor, fx

from outvoted.actors.networks.operators import checked

ATEN = torch.ops.aten
LEAST = torch.iinfo(torch.int64).min


def some(*shape: int) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(4)) + 0.1


def normed(weight: int = 3, mean: int = 3) -> tuple[Any, ...]:
    return some(2, 3, 4), some(weight), some(weight), some(mean), some(mean)


def attended(values: int = 5, heads: int = 2, mask: Tensor | None = None) -> tuple[Any, ...]:
    return some(1, 2, 4, 8), some(1, heads, 5, 8), some(1, heads, values, 8), 0.0, False, mask


FLASH = ATEN._scaled_dot_product_flash_attention_for_cpu.default
FITTING: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "norm": (ATEN.native_batch_norm.default, (*normed(), True, 0.1, 1e-5)),
    "norm, no training": (ATEN._native_batch_norm_legit_no_training.default, (*normed(), 0.1, 1e-5)),
    "norm without weights": (
        ATEN._native_batch_norm_legit.no_stats,
        (some(2, 3, 4), None, None, True, 0.1, 1e-5),
    ),
    "weights' norm": (ATEN._weight_norm.default, (some(4, 3), some(4, 1))),
    "weights' norm, last": (ATEN._weight_norm.default, (some(4, 3), some(1, 3), 1)),
    "attention": (ATEN.scaled_dot_product_attention.default, attended()[:3]),
    "attention, flash": (FLASH, attended()[:5]),
    "quotient": (ATEN.div.Tensor_mode, (torch.tensor([7, LEAST]), torch.tensor([-1, 2]))),
}
UNFIT: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "a short weight": (ATEN.native_batch_norm.default, (*normed(weight=1), True, 0.1, 1e-5)),
    "a short mean": (ATEN.native_batch_norm.default, (*normed(mean=2), True, 0.1, 1e-5)),
    "no mean": (ATEN.native_batch_norm.default, (*normed()[:3], None, None, False, 0.1, 1e-5)),
    "no layers": (
        ATEN.lstm.input,
        (some(2, 3), [], [], False, -2, 0.0, False, False, False),
    ),
    "a long weight": (ATEN._native_batch_norm_legit_no_training.default, (*normed(4), 0.1, 1e-5)),
    "a short mean, functional": (
        ATEN._native_batch_norm_legit_functional.default,
        (*normed(mean=1), True, 0.1, 1e-5),
    ),
    "one norm for all rows": (ATEN._weight_norm.default, (some(4, 3), some(1))),
    "fewer values than keys": (ATEN.scaled_dot_product_attention.default, attended(values=1)[:3]),
    "fewer values than keys, flash": (FLASH, attended(values=1)[:5]),
    "fewer heads": (FLASH, attended(heads=1)[:5]),
    "the least number over -1": (ATEN.div.Tensor_mode, (torch.tensor([LEAST]), torch.tensor([-1]))),
}


def answered(operator: Any, arguments: tuple[Any, ...]) -> Any:
    graph = fx.Graph()
    named: dict[str, Any] = {"rounding_mode": "trunc"} if operator is ATEN.div.Tensor_mode else {}
    given = [graph.placeholder(f"x{place}") for place in range(len(arguments))]
    graph.output(graph.call_function(operator, tuple(given), named))
    return checked(fx.GraphModule(torch.nn.Module(), graph))(*arguments)


@pytest.mark.parametrize("case", FITTING)
def test_arguments_that_fit_are_answered_as_without_a_check(case: str) -> None:
    operator, arguments = FITTING[case]
    named = {"rounding_mode": "trunc"} if operator is ATEN.div.Tensor_mode else {}
    torch.testing.assert_close(
        answered(operator, arguments), operator(*arguments, **named), rtol=0, atol=0, equal_nan=True
    )


@pytest.mark.parametrize("case", UNFIT)
def test_arguments_that_do_not_fit_are_never_computed_with(case: str) -> None:
    with pytest.raises(ValueError, match="whose sizes don't go together"):
        answered(*UNFIT[case])


@pytest.mark.parametrize("mask", [(1, 1), (4, 5), (1, 1, 4, 5), (1, 2, 1, 5)])
def test_masks_that_can_be_spread_over_the_attention_are_taken(mask: tuple[int, ...]) -> None:
    arguments = attended()[:5]
    graph = fx.Graph()
    given = [graph.placeholder(f"x{place}") for place in range(6)]
    graph.output(graph.call_function(FLASH, tuple(given[:5]), {"attn_mask": given[5]}))
    program = checked(fx.GraphModule(torch.nn.Module(), graph))
    assert program(*arguments, some(*mask))[0].shape == (1, 2, 4, 8)
    with pytest.raises(ValueError, match="whose sizes don't go together"):
        program(*arguments, some(3, 5))


def test_an_lstm_with_weights_of_another_size_is_refused_by_pytorch() -> None:
    sizes = ((256, 1), (256, 64), (256,), (256,))
    graph = fx.Graph()
    images, state, *weights = (graph.placeholder(name) for name in ("x", "h", "a", "b", "c", "d"))
    settings = (True, 1, 0.0, False, False, False)
    graph.output(graph.call_function(ATEN.lstm.input, (images, [state, state], weights, *settings)))
    program = checked(fx.GraphModule(torch.nn.Module(), graph))
    with torch.no_grad(), pytest.raises(RuntimeError, match="shapes"):
        program(some(5, 2, 1000), some(1, 2, 64), *(some(*size) for size in sizes))


@pytest.mark.parametrize("kind", [-1, 10**6])
def test_a_number_is_no_type_of_numbers(kind: int) -> None:
    graph = fx.Graph()
    image = graph.placeholder("x")
    graph.output(graph.call_function(ATEN.log_softmax.int, (image, 0, kind)))
    with pytest.raises(ValueError, match="another dtype than there is"):
        checked(fx.GraphModule(torch.nn.Module(), graph))
