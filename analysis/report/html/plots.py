"""Plots of a page: figures as data, drawn by Plotly in the page's own colours."""

import json
from functools import cache
from typing import Any

from plotly.offline import get_plotlyjs

from outvoted.analysis.report.html.escaping import escape, json_block
from outvoted.analysis.report.html.parts import Plot

_HEIGHT = 420  # pixels, where a figure names none
MENU = {"bgcolor": "#f2f2f2", "font": {"size": 12, "color": "#222222"}}
"""How menus look in both themes: Plotly marks what is chosen by a light colour, whatever the theme."""
_OF_THE_PAGE = ("template", "paper_bgcolor", "plot_bgcolor")


@cache
def plotly_script() -> str:
    """Return Plotly's own script, fit to stand between script tags."""
    script: str = get_plotlyjs()
    return script.replace("\r\n", "\n").replace("</script", "<\\/script")


def plot_html(plot: Plot, identifier: str) -> str:
    """Draw the place of a plot, and its data beside it."""
    figure = _without_colours(plot)
    height = figure["layout"].setdefault("height", _HEIGHT)
    caption = f"<figcaption>{escape(plot.caption)}</figcaption>" if plot.caption else ""
    size = f"height:{int(height)}px;min-width:{plot.width}px"
    return (
        f'<figure class="plot"><div class="scroll" role="region" tabindex="0" aria-label="plot">'
        f'<div id="{identifier}" data-plot="{identifier}-data" style="{size}"></div></div>'
        f"{caption}{json_block(f'{identifier}-data', figure)}</figure>"
    )


def _without_colours(plot: Plot) -> dict[str, Any]:
    """Return the figure as plain values, without what the page decides."""
    figure: dict[str, Any] = json.loads(plot.figure.to_json())
    for name in _OF_THE_PAGE:
        figure["layout"].pop(name, None)
    return figure
