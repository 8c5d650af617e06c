"""What is wrong with a configuration, in words: one message with a line for each key."""

import re
from collections.abc import Mapping
from typing import Any, Protocol

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from outvoted.search.errors import OutvotedError, Problem, suggestion
from outvoted.search.key_paths import length_at, models_at, place_of
from outvoted.search.settings import Settings
from outvoted.search.shown import shown

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
