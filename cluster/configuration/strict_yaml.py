"""YAML as configurations use it: plain values, nothing guessed, limits on what a text may grow into."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml
from yaml.composer import Composer
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.resolver import Resolver

MOST_BYTES = 256 << 10
MOST_VALUES = 20_000
DEEPEST = 40
_LARGEST = 2**63 - 1
_CORE = "tag:yaml.org,2002:"
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_SAID = {
    "found character '\\t' that cannot start any token": "a tab where only spaces may stand",
    "mapping values are not allowed here": "a second colon, or a line that is indented unlike its neighbours",
    "sequence entries are not allowed here": "a hyphen where no list can begin",
    "expected <block end>": "a line that is indented unlike its neighbours, or lacks a colon or a comma",
    "expected the node content": "a bracket or brace that nothing closes",
    "expected ',' or": "a bracket or brace that nothing closes, or a comma that is missing",
    "found unexpected end of stream": "a quote that nothing closes",
    "found undefined alias": "an alias (*name) of something that has no name (&name)",
}
"""What PyYAML's scanner says, in a user's words, by how it begins."""


@dataclass(frozen=True)
class TextPosition:
    """A place in a text: line and column, both from 1."""

    line: int
    column: int


class NotPlainYamlError(ValueError):
    """Says in a user's words what in a text is not plain YAML, and where; ``at`` is None of a whole text."""

    def __init__(self, said: str, at: TextPosition | None = None) -> None:
        super().__init__(said)
        self.at = at


KeyPath = tuple[str | int, ...]
"""Keys and places in lists, from the outermost on."""


def parse(text: str) -> Any:
    """Return the values of a text: None, True and False, numbers, strings, lists, and dicts of them.

    Only ``true`` and ``false`` are truth values (``no`` and ``on`` are words), ``1e-3`` is a number, ``1:30``
    and dates are words. Aliases may be used as long as they make no more than ``MOST_VALUES`` values.

    Raises:
        NotPlainYamlError: it is not YAML, holds a key twice, a tag, a number out of range or a control
            character, is more than one document, or is larger or deeper than the limits.
    """
    if len(text) > MOST_BYTES:
        raise NotPlainYamlError(f"more than {MOST_BYTES >> 10} KiB")
    try:
        node = _composed(_events(text))
    except yaml.reader.ReaderError as error:
        raise NotPlainYamlError(
            f"the character {chr(error.character)!r}, which no text holds", _after(text[: error.position])
        ) from error
    except yaml.MarkedYAMLError as error:
        raise NotPlainYamlError(_problem(error), _at(error.problem_mark or error.context_mark)) from error
    if node is None:
        return None
    _check_size(node)
    return _value(node)


def positions(text: str) -> Mapping[KeyPath, TextPosition]:
    """Return where each key, and each item of a list, stands in a text that `parse` takes; none in any other.

    What an alias repeats is found where it is written first.
    """
    try:
        node = _composed(_events(text))
    except (yaml.YAMLError, NotPlainYamlError):
        return {}
    return dict(_placed(node, (), set())) if node is not None else {}


def _placed(node: Node, path: KeyPath, seen: set[int]) -> Iterator[tuple[KeyPath, TextPosition]]:
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, MappingNode):
        for key, value in node.value:
            inner = (*path, _named(key))
            yield inner, _of(key)
            yield from _placed(value, inner, seen)
    elif isinstance(node, SequenceNode):
        for place, item in enumerate(node.value):
            yield (*path, place), _of(item)
            yield from _placed(item, (*path, place), seen)


def _named(key: Node) -> str | int:
    text = str(key.value)
    return int(text) if key.tag == f"{_CORE}int" and text.isdigit() and len(text) < 10 else text


def _events(text: str) -> list[yaml.Event]:
    """Parse, and refuse, before anything recursive is done, what is nested too deeply or is too much."""
    depth, found = 0, list[yaml.Event]()
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST or len(found) > 2 * MOST_VALUES:
            large = f"lists or keys nested more than {DEEPEST} deep" if depth > DEEPEST else _too_many()
            raise NotPlainYamlError(f"{large}, from line {_line(event)} on", _of(event))
        found.append(event)
    return found


def _composed(events: Sequence[yaml.Event]) -> Node | None:
    composer, nodes = _Composer(events), list[Node]()
    while composer.check_node():
        node = composer.get_node()
        assert node is not None
        nodes.append(node)
    if len(nodes) > 1:
        many = f"{len(nodes)} documents, with lines of --- between them, instead of one"
        raise NotPlainYamlError(many, _of(nodes[1]))
    return nodes[0] if nodes else None


def _check_size(root: Node) -> None:
    """Count the values that aliases make, without making them."""
    counted: dict[int, int] = {}

    def count(node: Node, within: tuple[int, ...]) -> int:
        if id(node) in within:
            raise NotPlainYamlError(f"an alias on line {_line(node)} that holds itself", _of(node))
        if id(node) not in counted:
            counted[id(node)] = 1 + sum(count(inner, (*within, id(node))) for inner in _inner(node))
        return counted[id(node)]

    if count(root, ()) > MOST_VALUES:
        raise NotPlainYamlError(f"{_too_many()}, counting what aliases (*name) repeat")


def _inner(node: Node) -> Iterator[Node]:
    if isinstance(node, MappingNode):
        for key, value in node.value:
            yield from (key, value)
    elif isinstance(node, SequenceNode):
        yield from node.value


