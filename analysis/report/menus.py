"""Menus of an interactive figure: what is shown, and of which network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import plotly.graph_objects as go

from outvoted.analysis.report.drawing import MENU, plot_text
from outvoted.search.arrays import AnyArray

_ABOVE = 1.0
_LONGEST = 60


@dataclass(frozen=True)
class Choice:
    """One entry of a menu.

    Attributes:
        name: in the menu.
        traces: attributes, each with a value for each trace of the figure, or for its first ones.
        layout: attributes of the layout.
    """

    name: str
    traces: Mapping[str, Sequence[Any]]
    layout: Mapping[str, Any] = field(default_factory=dict)


def rounded(values: AnyArray) -> Any:
    """Return numbers as lists, to three decimals, which keeps a page small."""
    return np.round(values.astype(np.float64), 3).tolist()


def shown(owners: Sequence[int | None], network: int) -> list[bool]:
    """Return which traces are shown for a network: its own, and those of no network."""
    return [owner is None or owner == network for owner in owners]


def networks(names: Sequence[str], owners: Sequence[int | None]) -> list[Choice]:
    """Return a choice for each network; ``owners`` says whose each trace is, None: it is always shown."""
    return [Choice(name, {"visible": shown(owners, k)}) for k, name in enumerate(names)]


def add_menus(figure: go.Figure, *menus: Sequence[Choice]) -> None:
    """Show the first choice of each menu, and put the menus above the figure, side by side.

    Menus must not touch the same attributes: then each keeps what the others chose.
    """
    for menu in menus:
        first = menu[0]
        for attribute, values in first.traces.items():
            for trace, value in zip(figure.data, values, strict=False):
                trace[attribute] = value
        figure.update_layout(dict(first.layout))
    figure.update_layout(
        margin={"t": 110, "l": 55, "r": 20, "b": 45},
        updatemenus=[_menu(menu, 0.5 * place) for place, menu in enumerate(menus) if len(menu) > 1],
    )


def _menu(menu: Sequence[Choice], across: float) -> dict[str, Any]:
    buttons = [
        {"label": _short(choice.name), "method": "update", "args": _arguments(choice)} for choice in menu
    ]
    return {
        "buttons": buttons,
        "x": across,
        "xanchor": "left",
        "y": _ABOVE,
        "yanchor": "bottom",
        "pad": {"b": 42},
        **MENU,
    }


def _arguments(choice: Choice) -> list[Any]:
    count = max((len(values) for values in choice.traces.values()), default=0)
    return [dict(choice.traces), dict(choice.layout), list(range(count))]


def _short(name: str) -> str:
    return plot_text(name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…")
