"""A point of the space that a sweep searches."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Value = Any
"""What YAML has: a number, a text, a truth, None, or lists and mappings of these."""


def text_of(value: Value) -> str:
    """Write a value as JSON, one way only; so 1, 1.0 and true are told apart.

    Raises:
        ValueError: it is no value of JSON.
    """
    return json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True)


@dataclass(frozen=True)
class Point:
    """A value for each varied key that holds.

    Attributes:
        text: the values as JSON, by the sorted paths of their keys, which tells points apart.
    """

    text: str

    @staticmethod
    def of(values: Mapping[str, Value]) -> "Point":
        """Take values by the paths of their keys."""
        return Point(text_of(dict(values)))

    @property
    def values(self) -> dict[str, Value]:
        """The values by the paths of their keys."""
        found: dict[str, Value] = json.loads(self.text)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self.values)
