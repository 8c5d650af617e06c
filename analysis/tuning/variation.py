"""How one key of a configuration is varied."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, model_validator

from outvoted.analysis.tuning.points import Value, text_of
from outvoted.search.settings import Settings, plain
from outvoted.search.shown import shown

_WAYS = ("grid", "choice", "uniform", "log_uniform", "randint")
_MOST = 1000
_LARGEST = 2**53
"""Of whole numbers that are floats too; more than anything that is varied."""


def _plain(value: Any) -> Any:
    """Write what Python has and JSON has not: settings, paths, numbers and arrays of NumPy."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if hasattr(value, "__fspath__"):
        return str(value)
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(value)


def _listed(values: tuple[Value, ...]) -> tuple[Value, ...]:
    try:
        found = [json.loads(json.dumps(value, allow_nan=False, default=_plain)) for value in values]
    except (ValueError, TypeError):
        raise ValueError("values that YAML has: numbers, words, true or false, null, lists, keys") from None
    numbers = [value for value in found if type(value) in (int, float)]
    if len(set(map(text_of, found))) < len(found) or len(set(numbers)) < len(numbers):
        raise ValueError("each value once")
    return tuple(found)


def _rising(ends: tuple[float, float]) -> tuple[float, float]:
    if not ends[0] < ends[1]:
        raise ValueError("two ends, the lower one first")
    if max(map(abs, ends)) > _LARGEST:
        raise ValueError("two ends between -2^53 and 2^53")
    return ends


def _above_zero(ends: tuple[float, float]) -> tuple[float, float]:
    if ends[0] <= 0:
        raise ValueError("two ends above 0")
    return ends


Listed = Annotated[tuple[Value, ...], Field(min_length=1, max_length=_MOST), AfterValidator(_listed)]
Ends = Annotated[tuple[float, float], AfterValidator(_rising)]


class Variation(Settings):
    """What values a key may have: one of ``grid``, ``choice``, ``uniform``, ``log_uniform`` and ``randint``.

    A list alone stands for a grid.
    """

    grid: Listed | None = None
    """Values in order, each of which is tried with each value of the other keys: ``[50, 100, 250]``."""
    choice: Listed | None = None
    """Values in no order: ``[hillclimb, gradient, {kind: gradient, rate: 0.2}]``."""
    uniform: Ends | None = None
    """A range of numbers, by its ends: ``[0.1, 1]``."""
    log_uniform: Annotated[Ends, AfterValidator(_above_zero)] | None = None
    """A range of numbers whose orders of magnitude are equally likely, by its ends: ``[0.0001, 0.1]``."""
    randint: Annotated[tuple[int, int], AfterValidator(_rising)] | None = None
    """A range of whole numbers, by its ends, both included: ``[10, 500]``."""
    when: Annotated[Mapping[str, Any], Field(max_length=20)] = Field(default_factory=dict)
    """The key is varied only where others have these values, or one of a list: ``{search.strategy:
    [gradient, bayesian]}``. Elsewhere it is left as it is."""

    @model_validator(mode="after")
    def _one_way(self) -> "Variation":
        ways = [way for way in _WAYS if getattr(self, way) is not None]
        if len(ways) != 1:
            found = f", not {' and '.join(ways)}" if ways else ""
            raise ValueError(f"one of {', '.join(_WAYS)}{found}")
        return self

    @property
    def listed(self) -> tuple[Value, ...] | None:
        """The values where these are listed."""
        return self.grid if self.grid is not None else self.choice

    @property
    def ends(self) -> tuple[float, float] | None:
        """The ends of the range where there is one."""
        return self.uniform or self.log_uniform or self.randint

    @property
    def said(self) -> str:
        """This as it would stand in a configuration, without ``when``."""
        way = next(way for way in _WAYS if getattr(self, way) is not None)
        ends = ", ".join(plain(end) for end in self.ends or ())
        return f"{way}: [{ends}]" if ends else f"{way}: {shown(self.listed)}"


def _grid_alone(value: Any) -> Any:
    return {"grid": value} if isinstance(value, list | tuple) else value


AnyVariation = Annotated[
    Variation, BeforeValidator(_grid_alone, json_schema_input_type=Variation | tuple[Any, ...])
]
"""A variation; a list alone is a grid."""
