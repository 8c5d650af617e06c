"""A form made of a configuration's JSON schema: keys with their values, ranges and meanings, in groups."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Literal

import yaml

from outvoted.cluster.configuration.keys import Schema
from outvoted.cluster.configuration.strict_yaml import NotPlainYamlError, parse
from outvoted.search.key_paths import TAGS

Control = Literal["number", "choice", "text", "list"]
_COMMON = frozenset(
    {
        *(
            "data",
            "data.name",
            "data.path",
            "panel",
            "panel.networks",
            "referee",
            "search",
            "search.per_target",
        ),
        *("search.strategy", "search.strategy.kind", "search.transform", "search.transform.kind"),
        *(
            "search.patience",
            "search.seed",
            "strategies",
            "heal",
            "heal.rounds",
            "scan",
            "scan.source",
            "study",
        ),
        *("experiment", "sweep", "study.kind", "train_on", "scan.source.kind", "experiment.kind"),
    }
)
"""What is seen at once; other keys are folded."""
_LEFT, _NONE, _OWN = "left to Outvoted", "none", "as set below"
_TRUTH = ("true", "false")


@dataclass(frozen=True)
class Field:
    """One key, as a form asks for it.

    Attributes:
        name: of its input: the path, with the variants that it belongs to.
        path: of the key, as ``--set`` takes it.
        value, start: what stands there, and what stood there before anything was changed.
        choices: what may be chosen; of a text, what may be suggested.
        low, high: ends of a number's range; empty where there is none.
        range: the same in words.
        plain: whether the value is text as it is, rather than YAML.
        shows: whether other fields appear or go with its value.
    """

    name: str
    path: str
    help: str
    control: Control
    value: str
    start: str
    choices: Sequence[str] = ()
    low: str = ""
    high: str = ""
    range: str = ""
    plain: bool = False
    shows: bool = False
    required: bool = False

    @property
    def title(self) -> str:
        """What is said of it beside its input."""
        return self.path.rpartition(".")[2].replace("_", " ")

    @property
    def changed(self) -> bool:
        """Whether it has another value than before."""
        return self.value.strip() != self.start.strip()

    @property
    def common(self) -> bool:
        """Whether it is seen at once."""
        return self.path in _COMMON or self.changed or (self.required and not self.start)

    def override(self) -> str:
        """Return the value as it stands in YAML, on one line.

        Raises:
            NotPlainYamlError: it is not YAML.
        """
        text = self.value.strip()
        if self.name.endswith("?"):
            return "{}" if text == _OWN else "null"
        return _word(text) if self.plain else flow(parse(text))


@dataclass(frozen=True)
class FieldGroup:
    """Keys that belong together."""

    path: str
    help: str
    items: Sequence["Field | FieldGroup"]

    @property
    def title(self) -> str:
        """What stands above it."""
        return self.path.rpartition(".")[2].replace("_", " ")

    @property
    def common(self) -> bool:
        """Whether it is seen at once."""
        return self.path in _COMMON or any(item.common for item in self.items)

    def fields(self) -> Iterator[Field]:
        """Yield all fields, outer ones first."""
        for item in self.items:
            if isinstance(item, Field):
                yield item
            else:
                yield from item.fields()


def flow(value: Any) -> str:
    """Write a value on one line of YAML."""
    text: str = yaml.safe_dump(
        value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=10**9
    )
    return text.strip().removesuffix("\n...").strip()


def _word(text: str) -> str:
    """Write text so that it is read as text, whatever else it looks like.

    Raises:
        NotPlainYamlError: it holds what no text may.
    """
    plain = flow(text)
    with suppress(NotPlainYamlError):
        if parse(plain) == text:
            return plain
    quoted = json.dumps(text, ensure_ascii=False)
    parse(quoted)
    return quoted


def form(schema: Schema, keys: Mapping[str, Any], posted: Mapping[str, str]) -> list[FieldGroup]:
    """Return the groups of a form, one for each key of the whole configuration.

    Args:
        schema: of a kind of run.
        keys: the configuration to begin with; what it leaves out has the schema's defaults.
        posted: what was filled in, by the names of inputs.
    """
    builder = _Builder(schema["$defs"], posted)
    required = schema.get("required", ())
    found: list[Field | FieldGroup] = []
    for name, node in schema["properties"].items():
        value = keys.get(name, node.get("default"))
        found += builder.items(name, name, node, value, name in required)
    single = [one for one in found if isinstance(one, Field) and "." not in one.path and not one.shows]
    groups = [one for one in found if isinstance(one, FieldGroup)]
    return [*groups, *([FieldGroup("more", "", single)] if single else [])]


def overrides(groups: Sequence[FieldGroup]) -> list[tuple[Field, str]]:
    """Return the fields that were changed, each with its override.

    Raises:
        NotPlainYamlError: a value is not YAML.
    """
    return [
        (one, f"{one.path}={one.override()}") for group in groups for one in group.fields() if one.changed
    ]


def with_changes(keys: Mapping[str, Any], groups: Sequence[FieldGroup]) -> dict[str, Any]:
    """Return a configuration's keys with what was changed in a form.

    Raises:
        NotPlainYamlError: a value is not YAML.
    """
    found: dict[str, Any] = deepcopy(dict(keys))
    for one, text in overrides(groups):
        *parents, last = one.path.split(".")
        here = found
        for parent in parents:
            inner = here.get(parent)
            here[parent] = here = inner if isinstance(inner, dict) else {}
        if one.shows and last in TAGS:
            here.clear()  # what was set of another variant means nothing to this one
        here[last] = parse(text.partition("=")[2])
    return found


def as_yaml(keys: Mapping[str, Any]) -> str:
    """Write keys as people do: a line for each, lists and small objects on one line."""
    text: str = yaml.safe_dump(dict(keys), sort_keys=False, allow_unicode=True, width=100)
    return text


class _Builder:
    def __init__(self, parts: Mapping[str, Schema], posted: Mapping[str, str]) -> None:
        self._parts, self._posted = parts, posted

    def items(
        self, path: str, name: str, node: Schema, value: Any, required: bool
    ) -> Iterator[Field | FieldGroup]:
        """Yield the field or group of one key; ``name`` is its path with variants."""
        help_ = str(node.get("description", "")).replace("``", "")
        variants = self._variants(node)
        inner = self._object(node)
        if variants:
            yield FieldGroup(path, help_, list(self._union(path, name, variants, value, required)))
        elif inner is not None and self._nullable(node):
            yield FieldGroup(path, help_, list(self._optional(path, name, inner, value)))
        elif inner is not None:
            yield FieldGroup(path, help_, list(self._keys(path, name, inner, value)))
        else:
            yield self._field(path, name, node, value, required)

    def _keys(self, path: str, name: str, part: Schema, value: Any) -> Iterator[Field | FieldGroup]:
        given = value if isinstance(value, dict) else {}
        required = part.get("required", ())
        for key, node in part.get("properties", {}).items():
            if key in TAGS and "const" in node:
                continue
            inner = given.get(key, node.get("default"))
            yield from self.items(f"{path}.{key}", f"{name}.{key}", node, inner, key in required)

    def _union(
        self, path: str, name: str, variants: Mapping[str, tuple[str, Schema]], value: Any, required: bool
    ) -> Iterator[Field | FieldGroup]:
        key = next(iter(variants.values()))[0]
        first = next(iter(variants))
        start = (
            str(value.get(key, first))
            if isinstance(value, dict)
            else str(value or ("" if required else first))
        )
        chosen = self._posted.get(f"{name}.{key}", start)
        yield Field(
            f"{name}.{key}",
            f"{path}.{key}",
            "",
            "choice",
            chosen,
            start,
            tuple(variants),
            plain=True,
            shows=True,
            required=required,
        )
        if chosen in variants:
            tag, part = variants[chosen]
            shown = {other: node for other, node in part.get("properties", {}).items() if other != tag}
            given = value if chosen == start else {}
            yield from self._keys(path, f"{name}@{chosen}", {**part, "properties": shown}, given)

    def _optional(self, path: str, name: str, part: Schema, value: Any) -> Iterator[Field | FieldGroup]:
        """Yield whether there is an object at all, and its keys if there is."""
        start = _OWN if isinstance(value, dict) else _NONE if value is None else _LEFT
        chosen = self._posted.get(f"{name}?", start)
        choices = (_OWN, _NONE, *((_LEFT,) if start == _LEFT else ()))
        yield Field(f"{name}?", path, "", "choice", chosen, start, choices, plain=True, shows=True)
        if chosen == _OWN:
            yield from self._keys(path, f"{name}!", part, value if isinstance(value, dict) else {})

    def _field(self, path: str, name: str, node: Schema, value: Any, required: bool) -> Field:
        help_ = str(node.get("description", "")).replace("``", "")
        control, choices = _control(node)
        plain = control == "text" and node.get("type") == "string"
        start = _text(value, control, plain)
        low, high = (str(node.get(key, "")) for key in ("minimum", "maximum"))
        return Field(
            name,
            path,
            help_,
            control,
            self._posted.get(name, start),
            start,
            choices,
            low,
            high,
            _range(node),
            plain,
            required=required,
        )

    def _variants(self, node: Schema) -> dict[str, tuple[str, Schema]]:
        """Return what is told apart by a tag at a node: the tag's key and the part, by the tag."""
        found: dict[str, tuple[str, Schema]] = {}
        for one in node.get("oneOf", ()):
            part = self._object(one)
            if part is None:
                continue
            for key in TAGS:
                tag = part["properties"].get(key, {})
                for word in tag.get("enum", [tag["const"]] if "const" in tag else []):
                    found.setdefault(str(word), (key, part))
                if found and any(known[1] is part for known in found.values()):
                    break
        return found

    def _object(self, node: Schema) -> Schema | None:
        """Return the part with keys of its own that stands at a node, if there is just one."""
        options = [one for one in (node, *node.get("allOf", ()), *node.get("anyOf", ())) if "$ref" in one]
        if len(options) != 1:
            return None
        part = self._parts.get(options[0]["$ref"].rpartition("/")[2])
        return part if part is not None and "properties" in part else None

    @staticmethod
    def _nullable(node: Schema) -> bool:
        return any(one.get("type") == "null" for one in node.get("anyOf", ()))


