"""What a run of `outvoted heal` has to say."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from outvoted.actors.healing.arms import ARMS, Arm
from outvoted.analysis.healing.healing import (
    COLOURS,
    LABELS,
    TITLES,
    HealSummary,
    RoundSummary,
    healing_table,
)
from outvoted.analysis.report.html.from_rich import from_rich
from outvoted.analysis.report.html.parts import Plot, Section
from outvoted.analysis.report.html.told import Told
from outvoted.analysis.report.spread import Spread

_DASHES = {Arm.NOTHING: "dot", Arm.COPIES: "dash", Arm.MISTAKES: "solid"}
_SYMBOLS = {Arm.NOTHING: "square", Arm.COPIES: "triangle-up", Arm.MISTAKES: "circle"}


def told_by_healing(summary: HealSummary) -> Told:
    """Say what training on mined mistakes did so far."""
    before, after = (summary.at(Arm.MISTAKES, number).figures["success"] for number in (0, summary.rounds))
    headlines = [
        (f"{summary.rounds}", "rounds of healing"),
        (f"{summary.repeats}", "repeats"),
        (_percent(before), "of searches ended in a mistake before"),
        (_percent(after), "after training on mined mistakes"),
    ]
    return Told(headlines, (Section("Healing", parts=(from_rich(healing_table(summary)), _curves(summary))),))


def _percent(value: Spread) -> str:
    return f"{value.percent()} %" if value.mean is not None else "–"


def _curves(summary: HealSummary) -> Plot:
    """Draw four figures against the round, a band of one standard deviation around each arm's mean."""
    figure = make_subplots(
        rows=len(TITLES), cols=1, subplot_titles=list(TITLES.values()), vertical_spacing=0.07
    )
    for index, name in enumerate(TITLES):
        for arm in ARMS:
            rows = [each for each in summary.rows if each.arm == arm and each.figures[name].mean is not None]
            for trace in _traces(arm, rows, name, legend=index == 0):
                figure.add_trace(trace, row=index + 1, col=1)
    figure.update_yaxes(tickformat=".1~%")
    figure.update_xaxes(dtick=max(1, summary.rounds // 10))
    figure.update_xaxes(title_text="round", row=len(TITLES))
    figure.update_layout(height=1000, legend={"orientation": "h", "y": 1.03, "yanchor": "bottom"})
    repeats = f"{summary.repeats} repeats" if summary.repeats > 1 else "one repeat"
    return Plot(figure, f"Means of {repeats}; bands: one standard deviation.")


def _traces(arm: Arm, rows: Sequence[RoundSummary], name: str, legend: bool) -> tuple[go.Scatter, go.Scatter]:
    number = [row.round for row in rows]
    mean = np.array([row.figures[name].mean for row in rows], np.float64)
    std = np.array([row.figures[name].std or 0.0 for row in rows], np.float64)
    band = go.Scatter(
        x=[*number, *number[::-1]],
        y=[*(mean + std), *(mean - std)[::-1]],
        fill="toself",
        fillcolor=_band(arm),
        line={"width": 0},
        hoverinfo="skip",
        legendgroup=str(arm),
        showlegend=False,
        mode="lines",
    )
    line = go.Scatter(
        x=number,
        y=mean,
        name=LABELS[arm],
        legendgroup=str(arm),
        showlegend=legend,
        mode="lines+markers",
        line={"color": _line(arm), "dash": _DASHES[arm]},
        marker={"symbol": _SYMBOLS[arm]},
    )
    return band, line


def _line(arm: Arm) -> str:
    """Return an arm's colour; black would not be seen on dark paper."""
    return "#888888" if arm is Arm.NOTHING else COLOURS[arm]


def _band(arm: Arm) -> str:
    red, green, blue = bytes.fromhex(_line(arm)[1:])
    return f"rgba({red},{green},{blue},0.18)"
