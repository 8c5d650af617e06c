"""The values that a sweep from the network tries: files among them lie where the service allows it."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from outvoted.cluster.configuration.keys import Schema

Confine = Callable[[Path, str], Path]
"""Returns where a path leads, or refuses it; the text is its key."""
_WAYS = ("grid", "choice")


def confined_values(vary: Mapping[str, Any], names: frozenset[str], confine: Confine) -> dict[str, Any]:
    """Return the variations of keys with every path among their values confined.

    Nothing says of a value what it is before it stands at its key, so a text is taken for a path wherever any
    key of its name holds one.

    Args:
        vary: variations by the paths of keys.
        names: of the keys that hold paths.
    """
    return {
        key: {
            way: [_confined(value, key.rpartition(".")[2], f"vary.{key}", names, confine) for value in values]
            if way in _WAYS and values is not None
            else values
            for way, values in dict(variation).items()
        }
        for key, variation in vary.items()
    }


def _confined(value: Any, name: str, place: str, names: frozenset[str], confine: Confine) -> Any:
    if isinstance(value, str) and name in names:
        return str(confine(Path(value), place))
    if isinstance(value, Mapping):
        return {key: _confined(one, str(key), f"{place}.{key}", names, confine) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_confined(one, name, place, names, confine) for one in value]
    return value


def names_of_paths(schema: Schema) -> frozenset[str]:
    """Return the names of all keys of a configuration that hold paths of files or folders."""
    parts = (schema, *schema["$defs"].values())
    return frozenset(
        name
        for part in parts
        for name, node in part.get("properties", {}).items()
        if any(one.get("format") == "path" for one in _nodes(node))
    )


def _nodes(node: Any) -> Iterator[Schema]:
    """Yield a node and all within it."""
    if isinstance(node, Mapping):
        yield dict(node)
        for inner in node.values():
            yield from _nodes(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from _nodes(inner)