def _range(node: Schema) -> str:
    """Say between what a number lies."""
    low, high, above, below = (
        node.get(key) for key in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
    )
    said = [
        f"at least {low:,}" if low is not None and high is None else "",
        f"{low:,} to {high:,}" if low is not None and high is not None else "",
        f"above {above:,}" if above is not None else "",
        f"at most {high:,}" if high is not None and low is None else "",
        f"below {below:,}" if below is not None and below < 2**53 else "",
    ]
    return ", ".join(filter(None, said))


def _control(node: Schema) -> tuple[Control, tuple[str, ...]]:
    """Return how a value is asked for, and what may be chosen or suggested."""
    if "enum" in node:
        return "choice", tuple(flow(one) for one in node["enum"])
    match node.get("type"):
        case "boolean":
            return "choice", _TRUTH
        case "integer" | "number":
            return "number", ()
        case "string":
            return "text", ()
        case "array" | "object":
            return "list", ()
    suggested = [word for one in node.get("anyOf", ()) for word in one.get("enum", ())]
    lists = any(one.get("type") in ("array", "object") for one in node.get("anyOf", ()))
    return ("list" if lists and not suggested else "text"), tuple(map(str, suggested))


def _text(value: Any, control: Control, plain: bool) -> str:
    """Write a value as it stands in an input."""
    if value is None:
        return ""
    if plain or (control == "text" and isinstance(value, str)):
        return str(value)
    if isinstance(value, list) and any(isinstance(one, dict | list) for one in value):
        return "\n".join(f"- {flow(one)}" for one in value)
    return flow(value)
