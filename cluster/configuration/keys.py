"""Every key of a configuration with its default, its range and its meaning, read from its schema."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from outvoted.actors.runs.commands import commands_of
from outvoted.cluster.configuration.ready import SCHEMAS
from outvoted.search.errors import OutvotedError, suggestion
from outvoted.search.key_paths import TAGS
from outvoted.search.shown import shown

Schema = dict[str, Any]
MAY_CHANGE = "x-may-change"
"""Marks in a schema keys whose value a resumed run may change."""
_SINGULAR = {"networks": "network", "strategies": "strategy", "noises": "noise", "parts": "transform"}
_LONGEST = 60


@dataclass(frozen=True)
class Key:
    """One key.

    Attributes:
        path: as ``--set`` takes it, within its section.
        default: as it would stand in YAML; None where the key must be given.
        choices: titles of the sections of which one is chosen here.
        may_change: whether a resumed run may have another value.
    """

    path: str
    default: str | None
    values: str
    meaning: str
    choices: tuple[str, ...] = ()
    may_change: bool = False


@dataclass(frozen=True)
class KeySection:
    """Keys that stand together.

    Attributes:
        title: a key of the whole configuration, or a key and the variant that is chosen with it.
        kinds: the kinds of runs in whose configurations they stand.
    """

    title: str
    does: str
    keys: tuple[Key, ...]
    kinds: tuple[str, ...]


def packaged(kind: str) -> Schema:
    """Read the schema of a kind of run that comes with the package."""
    found: Schema = json.loads((SCHEMAS / f"{kind}.json").read_text("utf-8"))
    return found


def sections(schemas: Mapping[str, Schema]) -> list[KeySection]:
    """Return the sections of the schemas of some kinds: first those of whole keys, then what is chosen.

    What several kinds have alike is one section.
    """
    found: dict[tuple[str, tuple[Key, ...]], KeySection] = {}
    for kind, schema in schemas.items():
        reader = _Reader(schema)
        for section in [*reader.whole(kind), *reader.chosen(kind)]:
            known = found.setdefault((section.title, section.keys), section)
            found[section.title, section.keys] = replace(
                known, kinds=tuple(dict.fromkeys((*known.kinds, kind)))
            )
    return sorted(found.values(), key=lambda one: ": " in one.title)


def beginning(found: Sequence[KeySection], prefix: str) -> list[KeySection]:
    """Return what is left of sections when only keys and titles that begin with ``prefix`` are wanted.

    Raises:
        OutvotedError: nothing is.
    """
    left = []
    for one in found:
        keys = tuple(key for key in one.keys if f"{key.path}.".startswith(f"{prefix.rstrip('.')}."))
        title = one.title.replace(": ", ".")
        if keys or f"{title}.".startswith(f"{prefix.rstrip('.')}."):
            left.append(replace(one, keys=keys or one.keys))
    if not left:
        known = {key.path for one in found for key in one.keys} | {one.title for one in found}
        raise OutvotedError("the beginning of a key, say search", shown(prefix), suggestion(prefix, known))
    return left


def _wholes() -> Mapping[str, str]:
    """Return the kinds of runs by what is said of their whole configurations, which may stand in others."""
    return {str(packaged(file.stem)["description"]): file.stem for file in sorted(SCHEMAS.glob("*.json"))}


class _Reader:
    """Reads one schema."""

    def __init__(self, schema: Schema) -> None:
        self._schema, self._parts, self._wholes = schema, schema["$defs"], _wholes()
        self._titles: dict[str, str] = {}
        for key, node in _properties(schema):
            for name in _alternatives(node):
                self._titles.setdefault(name, f"{_SINGULAR.get(key, key)}: {_tag(self._parts[name])}")
        for name, part in self._parts.items():
            if _tag(part) and name not in self._titles:
                self._titles[name] = f"transform: {_tag(part)}"  # to augment with, where none is chosen

    def whole(self, kind: str) -> Iterator[KeySection]:
        """Yield a section for each key of the whole configuration."""
        required = self._schema.get("required", ())
        for name, node in self._schema["properties"].items():
            default = None if name in required else _default(node.get("default"))
            said = [self._parts[one]["description"] for one in _references(node)]
            other = next((self._wholes[one] for one in said if one in self._wholes), None)
            keys = tuple(self._keys(name, node, default, bool(node.get(MAY_CHANGE))))
            if other is not None:
                keys = (Key(name, default, f"all keys of `outvoted {other}`", node["description"]),)
            yield KeySection(name, node["description"], keys, (kind,))

    def chosen(self, kind: str) -> Iterator[KeySection]:
        """Yield a section for each variant of what is chosen."""
        for name, title in self._titles.items():
            part = self._parts[name]
            yield KeySection(title, part["description"], tuple(self._within("", part, {}, False)), (kind,))

    def _within(self, path: str, part: Schema, given: Any, may_change: bool) -> Iterator[Key]:
        """Yield the keys of a part; ``given`` are its values where it is left out as a whole."""
        required = part.get("required", ())
        for name, node in part.get("properties", {}).items():
            if name in TAGS and _tag(part) == node.get("const"):
                continue
            default = None if name in required else _default(node.get("default"))
            if isinstance(given, dict) and name in given and _default(given[name]) != default:
                other = _default(given[name])
                default = f"{default}; {other} where {path} is left out" if default is not None else other
            inner = f"{path}.{name}" if path else name
            yield from self._keys(inner, node, default, bool(node.get(MAY_CHANGE, may_change)))

    def _keys(self, path: str, node: Schema, default: str | None, may_change: bool) -> Iterator[Key]:
        """Yield the key at a path, or where it holds keys of its own, those."""
        inner = next((name for name in _references(node) if name not in self._titles), None)
        nullable = any(one.get("type") == "null" for one in node.get("anyOf", ()))
        several = (
            "list of " if _is_list(node) else "names, each with " if "additionalProperties" in node else ""
        )
        if inner is None or nullable or several:
            choices = tuple(self._titles[name] for name in _references(node) if name in self._titles)
            values = (
                f"{several}keys as below{', or null' * nullable}" if inner else _words(node, self._titles)
            )
            said = "the values below" if inner and node.get("default") else default
            yield Key(path, said, values, node.get("description", ""), choices, may_change)
        if inner is not None:
            within = f"{path}.0" if _is_list(node) else f"{path}.NAME" if several else path
            yield from self._within(within, self._parts[inner], node.get("default"), may_change)


def _properties(schema: Schema) -> Iterator[tuple[str, Schema]]:
    yield from schema["properties"].items()
    for part in schema["$defs"].values():
        yield from part.get("properties", {}).items()


def _alternatives(node: Any) -> list[str]:
    """Name the parts of which one is chosen at a node, or in a list there."""
    if "oneOf" in node:
        return [name for one in node["oneOf"] for name in _references(one)]
    inner = [node.get("items"), *node.get("anyOf", ())]
    return [name for one in inner if isinstance(one, dict) for name in _alternatives(one)]


def _references(node: Any) -> list[str]:
    """Name all parts that may stand at a node."""
    if not isinstance(node, dict):
        return []
    own = [node["$ref"].rpartition("/")[2]] if "$ref" in node else []
    inner = [node.get(key) for key in ("items", "additionalProperties")]
    inner += [one for key in ("oneOf", "anyOf", "allOf") for one in node.get(key, ())]
    return [*own, *(name for one in inner for name in _references(one))]


def _is_list(node: Schema) -> bool:
    return "items" in node or any("items" in one for one in node.get("anyOf", ()))


def _tag(part: Schema) -> str:
    """Return the word by which a part is chosen; of several names the first."""
    for key in TAGS:
        node = part.get("properties", {}).get(key, {})
        if "const" in node or ("enum" in node and key == "name"):
            return str(node.get("const", node.get("default")))
    return ""


def _default(value: Any) -> str:
    if isinstance(value, dict) and len(value) > 1 and (tag := next((k for k in TAGS if k in value), None)):
        return str(value[tag])
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return f"[{', '.join(_default(one) for one in value)}]"[:_LONGEST]
    text = json.dumps(value, ensure_ascii=False).replace('"', "")
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _words(node: Schema, titles: Mapping[str, str]) -> str:
    """Say what values may stand at a node."""
    if "anyOf" in node:
        return ", or ".join(dict.fromkeys(_words(one, titles) for one in node["anyOf"]))
    if "oneOf" in node or "$ref" in node:
        names = ", ".join(titles[name].partition(": ")[2] for name in _references(node) if name in titles)
        own = any("pattern" in str(one) for one in node.get("oneOf", ()))
        return f"{names}, or MODULE:CLASS" if own else names
    if "const" in node or "enum" in node:
        return ", ".join(str(one) for one in node.get("enum", [node.get("const")]))
    return _PLAIN[node.get("type", "any")](node, titles)


def _number(node: Schema, titles: Mapping[str, str]) -> str:
    low, above = node.get("minimum"), node.get("exclusiveMinimum")
    high, below = node.get("maximum"), node.get("exclusiveMaximum")
    ends = [
        f"from {_count(low)}" if low is not None and (high, below) != (None, None) else "",
        f"of at least {_count(low)}" if low is not None and (high, below) == (None, None) else "",
        f"above {_count(above)}" if above is not None else "",
        f"to {_count(high)}" if high is not None else "",
        f"below {_count(below)}" if below is not None else "",
    ]
    return " ".join(["whole number" if node["type"] == "integer" else "number", *filter(None, ends)])


def _count(value: float) -> str:
    power = int(value).bit_length() - 1
    return f"2^{power}" if value == 2**power and power > 24 else f"{value:,}"


def _list(node: Schema, titles: Mapping[str, str]) -> str:
    if "prefixItems" in node:
        return f"list of {len(node['prefixItems'])}, each {_words(node['prefixItems'][0], titles)}"
    return f"list of {_words(node.get('items', {}), titles)}"


_PLAIN: dict[str, Callable[[Schema, Mapping[str, str]], str]] = {
    "integer": _number,
    "number": _number,
    "array": _list,
    "boolean": lambda node, titles: "true or false",
    "null": lambda node, titles: "null",
    "object": lambda node, titles: "keys and values",
    "string": lambda node, titles: {"path": "path"}.get(node.get("format", ""), "text"),
    "any": lambda node, titles: "any value",
}


def as_text(found: Sequence[KeySection]) -> Iterator[str]:
    """Yield lines for a terminal."""
    for section in found:
        yield f"{section.title}   # {', '.join(commands_of(section.kinds))}: {section.does}"
        for key in section.keys:
            yield f"  {key.path}: {'(must be given)' if key.default is None else key.default}"
            yield f"      {key.values}{'; may change when a run is resumed' if key.may_change else ''}"
            yield f"      {key.meaning.replace('``', '')}"
        yield ""


_INTRO = (
    "# Every key\n\nMade by `outvoted keys --markdown` from the settings themselves; `outvoted keys mine`\n"
    "prints the same in a terminal, and `outvoted keys mine search` only what begins so. Keys are written\n"
    "as `--set` takes them. A key with ↻ may have another value when a run is resumed. Where one of several\n"
    "kinds is chosen (`{kind: gradient, steps: 12}`), its own keys are in the section of that kind. Editors\n"
    "that know the YAML language server complete and check keys in files that begin with the line that\n"
    "`outvoted configs NAME` prints first.\n"
)


def as_markdown(found: Sequence[KeySection]) -> Iterator[str]:
    """Yield lines of the page of keys."""
    yield _INTRO
    for section in found:
        chosen = ": " in section.title
        yield (
            f"### {section.title}"
            if chosen
            else f"## {section.title} ({', '.join(commands_of(section.kinds))})"
        )
        yield f"\n{_marked(section.does)}\n"
        if section.keys:
            yield "| key | default | values | meaning |\n|---|---|---|---|"
        for key in section.keys:
            default = "must be given" if key.default is None else f"`{key.default}`"
            name = f"`{key.path}`{' ↻' if key.may_change else ''}"
            yield f"| {name} | {default} | {_linked(key)} | {_marked(key.meaning)} |"
        yield ""


def _linked(key: Key) -> str:
    if not key.choices:
        return _marked(key.values)
    links = ", ".join(f"[{one.partition(': ')[2]}](#{one.replace(': ', '-')})" for one in key.choices)
    begin = "list of " if key.values.startswith("list") else ""
    end = next((more for more in (", or MODULE:CLASS", ", or null") if key.values.endswith(more)), "")
    return f"{begin}{links}{end}"


def _marked(text: str) -> str:
    return text.replace("``", "`").replace("|", "\\|")
