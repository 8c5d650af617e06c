"""The description of an exported program: its graph, and every name in it, parsed and rewritten."""

import ast
import json
import keyword
import re
from typing import Any

import torch
from torch import nn

from outvoted.actors.networks.operators import known
from outvoted.actors.networks.weights import shown

_LONGEST = 5_000
_SYMBOL = re.compile(r"[suz]f?\d{1,6}", re.ASCII)
_FUNCTIONS = {
    *("Symbol", "Integer", "Add", "Mul", "Pow", "Max", "Min", "Mod", "PythonMod", "FloorDiv", "CleanDiv"),
    *("CeilDiv", "IntTrueDiv", "CeilToInt", "FloorToInt", "TruncToInt", "ToFloat", "Eq", "Ne", "Equality"),
    *("Unequality", "Ge", "Gt", "Le", "Lt", "GreaterThan", "StrictGreaterThan", "LessThan", "StrictLessThan"),
}
_CONSTANTS = {"oo", "int_oo"}
_OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.USub)
_COMPARISONS = (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE)


def plain_expression(text: str) -> str | None:
    """Rewrite a shape's expression; None where it is not plain arithmetic."""
    if len(text) > _LONGEST:
        return None
    try:
        tree = ast.parse(text.strip(), mode="eval").body
        return ast.unparse(tree) if _plain(tree) else None
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None


def plain_symbol(text: str) -> bool:
    """Return whether a text names a number that is not known before the program runs, as `s0` does."""
    return bool(_SYMBOL.fullmatch(text))


def _plain(node: ast.expr) -> bool:
    match node:
        case ast.Constant(value):
            return isinstance(value, bool) or (isinstance(value, int) and value < 2**64)
        case ast.Name(name):
            return plain_symbol(name) or name in _CONSTANTS
        case ast.UnaryOp(operator, inner):
            return isinstance(operator, _OPERATORS) and _plain(inner)
        case ast.BinOp(base, ast.Pow(), power):
            return _small_power(base, power)
        case ast.BinOp(left, operator, right):
            return isinstance(operator, _OPERATORS) and _plain(left) and _plain(right)
        case ast.Compare(left, operators, others):
            return all(isinstance(one, _COMPARISONS) for one in operators) and all(
                map(_plain, [left, *others])
            )
        case ast.Call(ast.Name("Symbol"), [ast.Constant(str(name))], assumptions):
            return plain_symbol(name) and all(_assumption(one) for one in assumptions)
        case ast.Call(ast.Name("Pow"), [base, power], []):
            return _small_power(base, power)
        case ast.Call(ast.Name(name), arguments, []):
            return name in _FUNCTIONS and all(map(_plain, arguments))
    return False


def _small_power(base: ast.expr, power: ast.expr) -> bool:
    """Let through small constant powers of what holds no other power: others may take for ever to compute."""
    match power:
        case ast.Call(ast.Name("Integer"), [inner], []) | ast.UnaryOp(ast.USub(), inner):
            return _small_power(base, inner)
    nested = any(
        isinstance(node, ast.Pow) or (isinstance(node, ast.Name) and node.id == "Pow")
        for node in ast.walk(base)
    )
    small = isinstance(power, ast.Constant) and isinstance(power.value, int) and power.value <= 8
    return small and not nested and _plain(base)


def _assumption(keyword: ast.keyword) -> bool:
    value = keyword.value
    return keyword.arg is not None and isinstance(value, ast.Constant) and isinstance(value.value, bool)


_WORDS = re.compile(r"[\w.]*", re.ASCII)
_VERSION = re.compile(r"[\w.+<=-]*", re.ASCII)
_QUOTED = re.compile(r"[ !#-&(-\[\]-~]*")  # printable, without quotes and backslashes
_WEIGHT_KEYS = {"parameter_name", "buffer_name", "tensor_constant_name"}
_SCALARS = ("int", "float", "bool", "sym_int", "sym_float", "sym_bool", "tensor", "string")
_ARGUMENTS = {f"as_{kind}{many}" for kind in _SCALARS for many in ("", "s")} | {
    *("as_none", "as_name", "as_expr", "as_scalar_type", "as_memory_format", "as_layout", "as_device"),
    *("as_complex", "as_optional_tensor", "as_optional_tensors", "as_nested_tensors"),
}
_INPUTS = {"user_input", "parameter", "buffer", "tensor_constant"}
_DEVICE = "export it from the CPU: network.cpu(), and images on the CPU"
_GRADIENTS = "export it without torch.no_grad() or enable_grad() in its forward"
_LEAF: dict[str, Any] = {"type": None, "context": None, "children_spec": []}
_IMAGES = {"type": "builtins.tuple", "context": "null", "children_spec": [_LEAF]}
_NO_NAMES = {"type": "builtins.dict", "context": "[]", "children_spec": []}
_IN = [1, {"type": "builtins.tuple", "context": "null", "children_spec": [_IMAGES, _NO_NAMES]}]
_OUT = [1, _LEAF]
_MODULE = nn.Module()


class RefusedError(ValueError):
    """What a plain network does not need; the text names it."""

    def __init__(self, found: str, remedy: str = "") -> None:
        super().__init__(found)
        self.remedy = remedy


