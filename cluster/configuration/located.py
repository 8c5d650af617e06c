"""What is wrong with a configuration, and on which of its lines."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from outvoted.cluster.configuration.strict_yaml import (
    KeyPath,
    NotPlainYamlError,
    TextPosition,
    parse,
    positions,
)
from outvoted.search.errors import OutvotedError
from outvoted.search.shown import shown, visible

Config = TypeVar("Config")


@dataclass(frozen=True)
class Located:
    """One thing that is wrong; ``at`` is None where no single place in the text is to blame."""

    at: TextPosition | None
    expected: str
    found: str
    remedy: str


def read_text(
    text: str, check: Callable[[Mapping[str, Any]], Config]
) -> tuple[Config | None, Sequence[Located]]:
    """Read a configuration that somebody is writing, and say of each thing that is wrong where it stands.

    Args:
        text: YAML.
        check: makes a configuration of its keys, or raises OutvotedError.

    Returns:
        The configuration, or None and what is wrong, in the order of the text.
    """
    try:
        keys = parse(text)
    except NotPlainYamlError as error:
        return None, [
            Located(error.at, "a configuration in plain YAML", visible(str(error)), "correct it there")
        ]
    if not isinstance(keys, dict):
        found = (
            "nothing"
            if keys is None
            else f"{'a list' if isinstance(keys, list) else 'one value'}: {shown(keys)}"
        )
        return None, [
            Located(TextPosition(1, 1), "keys with values, say data: {name: mnist-sample}", found, "add them")
        ]
    try:
        return check(keys), ()
    except OutvotedError as error:
        return None, located(error, text)


def located(error: OutvotedError, text: str) -> list[Located]:
    """Say on which line of a text each of the things stands that an error names, the first of them first."""
    if not error.problems:
        at = error.__cause__.at if isinstance(error.__cause__, NotPlainYamlError) else None
        return [Located(at, error.expected, error.found, error.remedy)]
    places = positions(text)
    found = [
        Located(_nearest(one.place, places), one.expected, one.found, one.remedy) for one in error.problems
    ]
    return sorted(found, key=lambda one: (one.at.line, one.at.column) if one.at else (0, 0))


def _nearest(place: str, places: Mapping[KeyPath, TextPosition]) -> TextPosition | None:
    """Return where a key stands or, if it is missing, the innermost key around it."""
    around = [path for path in places if f"{place}.".startswith(f"{'.'.join(map(str, path))}.")]
    return places[max(around, key=len)] if around else None
