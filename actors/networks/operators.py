"""The operators that an exported program may use."""

import re
from collections.abc import Callable
from typing import Any

import torch
from torch.fx import GraphModule, Node

_ATEN = """
abs absolute acos acosh add addbmm addcdiv addcmul addmm addmv addr alias all amax amin aminmax any arange
argmax argmin argsort asin asinh as_strided atan atan2 atanh baddbmm bitwise_and bitwise_left_shift
bitwise_not bitwise_or bitwise_right_shift bitwise_xor bmm broadcast_tensors broadcast_to cat ceil celu
chunk clamp clamp_max clamp_min clip clone concat constant_pad_nd contiguous copy copysign cos cosh
cosine_similarity count_nonzero cummax cummin cumprod cumsum deg2rad detach diag diag_embed diagonal dim div
divide dot einsum empty empty_like eq erf erfc erfinv exp exp2 expand expand_as expm1 eye fill flatten flip
floor floor_divide fmax fmin fmod frac full full_like gather ge greater greater_equal gt hypot index
index_add index_fill index_put index_select inner isfinite isinf isnan kthvalue le lerp less less_equal
lift_fresh lift_fresh_copy linspace log log10 log1p log2 logaddexp logcumsumexp logical_and logical_not
logical_or logical_xor logit logsumexp lt masked_fill masked_scatter masked_select matmul max maximum mean
median meshgrid min minimum mm movedim mul multiply mv narrow ne neg negative new_empty new_full new_ones
new_zeros nonzero norm not_equal numel ones ones_like outer permute pow prod rad2deg reciprocal remainder
repeat repeat_interleave reshape reshape_as roll round rsqrt rsub scalar_tensor scatter scatter_add
scatter_reduce select select_scatter sgn sign sin sinc sinh size slice slice_scatter sort split
split_with_sizes sqrt square squeeze stack std std_mean sub subtract sum swapaxes sym_size sym_numel
sym_stride t take_along_dim tan tanh tensordot tensor_split tile to topk trace transpose tril true_divide
triu trunc type_as unbind unflatten unfold unsqueeze var var_mean view view_as where xlogy zero zeros
zeros_like adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool1d
adaptive_max_pool2d adaptive_max_pool3d affine_grid_generator avg_pool1d avg_pool2d avg_pool3d max_pool1d
max_pool1d_with_indices max_pool2d max_pool2d_with_indices max_pool3d max_pool3d_with_indices conv1d conv2d
conv3d conv_transpose1d conv_transpose2d conv_transpose3d convolution linear bilinear embedding one_hot
grid_sampler grid_sampler_2d grid_sampler_3d im2col col2im pixel_shuffle pixel_unshuffle channel_shuffle
native_channel_shuffle batch_norm native_batch_norm group_norm native_group_norm instance_norm layer_norm
native_layer_norm rms_norm linalg_vector_norm pad reflection_pad1d reflection_pad2d
reflection_pad3d replication_pad1d replication_pad2d replication_pad3d upsample_bicubic2d
upsample_bilinear2d upsample_linear1d upsample_nearest1d upsample_nearest2d upsample_nearest3d
upsample_trilinear3d alpha_dropout dropout feature_alpha_dropout feature_dropout native_dropout elu gelu glu
hardshrink hardsigmoid hardswish hardtanh leaky_relu log_sigmoid log_softmax mish prelu relu relu6 rrelu
selu sigmoid silu softmax softplus softshrink threshold scaled_dot_product_attention lstm gru rnn_relu
rnn_tanh bernoulli rand rand_like randn randn_like __and__ __or__ __xor__ _adaptive_avg_pool2d
_adaptive_avg_pool3d _assert_async _assert_scalar _assert_tensor_metadata _cdist_forward _log_softmax
_native_batch_norm_legit _native_batch_norm_legit_functional _native_batch_norm_legit_no_training
_safe_softmax _shape_as_tensor _scaled_dot_product_flash_attention_for_cpu _softmax _to_copy _unsafe_index
_unsafe_view _weight_norm _upsample_bicubic2d_aa _upsample_bilinear2d_aa _upsample_nearest_exact1d
_upsample_nearest_exact2d _upsample_nearest_exact3d sym_constrain_range sym_constrain_range_for_size
"""
NAMES = frozenset(_ATEN.split())
"""Below `torch.ops.aten`."""
_OF_NUMBERS = {"_assert_scalar", "sym_constrain_range", "sym_constrain_range_for_size"}
"""Those that check numbers, and compute nothing."""
_NO_FORMS = {"data", "prim_Device", "prim_dtype", "prim_other"}
"""Of packed sequences, and of types that are plain numbers: both trust what they are given."""
_PYTHON = {
    "_operator": {"getitem", "add", "sub", "mul", "floordiv", "truediv", "mod", "neg", "pow", "eq", "ne"}
    | {"lt", "le", "gt", "ge", "and_", "or_", "not_"},
    "math": {"ceil", "floor", "trunc", "sqrt"},
    "torch": {"sym_float", "sym_int", "sym_ite", "sym_max", "sym_min", "sym_not", "sym_sum"},
}


def known(target: str) -> bool:
    """Return whether an operator, as a program names it, is one of those that are let through.

    The in-place form of an operator (`relu_`) goes with the operator. Forms that compute texts, lists or
    plain numbers alone, as TorchScript has them, don't: `remainder.int(1, 0)` ends the process.
    """
    aten = re.fullmatch(r"torch\.ops\.aten\.(\w+)\.(\w+)", target, re.ASCII)
    if aten is not None:
        name, form = aten.groups()
        listed = name in NAMES or (not name.endswith("__") and name.removesuffix("_") in NAMES)
        return listed and _of_tensors(name, form)
    module, _, name = target.rpartition(".")
    return name in _PYTHON.get(module, ())


def _of_tensors(name: str, form: str) -> bool:
    found = getattr(getattr(torch.ops.aten, name, None), form, None)
    if not isinstance(found, torch._ops.OpOverload) or form in _NO_FORMS:
        return False
    values = [*found._schema.arguments, *found._schema.returns]
    return name in _OF_NUMBERS or any("Tensor" in str(value.type) for value in values)


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
