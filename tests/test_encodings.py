"""Files are UTF-8 wherever the project runs: no text is read or written in the encoding of the locale."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("search", "actors", "analysis", "cluster")
OTHER_OPENS = {"Image", "gzip", "archive", "os", "webbrowser", "zipfile", "tarfile"}
POSITION = {"read_text": 0, "write_text": 1, "open": 2, "fdopen": 2, "TextIOWrapper": 1}


def _in_the_locales_encoding(call: ast.Call) -> bool:
    function = call.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    owner = ast.unparse(function.value) if isinstance(function, ast.Attribute) else ""
    if name not in POSITION or (name == "open" and owner in OTHER_OPENS):
        return False
    if name in ("open", "fdopen"):
        is_method = isinstance(function, ast.Attribute) and name == "open"
        modes = [word.value for word in call.keywords if word.arg == "mode"] or call.args[
            0 if is_method else 1 :
        ]
        binary = modes and isinstance(modes[0], ast.Constant) and "b" in str(modes[0].value)
        if binary or (is_method and not call.args and not call.keywords):  # the latter is no file's
            return False
    return not any(word.arg == "encoding" for word in call.keywords) and len(call.args) <= POSITION[name]


@pytest.mark.parametrize("room", ROOMS)
def test_every_text_names_its_encoding(room: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}: {ast.unparse(node)}"
        for path in sorted((ROOT / room).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and _in_the_locales_encoding(node)
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        ("path.read_text()", True),
        ("path.read_text('utf-8')", False),
        ("path.write_text(text)", True),
        ("path.write_text(text, encoding='utf-8')", False),
        ("open('a')", True),
        ("open('a', 'rb')", False),
        ("path.open('w')", True),
        ("path.open('wb')", False),
        ("path.open('a', encoding='utf-8')", False),
        ("Image.open(data)", False),
    ],
)
def test_what_the_law_looks_for(code: str, wrong: bool) -> None:
    assert _in_the_locales_encoding(ast.parse(code).body[0].value) is wrong  # type: ignore[attr-defined]
