"""A point of the space that a sweep searches."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Value = Any
"""What YAML has: a number, a text, a truth, None, or lists and mappings of these."""


@dataclass(frozen=True)
class Point:
    """A value for each varied key that holds, in the order in which they are varied.

    Attributes:
        text: the values as JSON, which tells points apart.
    """

    text: str

    @staticmethod
    def of(values: Mapping[str, Value]) -> "Point":
        """Take values by the paths of their keys."""
        return Point(json.dumps(dict(values), ensure_ascii=False, allow_nan=False))

    @property
    def values(self) -> dict[str, Value]:
        """The values by the paths of their keys."""
        found: dict[str, Value] = json.loads(self.text)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self.values)
