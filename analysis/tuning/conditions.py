"""``when``: which values of which keys a varied key depends on."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from outvoted.analysis.tuning.dimensions import Condition, Dimension
from outvoted.analysis.tuning.points import Value
from outvoted.analysis.tuning.space import encloses, overlap
from outvoted.search.errors import Problem, suggestion
from outvoted.search.key_paths import TAGS, found_at
from outvoted.search.shown import shown

Seen = Callable[[Dimension, Value], Mapping[str, Any]]
"""Returns the whole configuration (as JSON, with its defaults) in which a key has a value."""


def decider(path: Sequence[str], varied: Iterable[str]) -> str | None:
    """Return the varied key that decides what stands at a path: that key, its kind, or what it lies in."""
    known = {name: name.split(".") for name in varied}
    for name, keys in known.items():
        if overlap(keys, path):
            return name
    for name, keys in known.items():
        if keys[-1] in TAGS and overlap(keys[:-1], path):
            return name
    around = [name for name, keys in known.items() if encloses(keys, path)]
    return max(around, key=lambda name: len(known[name]), default=None)


def condition_on(one: Dimension, path: str, wanted: Any, seen: Seen) -> Condition | Problem:
    """Return the condition that what stands at a path, as a varied key decides it, is one of some values.

    Args:
        one: that key.
        wanted: a value, or a list of values of which one will do.
    """
    if one.values is None:
        return _on_a_range(one, wanted)
    keys = path.split(".")
    allowed = [value for value in one.values if stands(found_at(seen(one, value), keys), wanted)]
    if allowed:
        return Condition(one.path, tuple(allowed))
    there = dict.fromkeys(label(value) for value in one.values)
    return Problem(
        "",
        f"a value of {one.path} in `when`, where the key can hold",
        f"{path}: {shown(wanted)}, which never holds",
        f"choose from: {', '.join(there)}",
    )


def _on_a_range(one: Dimension, wanted: Any) -> Condition | Problem:
    listed = wanted if isinstance(wanted, list | tuple) else [wanted]
    allowed = tuple(value for value in listed if one.has(value))
    if one.integer and allowed:
        return Condition(one.path, allowed)
    if one.integer:
        ends = f"a whole number from {one.low} to {one.high}, as {one.path} has"
        return Problem("", f"{ends}, in `when`", f"{shown(wanted)}, which never holds", "choose one of these")
    return Problem(
        "",
        "in `when` only keys whose values are listed, or whole numbers",
        f"{one.path}, a range",
        f"list the values of {one.path}: grid or choice",
    )


def check_fixed(base: Mapping[str, Any], path: str, wanted: Any, varied: Iterable[str]) -> Problem | None:
    """Say what is wrong with the condition that a key which isn't varied has one of some values."""
    found = found_at(base, path.split("."))
    if not found:
        known = {*varied, *_paths(base, path.count("."))}
        expected = "in `when` keys that are varied, or that the configuration has"
        return Problem("", expected, shown(path), suggestion(path, known))
    if stands(found, wanted):
        return None
    return Problem(
        "",
        "a `when` that can hold",
        f"{path}: {shown(wanted)}, where the configuration has {label(found[0])}",
        f"vary {path} too, or leave this key out",
    )


def stands(found: Sequence[Any], wanted: Any) -> bool:
    """Return whether values are there, and each is like what is wanted or one of a list of it."""
    listed = wanted if isinstance(wanted, list | tuple) else [wanted]
    return bool(found) and all(any(_alike(value, one) for one in listed) for value in found)


def _alike(value: Any, wanted: Any) -> bool:
    """Compare values; of keys only those that are wanted, and a kind alone stands for all that are of it."""
    if isinstance(value, Mapping):
        if isinstance(wanted, str):
            return any(value.get(tag) == wanted for tag in TAGS)
        return isinstance(wanted, Mapping) and all(
            key in value and _alike(value[key], inner) for key, inner in wanted.items()
        )
    if isinstance(value, bool) or isinstance(wanted, bool):
        return value is wanted
    return bool(value == (list(wanted) if isinstance(wanted, tuple) else wanted))


def label(value: Any) -> str:
    """Write a value shortly: by its kind where it has one."""
    if isinstance(value, Mapping):
        return next((str(value[tag]) for tag in TAGS if tag in value), shown(value))
    return value if isinstance(value, str) else shown(value)


def _paths(values: Mapping[str, Any], deep: int) -> Iterable[str]:
    for key, value in values.items():
        yield key
        if isinstance(value, Mapping) and deep:
            yield from (f"{key}.{inner}" for inner in _paths(value, deep - 1))