def plain_description(description: dict[str, Any]) -> dict[str, Any]:
    """Return the description of a plain network, without notes on where its parts come from.

    Raises:
        RefusedError: there is more in it than that.
        ValueError, KeyError, TypeError, AttributeError, IndexError: it is damaged.
    """
    module = description["graph_module"]
    (whole,) = (call for call in module["module_call_graph"] if call["fqn"] == "")
    _images_to_logits(whole["signature"])
    call = {"inputs": [], "outputs": [], "in_spec": json.dumps(_IN), "out_spec": json.dumps(_OUT)}
    return {
        "graph_module": {
            "graph": _graph(module["graph"]),
            "signature": _signature(module["signature"]),
            "module_call_graph": [{"fqn": "", "signature": call}],
        },
        "opset_version": plain(description["opset_version"]),
        "range_constraints": _ranges(description["range_constraints"]),
        "schema_version": plain(description["schema_version"]),
        "verifiers": plain(description.get("verifiers", [])),
        "torch_version": _matched(_VERSION, description.get("torch_version", "")),
        "guards_code": [],
    }


def plain(value: Any, key: str = "") -> Any:
    """Return a part of a description if all texts in it are names, plain arithmetic or known operators.

    Raises:
        RefusedError: one is something else.
    """
    if isinstance(value, dict):
        if key in ("device", "as_device") and not _there(value):
            raise RefusedError(
                f"tensors on the device {shown(str(value['type']))}, which this machine does not have",
                _DEVICE,
            )
        return {_field(name): plain(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner, key) for inner in value]
    return _text(value, key) if isinstance(value, str) else value


def weight_name(name: str) -> str:
    """Return the name of a weight, which becomes an attribute of the network.

    Raises:
        RefusedError: it would not be a plain one.
    """
    parts = _matched(_QUOTED, name).split(".")
    if len(name) > 1000 or any(part == "" or hasattr(_MODULE, part) for part in parts):
        raise RefusedError(f"a weight of the name {shown(name)}")
    return name


def _images_to_logits(signature: dict[str, Any]) -> None:
    """Compare the layout of arguments and results with the one that a classifier has."""
    if json.loads(signature["in_spec"]) != _IN:
        raise RefusedError(
            "a program that takes something else than one batch of images as its only argument",
            "export a module whose forward takes the images alone, as torch.export.export(module, (images,))",
        )
    if json.loads(signature["out_spec"]) != _OUT:
        raise RefusedError(
            "a program that returns something else than one tensor",
            "export a module whose forward returns the logits alone, not in a dictionary or tuple",
        )


def _graph(graph: dict[str, Any]) -> dict[str, Any]:
    if graph.get("custom_obj_values"):
        raise RefusedError("a custom object")
    numbers = {kind: _named(graph.get(kind, {})) for kind in ("sym_int_values", "sym_bool_values")}
    return {
        "inputs": plain(graph["inputs"]),
        "outputs": plain(graph["outputs"]),
        "nodes": [_node(node) for node in graph["nodes"]],
        "tensor_values": _named(graph["tensor_values"]),
        **numbers,
        "sym_float_values": _named(graph.get("sym_float_values", {})),
        "is_single_tensor_return": graph.get("is_single_tensor_return", False) is True,
    }


def _node(node: dict[str, Any]) -> dict[str, Any]:
    kept = {key: plain(node.get(key), key) for key in ("target", "inputs", "outputs", "name")}
    return {**kept, "metadata": {}, "is_hop_single_tensor_return": None}


def _signature(signature: dict[str, Any]) -> Any:
    kinds = [kind for spec in signature["input_specs"] for kind in spec]
    more = [kind for kind in kinds if kind not in _INPUTS]
    if more or kinds.count("user_input") != 1:
        raise RefusedError(f"inputs of the kind {shown(', '.join(more) or 'user_input')} besides the images")
    return plain(signature)


def _named(values: dict[str, Any]) -> dict[str, Any]:
    return {_identifier(name): plain(value) for name, value in values.items()}


def _ranges(ranges: dict[str, Any]) -> dict[str, Any]:
    for name in ranges:
        if not plain_symbol(name):
            raise RefusedError(f"the number {shown(name)}")
    return {name: plain(value) for name, value in ranges.items()}


def _there(device: dict[str, Any]) -> bool:
    """Return whether this machine has a device of a kind."""
    return device["type"] == "cpu" or (device["type"] == "cuda" and torch.cuda.is_available())


def _field(name: str) -> str:
    if name.startswith("as_") and name not in _ARGUMENTS:
        kinds = {"as_graph": "a graph within the graph", "as_custom_obj": "a custom object"}
        raise RefusedError(kinds.get(name, f"an argument of the kind {shown(name[3:])}"))
    return _matched(_WORDS, name)


def _text(text: str, key: str) -> str:
    if key == "target":
        if not known(text):
            raise RefusedError(
                f"the operator {shown(text)}", _GRADIENTS if "set_grad_enabled" in text else ""
            )
        return text
    if key == "expr_str":
        expression = plain_expression(text)
        if expression is None:
            raise RefusedError(f"the shape {shown(text)}")
        return expression
    if key in _WEIGHT_KEYS:
        return weight_name(text)
    if key in ("name", "as_name"):
        return _identifier(text)
    return _matched(_QUOTED if key in ("as_string", "as_strings") else _WORDS, text)


def _identifier(name: str) -> str:
    if not name.isascii() or not name.isidentifier() or keyword.iskeyword(name):
        raise RefusedError(f"the name {shown(name)}")
    return name


def _matched(pattern: re.Pattern[str], text: str) -> str:
    if len(text) > 10_000 or not pattern.fullmatch(text):
        raise RefusedError(f"the text {shown(text)}")
    return text
