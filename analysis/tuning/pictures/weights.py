"""Which keys objectives depend on, as bars."""

from collections.abc import Sequence
from pathlib import Path

import plotly.graph_objects as go
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from outvoted.analysis.report.drawing import COLOURS, plain, plot_text, save
from outvoted.analysis.report.report import Plot
from outvoted.analysis.tuning.importances import Importances
from outvoted.analysis.tuning.key_axes import KeyAxis
from outvoted.analysis.tuning.pictures.shown import ShownTrials

_KEYS = 12
_METHODS = {
    "fANOVA": "the share of a forest's variance that each key explains alone (fANOVA, by Optuna)",
    "permutation": "how much worse a forest predicts with a key's values shuffled, as shares of all keys'",
}


def by_importance(shown: ShownTrials, found: Sequence[Importances]) -> list[KeyAxis]:
    """Return the keys, those first on which the first objective depends most that tells anything."""
    telling = next((one for one in found if one.keys), None)
    place = {} if telling is None else {one.key: k for k, one in enumerate(telling.keys)}
    return sorted(shown.axes, key=lambda axis: place.get(axis.key, len(place)))


def draw_weights(shown: ShownTrials, found: Sequence[Importances], path: Path) -> None:
    """Draw a bar for each key and objective, with a standard deviation over forests."""
    telling, keys = _telling(found), by_importance(shown, found)[:_KEYS]
    figure = Figure(figsize=(7, 1.1 + 0.32 * len(keys) * max(1, 0.7 * len(telling))), layout="constrained")
    axes = figure.subplots()
    thick = 0.8 / len(telling)
    for k, one in enumerate(telling):
        known = {each.key: each for each in one.keys}
        there = [(place, known[key.key]) for place, key in enumerate(keys) if key.key in known]
        axes.barh(
            [place + (k - (len(telling) - 1) / 2) * thick for place, _ in there],
            [each.share for _, each in there],
            thick,
            xerr=[each.std for _, each in there],
            color=COLOURS[k % len(COLOURS)],
            label=_title(shown, one),
            error_kw={"elinewidth": 1, "ecolor": "#555555"},
        )
    axes.set_yticks(range(len(keys)), [key.name for key in keys])
    axes.invert_yaxis()
    axes.set_xlim(left=0)
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    plain(axes)
    axes.legend(fontsize=8, frameon=False, loc="lower right")
    save(figure, path)


def weights_plot(shown: ShownTrials, found: Sequence[Importances]) -> Plot:
    """Return the same as an interactive plot."""
    telling, keys = _telling(found), by_importance(shown, found)[:_KEYS]
    names = {key.key: plot_text(key.name) for key in keys}
    figure = go.Figure()
    for k, one in enumerate(telling):
        there = [each for each in one.keys if each.key in names]
        figure.add_bar(
            **{"x": [each.share for each in there], "y": [names[each.key] for each in there]},
            **{"orientation": "h", "name": plot_text(_title(shown, one))},
            marker_color=COLOURS[k % len(COLOURS)],
            error_x={"array": [each.std for each in there], "thickness": 1, "color": "#888888"},
            hovertemplate="%{y}: %{x:.0%}",
        )
    figure.update_layout(
        barmode="group",
        xaxis={"tickformat": ".0%", "rangemode": "tozero"},
        yaxis={"autorange": "reversed", "type": "category"},
        showlegend=True,
        legend={"orientation": "h", "y": -0.12, "yanchor": "top"},
        height=150 + len(keys) * (14 + 16 * len(telling)),
        margin={"t": 30, "b": 60, "l": 60, "r": 20},
    )
    return Plot(figure, _caption(telling))


def _telling(found: Sequence[Importances]) -> list[Importances]:
    return [one for one in found if one.keys]


def _title(shown: ShownTrials, one: Importances) -> str:
    return next(aim.title for aim in shown.aims if aim.name == one.objective)


def _caption(telling: Sequence[Importances]) -> str:
    least = min(one.explained for one in telling)
    explained = "the forest" if len(telling) == 1 else "the forests"
    return (
        f"Bars: {_METHODS[telling[0].method]}; lines: standard deviation over four forests. Of trials that "
        f"they have not seen, {explained} explain{'s' if len(telling) == 1 else ''} "
        f"{'' if len(telling) == 1 else 'at least '}{least:.0%} of the variance."
    )
