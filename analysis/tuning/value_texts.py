"""Values of keys in few words, which tell those of one key apart, in tables, on axes and in sentences."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from outvoted.analysis.tuning.points import Value
from outvoted.search.shown import visible

_LONGEST = 28  # characters of a value
_DEEPEST = 8  # nested lists and mappings that are written
_TAG = "kind"
"""The key of a mapping by whose value alone it is known."""


def canonical(value: Value) -> str:
    """Return a text that equal values share, whatever the order of their keys; 1 and 1.0 are equal."""
    return json.dumps(_plain(value), sort_keys=True)


def value_text(value: Value) -> str:
    """Write a value as YAML would, in one short line."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"{value:.4g}" if isinstance(value, float) or abs(value) >= 10**7 else str(value)
    return _cut(value if isinstance(value, str) else _nested(value))


def told_apart(values: Sequence[Value]) -> list[str]:
    """Write values of one key, each differently: mappings by the first of their keys that tell them apart.

    ``{rotation: 4, scale: 1.04}`` beside ``{rotation: 7, scale: 1.07}`` is "rotation 4 …"; what has a kind
    is called by it.
    """
    leaves = {k: dict(_leaves(value)) for k, value in enumerate(values) if isinstance(value, Mapping)}
    chosen = _telling(list(leaves.values()))
    found = list[str]()
    for k, value in enumerate(values):
        text = _mapping(leaves[k], chosen) if leaves.get(k) else value_text(value)
        found.append(text if text not in found else f"{text} ({k + 1})")
    return found


def _telling(all_leaves: Sequence[Mapping[str, Value]]) -> list[str]:
    """Return the names of leaves that together tell mappings apart, as few as come first."""
    names = dict.fromkeys(name for leaves in all_leaves for name in leaves)
    ordered = sorted(names, key=lambda name: name != _TAG)
    chosen, told = ordered[:1], 0
    distinct = {canonical(dict(leaves)) for leaves in all_leaves}
    for name in ordered:
        more = [*chosen, name] if told else [name]
        count = len({canonical([leaves.get(one) for one in more]) for leaves in all_leaves})
        if count > max(told, 1):
            chosen, told = more, count
        if told == len(distinct):
            break
    return chosen


def _mapping(leaves: Mapping[str, Value], chosen: Sequence[str]) -> str:
    there = [name for name in chosen if name in leaves] or list(leaves)[:1]
    parts = [
        value_text(leaves[name]) if name == _TAG else f"{name.rpartition('.')[2]} {value_text(leaves[name])}"
        for name in there
    ]
    rest = "" if len(there) == len(leaves) or there == [_TAG] else " …"
    return _cut(", ".join(parts), _LONGEST - len(rest)) + rest


def _leaves(value: Mapping[str, Value], within: str = "", deep: int = 0) -> Iterator[tuple[str, Value]]:
    for key, inner in value.items():
        name = f"{within}.{key}" if within else str(key)
        if isinstance(inner, Mapping) and inner and deep < _DEEPEST:
            yield from _leaves(inner, name, deep + 1)
        else:
            yield name, inner


def _cut(text: str, longest: int = _LONGEST) -> str:
    text = " ".join(visible(text).split())
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _plain(value: Value) -> Value:
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _nested(value: Any) -> str:
    text: str = yaml.safe_dump(
        _shallow(value), default_flow_style=True, width=10**6, allow_unicode=True, sort_keys=False
    )
    return text.strip()


def _shallow(value: Any, deep: int = 0) -> Any:
    if deep == _DEEPEST:
        return "…"
    if isinstance(value, Mapping):
        return {str(key): _shallow(inner, deep + 1) for key, inner in value.items()}
    return [_shallow(inner, deep + 1) for inner in value] if isinstance(value, list | tuple) else value