def _value(node: Node) -> Any:
    kind = node.tag.removeprefix(_CORE)
    if isinstance(node, MappingNode) and kind == "map":
        return _mapping(node)
    if isinstance(node, SequenceNode) and kind == "seq":
        return [_value(inner) for inner in node.value]
    if isinstance(node, ScalarNode) and kind in ("str", "int", "float", "bool", "null"):
        return _scalar(node, kind)
    raise NotPlainYamlError(
        f"the tag {_shown_tag(node.tag)} on line {_line(node)}, where only plain values may stand", _of(node)
    )


def _mapping(node: MappingNode) -> dict[Any, Any]:
    merged: dict[Any, Any] = {}
    own: dict[Any, Any] = {}
    lines: dict[Any, int] = {}
    for key_node, value_node in node.value:
        value = _value(value_node)
        if key_node.value == "<<" and key_node.style is None:
            for more in reversed(value) if isinstance(value, list) else [value]:
                if not isinstance(more, dict):
                    said = f"'<<' with something else than keys on line {_line(key_node)}"
                    raise NotPlainYamlError(said, _of(key_node))
                merged |= more
            continue
        key = _key(key_node)
        if key in lines:
            twice = f"the key '{key}' twice, on lines {lines[key]} and {_line(key_node)}"
            raise NotPlainYamlError(twice, _of(key_node))
        own[key], lines[key] = value, _line(key_node)
    return merged | own


def _key(node: Node) -> str | int:
    key = _value(node) if isinstance(node, ScalarNode) else None
    if isinstance(key, bool) or not isinstance(key, str | int):
        said = f"a key on line {_line(node)} that is neither a word nor a number"
        raise NotPlainYamlError(said, _of(node))
    return key


def _scalar(node: ScalarNode, kind: str) -> Any:
    text = node.value
    if kind == "str":
        bad = _CONTROL.search(text)
        if bad:
            said = f"the control character {bad[0]!r} on line {_line(node)}"
            raise NotPlainYamlError(said, _of(node))
        return text
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    try:
        return _whole(text) if kind == "int" else _real(text)
    except (ValueError, OverflowError) as error:
        raise NotPlainYamlError(
            f"a number on line {_line(node)} that is infinite or far too large: {text[:40]}", _of(node)
        ) from error


def _whole(text: str) -> int:
    if len(text) > 100:
        raise OverflowError(text)
    number = int(text.replace("_", ""), 0)
    if abs(number) > _LARGEST:
        raise OverflowError(text)
    return number


def _real(text: str) -> float:
    number = float(text.replace("_", ""))
    if not math.isfinite(number):
        raise OverflowError(text)
    return number


def _line(node: Node | yaml.Event) -> int:
    return _of(node).line


def _of(node: Node | yaml.Event) -> TextPosition:
    return _at(node.start_mark) or TextPosition(1, 1)


def _at(mark: Any) -> TextPosition | None:  # PyYAML has two kinds of marks
    return None if mark is None else TextPosition(int(mark.line) + 1, int(mark.column) + 1)


def _after(before: str) -> TextPosition:
    """Return the position that follows some text."""
    return TextPosition(before.count("\n") + 1, len(before) - before.rfind("\n"))


def _shown_tag(tag: str) -> str:
    return tag.replace(_CORE, "!!")[:80]


def _too_many() -> str:
    return f"more than {MOST_VALUES:,} values"


def _problem(error: yaml.MarkedYAMLError) -> str:
    problem = str(error.problem or error.context or "no YAML")
    said = next((ours for theirs, ours in _SAID.items() if problem.startswith(theirs)), problem)
    mark = error.problem_mark or error.context_mark
    return f"{said}, on line {mark.line + 1}" if mark else said


class _Composer(Composer, Resolver):
    """Makes nodes of parsed events, and decides as YAML 1.2 does what a word without quotes is."""

    def __init__(self, events: Sequence[yaml.Event]) -> None:
        """Take the events of a whole text."""
        Composer.__init__(self)
        Resolver.__init__(self)
        self._events, self._next = events, 0

    def peek_event(self) -> yaml.Event | None:
        """Return the next event, and stay before it; None at the end."""
        return self._events[self._next] if self._next < len(self._events) else None

    def check_event(self, *kinds: type[yaml.Event]) -> bool:
        """Return whether the next event is one of these kinds, or any where none is named."""
        event = self.peek_event()
        return event is not None and (not kinds or isinstance(event, kinds))

    def get_event(self) -> yaml.Event | None:
        """Return the next event, and go on."""
        event = self.peek_event()
        self._next += 1
        return event


_Composer.yaml_implicit_resolvers = {}
_INT = re.compile(r"[-+]?(0|[1-9][0-9]*(_[0-9]+)*|0x[0-9a-fA-F]+|0o[0-7]+)$")
_FLOAT = re.compile(
    r"[-+]?(([0-9]+(_[0-9]+)*\.[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+|\.(inf|Inf|INF))$"
    r"|\.(nan|NaN|NAN)$"
)
_Composer.add_implicit_resolver(
    f"{_CORE}bool", re.compile(r"(true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)
_Composer.add_implicit_resolver(f"{_CORE}int", _INT, list("-+0123456789"))
_Composer.add_implicit_resolver(f"{_CORE}float", _FLOAT, list("-+0123456789."))
_Composer.add_implicit_resolver(f"{_CORE}null", re.compile(r"(~|null|Null|NULL|)$"), ["~", "n", "N", ""])
