"""Values as one would type them into a configuration, without anything that steers a terminal."""

import re
from dataclasses import dataclass
from typing import Any

import yaml
from pydantic import BaseModel

_LONGEST = 200
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


@dataclass(frozen=True)
class Lookalike:
    """Stands for a value that would be taken for a number without being one, so that it is refused."""

    value: Any


def shown(value: Any) -> str:
    """Write a value of a configuration as it stands there, or say what else it is; long ones are cut."""
    if isinstance(value, Lookalike):
        value = value.value
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)[:_LONGEST]
    if isinstance(value, str) or hasattr(value, "__fspath__"):
        return _cut(f"'{visible(str(value))}'")
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json")
    if isinstance(value, dict | list | tuple):
        return _nested(value)
    return f"an object of type {type(value).__name__}"


def visible(text: str) -> str:
    """Write control characters, which could steer a terminal, as escapes; tabs and ends of lines stay."""
    return _CONTROL.sub(lambda found: ascii(found[0])[1:-1], text)


def _nested(value: Any) -> str:
    try:
        text = yaml.safe_dump(
            _plain(value), default_flow_style=True, width=10**6, allow_unicode=True, sort_keys=False
        )
    except (yaml.YAMLError, RecursionError):
        text = f"a {type(value).__name__}"
    return _cut(visible(text.strip()))


def _plain(value: Any) -> Any:
    """Make everything within lists and dicts a value that YAML knows."""
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value if isinstance(value, str | int | float | bool | None) else shown(value)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
