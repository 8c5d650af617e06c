"""How one key of a configuration is varied."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from outvoted.search.settings import Settings

Ends = tuple[float, float]
_WAYS = ("grid", "choice", "uniform", "log_uniform", "randint")


def _grid_alone(value: Any) -> Any:
    return {"grid": value} if isinstance(value, list | tuple) else value


class Variation(Settings):
    """What values a key may have: one of ``grid``, ``choice``, ``uniform``, ``log_uniform`` and ``randint``.

    A list alone stands for a grid.
    """

    grid: Annotated[tuple[Any, ...] | None, Field(min_length=1)] = None
    """Values, each of which is tried."""
    choice: Annotated[tuple[Any, ...] | None, Field(min_length=1)] = None
    """Values, of which an algorithm chooses."""
    uniform: Ends | None = None
    """The ends of a range."""
    log_uniform: Ends | None = None
    """The ends of a range whose orders of magnitude are equally likely."""
    randint: tuple[int, int] | None = None
    """The ends of a range of whole numbers, both included."""
    when: Mapping[str, Any] = Field(default_factory=dict)
    """The key is varied only where other keys have these values, or one of these: ``search.strategy:
    gradient``; elsewhere it is as its own default says."""

    @model_validator(mode="after")
    def _one_way(self) -> "Variation":
        if sum(getattr(self, way) is not None for way in _WAYS) != 1:
            raise ValueError(f"one of {', '.join(_WAYS)}")
        return self


AnyVariation = Annotated[Variation, BeforeValidator(_grid_alone)]
