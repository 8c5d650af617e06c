"""Keys of a configuration by their paths: what may stand there, what is put there, what may change or differ."""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel

from outvoted.search.settings import MayChange, Settings

TAGS = ("kind", "name")
"""Keys that tell the variants of a union apart."""
Location = Sequence[int | str]


def place_of(form: type[Settings], location: Location) -> str:
    """Write a location of pydantic's as a key path.

    Pydantic also names the variant of a union, and the kind of value that it tried; users don't.
    """
    keys: list[str] = []
    here: list[Any] = [form]
    for depth, step in enumerate(location, 1):
        inner = _step(here, step)
        if inner is not None:
            keys.append(str(step))
            here = inner
            continue
        named = variant(_models(*here), str(step))
        of_union = len(named) < len(_models(*here)) or not _models(*here)
        if depth == len(location) and not of_union:
            keys.append(str(step))  # an unknown key
        here = named
    return ".".join(keys)


def models_at(form: type[Settings], location: Location) -> list[Any]:
    """Return the settings classes that may stand at a location."""
    here: list[Any] = [form]
    for step in location:
        inner = _step(here, int(step) if str(step).isdigit() else step)
        here = inner if inner is not None else variant(_models(*here), str(step))
    return _models(*here)


def holds_settings_by_name(form: type[Settings], location: Location) -> bool:
    """Return whether a mapping from names to settings stands at a location."""
    here: list[Any] = [form]
    for step in location:
        inner = _step(here, int(step) if str(step).isdigit() else step)
        here = inner if inner is not None else variant(_models(*here), str(step))
    mappings = [part for part in _parts(*here) if get_origin(part) in (dict, Mapping)]
    return any(_models(get_args(part)[1]) for part in mappings)


def length_at(form: type[Settings], location: Location) -> int | None:
    """Return the length of the list around or at a location where only one will do."""
    here: list[Any] = [form]
    found = None
    for step in location:
        found = _length(here) or found
        inner = _step(here, step)
        here = inner if inner is not None else (variant(_models(*here), str(step)) or here)
    return _length(here) or (found if location and isinstance(location[-1], int) else None)


def may_change(form: type[Settings], key_path: str) -> bool:
    """Return whether a resumed run may change the value at a key path: the first mark on the way says so."""
    here: list[Any] = [form]
    for key in key_path.split("."):
        fields = [model.model_fields[key] for model in _models(*here) if key in model.model_fields]
        for mark in (one for field in fields for one in field.metadata):
            if isinstance(mark, MayChange):
                return mark.allowed
        here = _step(here, key) or []
    return False


def variant(models: Sequence[Any], tag: str) -> list[Any]:
    """Return the models of a union that go by ``tag``; all of them if none does."""
    named = [
        model
        for model in models
        if any(tag in get_args(field.annotation) for key, field in model.model_fields.items() if key in TAGS)
    ]
    return named or list(models)


def _step(annotations: Sequence[Any], step: int | str) -> list[Any] | None:
    """Return what may stand behind a field's name, a key or a list's index; None if it is none of them."""
    found: list[Any] = []
    for annotation in _parts(*annotations):
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            if step in annotation.model_fields:
                found.append(annotation.model_fields[str(step)].annotation)
        elif isinstance(step, int) and get_origin(annotation) in (tuple, list):
            found += [inner for inner in get_args(annotation) if inner is not ...]
        elif get_origin(annotation) in (dict, Mapping):
            found.append(get_args(annotation)[1])
    return found or None


def _parts(*annotations: Any) -> list[Any]:
    """Take unions and what is annotated apart."""
    found: list[Any] = []
    for annotation in annotations:
        if get_origin(annotation) in (Union, UnionType):
            found += _parts(*get_args(annotation))
        elif hasattr(annotation, "__metadata__"):
            found += _parts(get_args(annotation)[0])
        else:
            found.append(annotation)
    return found


def _models(*annotations: Any) -> list[Any]:
    parts = _parts(*annotations)
    return [part for part in parts if isinstance(part, type) and issubclass(part, BaseModel)]


def _length(annotations: Sequence[Any]) -> int | None:
    lengths = {
        len(get_args(part))
        for part in _parts(*annotations)
        if get_origin(part) is tuple and ... not in get_args(part)
    }
    return lengths.pop() if len(lengths) == 1 else None


def differences(old: Mapping[str, Any], new: Mapping[str, Any], within: str = "") -> list[str]:
    """List the key paths at which two configurations (as JSON) differ."""
    found = []
    for key in sorted(old.keys() | new.keys()):
        before, after = old.get(key), new.get(key)
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            found += differences(before, after, f"{within}{key}.")
        elif before != after:
            found.append(f"{within}{key}")
    return found
