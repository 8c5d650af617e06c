"""Keys of a configuration: what may stand where, what may change, what differs, and what is wrong."""

import re
from collections.abc import Mapping, Sequence
from types import UnionType
from typing import Any, Protocol, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from outvoted.search.errors import OutvotedError, Problem, suggestion
from outvoted.search.settings import MayChange, Settings
from outvoted.search.shown import shown

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


_KEYS = "keys with values, as in {key: value}"
_WANTED = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "string": "text",
    "path": "a path, in quotes",
    "tuple": "a list, in square brackets",
    "list": "a list, in square brackets",
    "dict": _KEYS,
    "model": _KEYS,
    "mapping": _KEYS,
}
"""What pydantic says in words of its own, by how the type of its error begins."""
_BOUNDS = {
    "greater_than": "a number above {gt:g}",
    "greater_than_equal": "a number of at least {ge:g}",
    "less_than": "a number below {lt:g}",
    "less_than_equal": "a number of at most {le:g}",
    "multiple_of": "a multiple of {multiple_of}",
    "too_short": "at least {min_length} of them",
    "too_long": "at most {max_length} of them",
    "string_too_short": "text of at least {min_length} characters",
    "string_too_long": "text of at most {max_length} characters",
    "finite_number": "a finite number",
}
_FORMS = {
    r"^\w+(\.\w+)*:\w+$": "an import path MODULE:FUNCTION",
    r"^\w[\w.-]*$": "a name of letters, digits, dots, hyphens and underscores",
    r"^[A-Za-z0-9][A-Za-z0-9_]*$": "a name of letters, digits and underscores",
}
Line = tuple[str, str, str]


class File(Protocol):
    """A file, by its path."""

    @property
    def name(self) -> str:
        """The last part of it."""


Place = str | File
"""Where values stand: what was called in Python, or a file."""


def explained(form: type[Settings], error: ValidationError, path: Place) -> OutvotedError:
    """Turn pydantic's list of errors into one message with a line for each key that is wrong.

    Args:
        path: where the values stand: a file, or a Python call.
    """
    lines: dict[str, Line] = {}
    for item in error.errors(include_url=False):
        place = place_of(form, item["loc"])
        if item["type"] == "missing" and isinstance(item["loc"][-1], int):
            place = place.rpartition(".")[0]  # a list that is too short
        line = _line(form, item, place, path)
        if place in lines and lines[place][1] == line[1]:  # another kind that it might have been
            line = _either(lines[place], line, place)
        elif place in lines:
            continue  # of several inside one value the first says enough
        lines[place] = line
    problems = [Problem(place, *line) for place, line in lines.items()]
    expected, found, remedy = ("; ".join(part) for part in zip(*lines.values(), strict=True))
    return OutvotedError(expected, found, remedy, problems)


def _either(one: Line, other: Line, place: str) -> Line:
    more = other[0].removeprefix(f"{place}: ")
    wanted = one[0] if more in one[0] else f"{one[0]}, or {more}"
    return wanted, one[1], one[2]


def _line(form: type[Settings], item: ErrorDetails, place: str, path: Place) -> Line:
    """Say of one error what was expected, what was found and what to do."""
    context, given = item.get("ctx", {}), item["input"]
    match item["type"]:
        case "extra_forbidden" | "invalid_key":
            within = place.rpartition(".")[0] or _name(path)
            known = {name for model in models_at(form, item["loc"][:-1]) for name in model.model_fields}
            key = str(item["loc"][-1])
            return f"only known keys in {within}", f"the unknown key {shown(place)}", suggestion(key, known)
        case "union_tag_invalid":
            return _no_variant(place, context, given)
        case "union_tag_not_found":
            key = str(context["discriminator"]).strip("'").removesuffix("()")
            return f"the key {key} in {place}", shown(given), f"say which one with {key}"
        case "missing" if not isinstance(item["loc"][-1], int):
            return f"the key {place}", f"no such key in {_name(path)}", f"add {place}"
    wanted = _wanted(form, item, context)
    if not place:  # of keys that don't go together
        return wanted, f"otherwise in {path}", "change one or the other"
    return f"{place}: {wanted}", shown(given), _remedy(place, given, context, path)


def _wanted(form: type[Settings], item: ErrorDetails, context: Mapping[str, Any]) -> str:
    kind = item["type"]
    length = length_at(form, item["loc"])
    if length is not None and kind in ("missing", "too_long", "too_short"):
        return f"a list of {length}"
    if kind in _BOUNDS:
        return _BOUNDS[kind].format(**context)
    if kind in ("literal_error", "enum"):
        listed = _listed(context)
        return f"one of {', '.join(listed)}" if len(listed) > 1 else shown(*listed)
    if kind == "string_pattern_mismatch":
        return _FORMS.get(str(context["pattern"]), f"text of the form {context['pattern']}")
    if kind == "none_required":
        return "nothing (null)"
    known = _WANTED.get(kind.partition("_")[0]) if kind != "value_error" else None
    return known or item["msg"].removeprefix("Value error, ").replace("Input should be ", "")


def _remedy(place: str, given: Any, context: Mapping[str, Any], path: Place) -> str:
    listed = _listed(context)
    if listed:
        return suggestion(str(given), listed)
    overridden = f" or with --set {place}=..." if not isinstance(path, str) else ""
    return f"correct {place} in {path}{overridden}"


def _no_variant(place: str, context: Mapping[str, Any], given: Any) -> Line:
    """Say that a ``name`` or ``kind`` is none of those there are."""
    key = str(context["discriminator"]).strip("'").removesuffix("()")
    names = re.findall(r"'([^']*)'", str(context["expected_tags"]))
    if not isinstance(given, Mapping):
        like = f"{{{key}: {given if given in names else names[0]}}}"
        return f"keys and values in {place}, say {like}", shown(given), f"write {place}: {like}"
    tag = str(context["tag"])
    return f"a known {place}.{key}", shown(tag), suggestion(tag, names)


def _listed(context: Mapping[str, Any]) -> list[str]:
    return re.findall(r"'([^']*)'", str(context.get("expected") or ""))


def _name(path: Place) -> str:
    return path if isinstance(path, str) else path.name
