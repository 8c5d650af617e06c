"""Operators that trust their arguments, called only once these have been looked at.

Most operators of PyTorch refuse arguments that don't go together. Those below read, or write, beyond the end
of a tensor instead: the functions that usually call them have looked at the sizes before. An exported program
calls them directly, with whatever its file says. A number in place of a dtype is taken as it is, too.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch.fx import GraphModule, Node

Values = dict[str, Any]
"""Arguments by their names."""
_KINDS: dict[str, type] = {
    "ScalarType": torch.dtype,
    "Layout": torch.layout,
    "MemoryFormat": torch.memory_format,
}
"""Types that are numbers to PyTorch; it does not ask whether there is one of that number."""


def checked(program: GraphModule) -> GraphModule:
    """Have a program's operators compare sizes before they compute.

    Raises:
        ValueError: an operator is given something else than a type where it wants one.
    """
    for node in program.graph.nodes:
        if isinstance(node.target, torch._ops.OpOverload):
            _check_kinds(node)
            name = node.target._schema.name.removeprefix("aten::")
            operator = _without_onednn(node.target) if name == "lstm" else node.target
            if name in _FIT:
                node.target = _after(_FIT[name], node.target._schema, operator)
    program.recompile()
    return program


def _check_kinds(node: Node) -> None:
    wanted = node.target._schema.arguments  # type: ignore[union-attr]
    given = {**dict(zip((one.name for one in wanted), node.args, strict=False)), **node.kwargs}
    for one in wanted:
        kind = _KINDS.get(str(one.real_type).removeprefix("Optional[").removesuffix("]"))
        if kind is not None and not isinstance(given.get(one.name), kind | None):
            raise ValueError(f"{node.target} with another {one.name} than there is")


def _after(fit: Callable[[Values], bool], schema: Any, operator: Any) -> Callable[..., Any]:
    names = [argument.name for argument in schema.arguments]

    def called(*arguments: Any, **named: Any) -> Any:
        if not fit({**dict(zip(names, arguments, strict=False)), **named}):
            raise ValueError(f"{schema.name}: arguments whose sizes don't go together")
        return operator(*arguments, **named)

    return called


def _without_onednn(operator: Any) -> Callable[..., Any]:
    """Have an LSTM computed from matrix products, which compare sizes; oneDNN takes weights as they are."""

    def called(*arguments: Any, **named: Any) -> Any:
        before = torch._C._get_mkldnn_enabled()
        torch._C._set_mkldnn_enabled(False)
        try:
            return operator(*arguments, **named)
        finally:
            torch._C._set_mkldnn_enabled(before)

    return called


def _one_for_each_channel(values: Values) -> bool:
    found = [values.get(name) for name in ("weight", "bias", "running_mean", "running_var")]
    channels = values["input"].shape[1]
    known = values.get("training", False) or found[2] is not None
    return known and all(one is None or tuple(one.shape) == (channels,) for one in found)


def _some_layers(values: Values) -> bool:
    return bool(values["num_layers"] > 0)


def _one_for_each_row(values: Values) -> bool:
    rows, dim = values["v"], values.get("dim", 0)
    return bool(dim == -1 or values["g"].numel() == rows.shape[dim])


def _as_many_values_as_keys(values: Values) -> bool:
    return bool(values["key"].shape[-2] == values["value"].shape[-2])


def _alike(values: Values) -> bool:
    query, key, value, mask = (values.get(name) for name in ("query", "key", "value", "attn_mask"))
    of_all = {(*one.shape[:-2], one.shape[-1]) for one in (query, key, value)}  # type: ignore[union-attr]
    if len(of_all) != 1 or not _as_many_values_as_keys(values):
        return False
    if mask is None:
        return True
    whole = (*query.shape[:-1], key.shape[-2])  # type: ignore[union-attr]
    return mask.dim() in (2, 4) and all(
        have in (1, want) for have, want in zip(mask.shape[::-1], whole[::-1], strict=False)
    )


def _within_range(values: Values) -> bool:
    """Refuse the least whole number over -1: its quotient is none, and the processor ends the process."""
    over, under = values["self"], values["other"]
    if values.get("rounding_mode") != "trunc" or over.is_floating_point():
        return True
    least = torch.iinfo(over.dtype).min if over.dtype != torch.bool else None
    return least is None or not bool(((over == least) & (torch.as_tensor(under) == -1)).any())


_FIT: dict[str, Callable[[Values], bool]] = {
    "native_batch_norm": _one_for_each_channel,
    "_native_batch_norm_legit": _one_for_each_channel,
    "_native_batch_norm_legit_functional": _one_for_each_channel,
    "_native_batch_norm_legit_no_training": _one_for_each_channel,
    **dict.fromkeys(("lstm", "gru", "rnn_relu", "rnn_tanh"), _some_layers),
    "_weight_norm": _one_for_each_row,
    "scaled_dot_product_attention": _as_many_values_as_keys,
    "_scaled_dot_product_flash_attention_for_cpu": _alike,
    **dict.fromkeys(("div", "div_", "divide", "divide_"), _within_range),
}
