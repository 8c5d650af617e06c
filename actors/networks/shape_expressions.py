"""The arithmetic in which an exported program writes down shapes that depend on the number of images.

PyTorch hands these texts to sympy, which uses `eval`. They are parsed here instead, compared with what such
arithmetic is made of, and written anew.
"""

import ast
import re

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
    """Write a shape's expression anew; None where it is no plain arithmetic."""
    if len(text) > _LONGEST:
        return None
    try:
        tree = ast.parse(text.strip(), mode="eval").body
        return ast.unparse(tree) if _plain(tree) else None
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None


def plain_symbol(text: str) -> bool:
    """Tell whether a text names a number that is not known before the program runs, as `s0` does."""
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
