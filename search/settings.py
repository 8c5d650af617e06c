"""The base of every configuration class: frozen values, unknown keys refused, nothing taken for a number."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, model_validator


@dataclass(frozen=True)
class Lookalike:
    """Stands for a value that would be taken for a number without being one, so that it is refused."""

    value: Any


class Settings(BaseModel):
    """Frozen settings; a key that no field knows is an error, never ignored.

    Where a number is wanted, neither ``true`` nor a number in quotes is one; ``5.0`` is a whole number.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _numbers_are_numbers(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        return {key: _marked(value, _kinds(cls, key)) for key, value in values.items()}


def _marked(value: Any, kinds: frozenset[Any]) -> Any:
    """Mark what only looks like a number, also in lists, where a field of ``kinds`` wants one."""
    if not kinds & {int, float} or Any in kinds:
        return value
    if isinstance(value, list | tuple):
        return type(value)(_marked(one, kinds) for one in value) if type(value) in (list, tuple) else value
    truth = isinstance(value, bool) and bool not in kinds
    quoted = isinstance(value, str) and str not in kinds and _reads_as_number(value)
    return Lookalike(value) if truth or quoted else value


def _reads_as_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


@cache
def _kinds(form: type[BaseModel], field: Any) -> frozenset[Any]:
    """Return the plain types that a field's annotation is made of; none of settings within it."""
    if field not in form.model_fields:
        return frozenset()
    leaves = _leaves(form.model_fields[field].annotation)
    return frozenset(leaf for leaf in leaves if leaf is Any or isinstance(leaf, type))


def _leaves(annotation: Any) -> Iterator[Any]:
    inner = get_args(annotation)
    if not inner:
        yield annotation
    for one in inner:
        yield from _leaves(one)
