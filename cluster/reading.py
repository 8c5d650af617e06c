"""Reading a configuration from YAML, overriding it from the command line, saying what is wrong with it."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from outvoted.search.errors import OutvotedError, suggestion
from outvoted.search.settings import Settings

Form = TypeVar("Form", bound=Settings)

_TAGS = ("kind", "name")
"""Keys that tell the variants of a union apart."""
_WANTED = {"tuple_type": "a list, in square brackets"}
"""What pydantic says in words of its own, by the type of its error."""


def read(form: type[Form], path: Path, overrides: Sequence[str] = ()) -> Form:
    """Read a configuration of class ``form`` and apply ``key.path=value`` overrides.

    Raises:
        OutvotedError: the file or an override cannot be read, or a key or value is not what it must be.
    """
    config = validated(form, _mapping(form, path), path)
    if not overrides:
        return config
    values = config.model_dump(mode="json")
    for override in overrides:
        _apply(form, values, override)
    return validated(form, values, path)


def validated(form: type[Form], values: dict[str, Any], path: Path | str) -> Form:
    """Return settings made of values; ``path`` says in errors where they stand: a file, or a Python call.

    Raises:
        OutvotedError: a key or value is not what it must be.
    """
    try:
        return form.model_validate(values)
    except ValidationError as error:
        raise _explained(form, error, path) from error


def _mapping(form: type[Settings], path: Path) -> dict[str, Any]:
    try:
        values = yaml.safe_load(path.read_text())
    except OSError as error:
        raise _unreadable(form, path, error.strerror or str(error)) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise _unreadable(form, path, " ".join(str(error).split())) from error
    if not isinstance(values, dict):
        raise _unreadable(
            form, path, "a file without keys" if values is None else f"a {type(values).__name__}"
        )
    return values


def _apply(form: type[Settings], values: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    if not equals or not re.fullmatch(r"\w+(\.\w+)*", key):
        raise _bad_override(override, "something else")
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise _bad_override(override, "a value that is not YAML") from error
    *parents, last = key.split(".")
    here: Any = values
    for parent in parents:
        here = _inside(here, parent, override)
    if isinstance(here, list) and last.isdigit() and int(last) < len(here):
        here[int(last)] = value
    elif isinstance(here, dict):
        models = _models_at(form, parents)
        if last in _TAGS and _variant(models, str(here.get(last))) != _variant(models, str(value)):
            here.clear()  # another variant: the settings of the old one mean nothing to it
        here[last] = value
    else:
        raise _bad_override(override, f"'{last}' inside {here!r}, which has no keys")


def _inside(here: Any, key: str, override: str) -> Any:
    if isinstance(here, list) and key.isdigit() and int(key) < len(here):
        return here[int(key)]
    if isinstance(here, dict):
        if here.get(key) is None:
            here[key] = {}
        return here[key]
    raise _bad_override(override, f"'{key}' inside {here!r}, which has no keys")


def _explained(form: type[Settings], error: ValidationError, path: Path | str) -> OutvotedError:
    """Turn pydantic's list of errors into one message with a line for each."""
    lines = [_line(form, item, path) for item in error.errors()]
    return OutvotedError(*("; ".join(part) for part in zip(*lines, strict=True)))


def _line(form: type[Settings], item: ErrorDetails, path: Path | str) -> tuple[str, str, str]:
    """Say of one error what was expected, what was found and what to do."""
    place = _place(form, item["loc"])
    if item["type"] == "extra_forbidden":
        expected = f"only known keys in {place.rpartition('.')[0] or Path(path).name}"
        remedy = suggestion(str(item["loc"][-1]), _choices(form, item["loc"][:-1]))
        return expected, f"the unknown key '{place}'", remedy
    context = item.get("ctx", {})
    if item["type"] == "union_tag_invalid":
        return _no_variant(place, context, item["input"])
    listed = re.findall(r"'([^']*)'", str(context.get("expected") or ""))
    word = str(item["input"])
    overridden = f" or with --set {place}=..." if isinstance(path, Path) else ""
    remedy = suggestion(word, listed) if listed else f"correct {place} in {path}{overridden}"
    wanted = _WANTED.get(item["type"], item["msg"].removeprefix("Value error, "))
    if not place:  # of keys that don't go together
        return wanted, f"otherwise in {path}", "change one or the other"
    return f"{place}: {wanted}", f"{item['input']!r}"[:200], remedy


def _no_variant(place: str, context: Mapping[str, Any], given: Any) -> tuple[str, str, str]:
    """Say that a ``name`` or ``kind`` is none of those there are."""
    key = str(context["discriminator"]).strip("'").removesuffix("()")
    names = re.findall(r"'([^']*)'", str(context["expected_tags"]))
    if not isinstance(given, Mapping):
        return f"keys and values in {place}, say {{{key}: {names[0]}}}", f"{given!r}"[:200], "write it so"
    return f"a known {place}.{key}", f"'{context['tag']}'", suggestion(str(context["tag"]), names)


def _place(form: type[Settings], location: Sequence[int | str]) -> str:
    """Write a location as a key path; pydantic also names the variant of a union, which users don't."""
    keys: list[str] = []
    here: list[Any] = [form]
    for depth, step in enumerate(location, 1):
        inner = _step(here, step)
        variant = _variant(here, str(step)) if inner is None else []
        named = len(variant) < len(here)
        if inner is not None or (depth == len(location) and not named):
            keys.append(str(step))
        here = inner if inner is not None else variant
    return ".".join(keys)


def _choices(form: type[Settings], location: Sequence[int | str]) -> set[str]:
    """Return the keys that are allowed at a location."""
    return {name for model in _models_at(form, location) for name in model.model_fields}


def _models_at(form: type[Settings], location: Sequence[int | str]) -> list[Any]:
    """Return the settings classes that may stand at a location."""
    here: list[Any] = [form]
    for step in location:
        inner = _step(here, int(step) if str(step).isdigit() else step)
        here = inner if inner is not None else _variant(here, str(step))
    return here


def _step(models: Sequence[Any], step: int | str) -> list[Any] | None:
    """Return the models behind a field name or a list index, or None if ``step`` names neither."""
    if isinstance(step, int):
        return list(models)
    fields = [model.model_fields[step] for model in models if step in model.model_fields]
    return _models(*(field.annotation for field in fields)) if fields else None


def _variant(models: Sequence[Any], tag: str) -> list[Any]:
    """Return the models of a union that go by ``tag``."""
    named = [
        model
        for model in models
        if any(tag in get_args(field.annotation) for key, field in model.model_fields.items() if key in _TAGS)
    ]
    return named or list(models)


def _models(*annotations: Any) -> list[Any]:
    found: list[Any] = []
    for annotation in annotations:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            found.append(annotation)
        elif get_origin(annotation) in (Union, UnionType, tuple, list) or hasattr(annotation, "__metadata__"):
            found += _models(*get_args(annotation))
    return found


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


def _unreadable(form: type[Settings], path: Path, found: str) -> OutvotedError:
    return OutvotedError(
        expected=f"a YAML file with keys {', '.join(form.model_fields)} at {path}",
        found=found,
        remedy="start from configs/mnist.yaml",
    )


def _bad_override(override: str, found: str) -> OutvotedError:
    return OutvotedError(
        expected=f"--set key.path=value, say --set search.patience=100, not --set {override}",
        found=found,
        remedy="write the path of a key as it stands in the configuration, '=', and its value",
    )
