"""The report of a healing run: table, picture, and the section of its page."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter
from plotly.subplots import make_subplots

from outvoted.actors.healing.arms import ARMS, Arm
from outvoted.actors.healing.heal_store import HealStore
from outvoted.analysis.healing.healing import HealSummary, RoundSummary, healing_table, summarise_healing
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.report.drawing import plain, save
from outvoted.analysis.report.numbers import SHARE
from outvoted.analysis.report.report import OnStep, Plot, Report, Section
from outvoted.analysis.report.table import Table

_TITLES = {
    "success": "Searches that end in a mistake",
    "moved_accuracy": "Moved test images correct",
    "clean_accuracy": "Clean test images correct",
    "held_out_wrong": "Held-out mistakes still made",
}
_COLOURS = {Arm.NOTHING: "#000000", Arm.COPIES: "#E69F00", Arm.MISTAKES: "#0072B2"}
"""From Okabe & Ito's palette, which colour-blind readers can tell apart."""
_LINES = {Arm.NOTHING: ("s", ":"), Arm.COPIES: ("^", "--"), Arm.MISTAKES: ("o", "-")}
_LABELS = {
    Arm.NOTHING: "nothing added",
    Arm.COPIES: "as many random copies",
    Arm.MISTAKES: "mined mistakes",
}
_DASHES = {Arm.NOTHING: "dot", Arm.COPIES: "dash", Arm.MISTAKES: "solid"}
_SYMBOLS = {Arm.NOTHING: "square", Arm.COPIES: "triangle-up", Arm.MISTAKES: "circle"}


def healing_report(run: OpenedRun) -> Report:
    """Report what training on mined mistakes did so far.

    Raises:
        OutvotedError: it has recorded nothing yet, or a file cannot be read.
    """
    store = HealStore(run.store.path)
    if store.rounds().empty:
        raise run.without("rounds")
    summary = summarise_healing(store)
    table = healing_table(summary)
    return Report(
        summary,
        [table],
        _headlines(summary),
        partial(_sections, summary, table),
        {"healing.png": partial(draw_healing, summary)},
    )


def _headlines(summary: HealSummary) -> list[tuple[str, str]]:
    before, after = (summary.at(Arm.MISTAKES, number).figures["success"] for number in (0, summary.rounds))
    return [
        (f"{summary.rounds}", "rounds of healing"),
        (f"{summary.repeats}", "repeats"),
        (SHARE(before), "of searches ended in a mistake before"),
        (SHARE(after), "after training on mined mistakes"),
    ]


def _sections(summary: HealSummary, table: Table, on_step: OnStep) -> Iterator[Section]:
    yield Section("Healing", parts=(table, _curves(summary)))


def _curves(summary: HealSummary) -> Plot:
    """Draw four figures against the round, a band of one standard deviation around each arm's mean."""
    figure = make_subplots(
        rows=len(_TITLES), cols=1, subplot_titles=list(_TITLES.values()), vertical_spacing=0.07
    )
    for index, name in enumerate(_TITLES):
        for arm in ARMS:
            rows = [each for each in summary.rows if each.arm == arm and each.figures[name].mean is not None]
            for trace in _traces(arm, rows, name, legend=index == 0):
                figure.add_trace(trace, row=index + 1, col=1)
    figure.update_yaxes(tickformat=".1~%")
    figure.update_xaxes(dtick=max(1, summary.rounds // 10))
    figure.update_xaxes(title_text="round", row=len(_TITLES))
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
        name=_LABELS[arm],
        legendgroup=str(arm),
        showlegend=legend,
        mode="lines+markers",
        line={"color": _line(arm), "dash": _DASHES[arm]},
        marker={"symbol": _SYMBOLS[arm]},
    )
    return band, line


def _line(arm: Arm) -> str:
    """Return an arm's colour; black would not be seen on dark paper."""
    return "#888888" if arm is Arm.NOTHING else _COLOURS[arm]


def _band(arm: Arm) -> str:
    red, green, blue = bytes.fromhex(_line(arm)[1:])
    return f"rgba({red},{green},{blue},0.18)"


def draw_healing(summary: HealSummary, path: Path) -> None:
    """Draw four figures against the round, a band of one standard deviation around each arm's mean."""
    figure = Figure(figsize=(9, 6.2), layout="constrained")
    for axes, (name, title) in zip(figure.subplots(2, 2).flat, _TITLES.items(), strict=True):
        for arm in ARMS:
            _curve(axes, arm, [row for row in summary.rows if row.arm == arm], name)
        axes.set_title(title, fontsize=10)
        axes.set_xlabel("round", fontsize=9)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
        plain(axes)
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(ARMS), frameon=False, fontsize=9)
    figure.suptitle(f"{summary.run}: mean of {summary.repeats} repeats ± standard deviation", fontsize=10)
    save(figure, path)


def _curve(axes: Axes, arm: Arm, rows: Sequence[RoundSummary], name: str) -> None:
    there = [row for row in rows if row.figures[name].mean is not None]
    number = [row.round for row in there]
    mean = np.array([row.figures[name].mean for row in there], np.float64)
    std = np.array([row.figures[name].std or 0.0 for row in there], np.float64)
    marker, line = _LINES[arm]
    axes.plot(number, mean, line, marker=marker, ms=4, color=_COLOURS[arm], label=_LABELS[arm])
    axes.fill_between(number, mean - std, mean + std, color=_COLOURS[arm], alpha=0.15, linewidth=0)
