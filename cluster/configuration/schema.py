"""A configuration's JSON schema, for editors and for the page of keys; meanings come from docstrings."""

import ast
import inspect
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise
from typing import Any, get_args

from pydantic import BaseModel

from outvoted.actors.runs.commands import command_of
from outvoted.cluster.configuration.keys import MAY_CHANGE, Schema
from outvoted.search.key_paths import TAGS
from outvoted.search.settings import MayChange, Settings
from outvoted.search.transforms.base import Transform

DRAFT = "https://json-schema.org/draft/2020-12/schema"
_OF_TRANSFORMS = {
    "move": "The most that one move changes.",
    "budget": "The most that all moves of a search change together: the realism budget.",
}
_OPTIONAL = ("DataSettings",)
"""Variants that are meant where ``name`` is left out."""


def schema_of(form: type[Settings], kind: str) -> Schema:
    """Return the schema of the configuration of a kind of run."""
    found = form.model_json_schema()
    classes = {one.__name__: one for one in _reachable(form)}
    parts: Schema = found.get("$defs", {})
    own = {name for name in parts if inspect.isabstract(classes[name])}
    for name, part in parts.items():
        _explain(part, classes[name])
    _explain(found, form)
    _adapt(found, parts, own)
    for name in own:
        del parts[name]
    return {"$schema": DRAFT, "title": f"A configuration of `outvoted {command_of(kind)}`"} | {
        key: value for key, value in found.items() if key != "title"
    }


def meanings(form: type[Settings]) -> dict[str, str]:
    """Return what each key means: the text below the field, else what is said of the class that it holds."""
    found: dict[str, str] = dict(_OF_TRANSFORMS) if issubclass(form, Transform) else {}
    for name, field in form.model_fields.items():
        inner = [one for one in _leaves(field.annotation) if _is_settings(one)]
        if name in TAGS and _is_tag(form, name):
            found[name] = _first_line(form)
        elif len(inner) == 1:
            found.setdefault(name, _first_line(inner[0]))
    for one in reversed(form.__mro__):
        if _is_settings(one):
            found |= _docstrings(one)
    return {name: " ".join(text.split()) for name, text in found.items() if name in form.model_fields}


def _explain(part: Schema, form: type[Settings]) -> None:
    """Put in what keys mean, and leave out what repeats their names."""
    told = meanings(form)
    part["description"] = _first_line(form)
    part.pop("title", None)
    for name, key in part.get("properties", {}).items():
        key.pop("title", None)
        if name in told:
            key["description"] = told[name]
        marks = [one for one in form.model_fields[name].metadata if isinstance(one, MayChange)]
        if marks:
            key[MAY_CHANGE] = marks[0].allowed


def _adapt(node: Any, parts: Mapping[str, Schema], own: set[str]) -> None:
    """Say of each choice that its variants are told apart by a key, and that one's own class will do."""
    if isinstance(node, list):
        for inner in node:
            _adapt(inner, parts, own)
    if not isinstance(node, dict):
        return
    if "oneOf" in node:
        node.pop("discriminator", None)
        node["oneOf"] = list(_variants([one["$ref"].rpartition("/")[2] for one in node["oneOf"]], parts, own))
    for inner in node.values():
        _adapt(inner, parts, own)


def _variants(names: list[str], parts: Mapping[str, Schema], own: set[str]) -> Iterator[Schema]:
    """Yield the variants of a choice.

    Where one's own class will do, the first variant needs no ``kind``, and a word stands for one.
    """
    has_own = bool(own & set(names))
    for place, name in enumerate(names):
        if name in own:
            path = {"type": "string", "pattern": r"^\w+(\.\w+)*:\w+$"}
            words = [parts[other]["properties"]["kind"]["default"] for other in names if other not in own]
            yield {"type": "object", "required": ["kind"], "properties": {"kind": path}}
            yield {"type": "string", "anyOf": [{"enum": words}, path]}
            continue
        tag = next(key for key in TAGS if key in parts[name].get("properties", {}))
        optional = name in _OPTIONAL or (has_own and place == 0)
        reference = {"$ref": f"#/$defs/{name}"}
        yield reference if optional else {"allOf": [reference], "required": [tag]}


@cache
def _docstrings(form: type[Settings]) -> dict[str, str]:
    """Return the texts below the fields that a class itself declares."""
    tree = ast.parse(inspect.getsource(sys.modules[form.__module__]))
    body = next(one.body for one in tree.body if isinstance(one, ast.ClassDef) and one.name == form.__name__)
    found = {}
    for field, text in pairwise(body):
        if not isinstance(field, ast.AnnAssign) or not isinstance(field.target, ast.Name):
            continue
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
            found[field.target.id] = str(text.value.value)
    return found


def _first_line(form: type[Settings]) -> str:
    return (inspect.getdoc(form) or "").partition("\n\n")[0].replace("\n", " ")


def _is_tag(form: type[Settings], name: str) -> bool:
    return isinstance(form.model_fields[name].default, str) and bool(
        get_args(form.model_fields[name].annotation)
    )


def _reachable(form: type[Settings]) -> list[type[Settings]]:
    """List all settings classes that may stand anywhere in a configuration."""
    found: list[type[Settings]] = []
    waiting = [form]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.append(one)
            fields = one.model_fields.values()
            waiting += [leaf for field in fields for leaf in _leaves(field.annotation) if _is_settings(leaf)]
    return found


def _leaves(annotation: Any) -> Iterator[Any]:
    inner = [one for one in get_args(annotation) if not isinstance(one, str | int | float | bool | None)]
    if not inner:
        yield annotation
    for one in inner:
        yield from _leaves(one)


def _is_settings(form: Any) -> bool:
    return isinstance(form, type) and issubclass(form, BaseModel) and form not in (BaseModel, Settings)
