"""What a run of `outvoted mine` has to say."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from outvoted.analysis.mining.map_of_weaknesses import span
from outvoted.analysis.mining.mistakes import OnStep, mistakes_exhibits, mistakes_measured
from outvoted.analysis.mining.summary import Summary, table
from outvoted.analysis.mining.surroundings_sections import surroundings_sections
from outvoted.analysis.mining.voters import voters_table
from outvoted.analysis.mining.weaknesses import Finders, weaknesses
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.report.drawing import PEERS, TARGET
from outvoted.analysis.report.html.escaping import plot_text
from outvoted.analysis.report.html.from_rich import from_rich
from outvoted.analysis.report.html.gallery import gallery
from outvoted.analysis.report.html.naming import class_names, percent
from outvoted.analysis.report.html.parts import Plot, Section
from outvoted.analysis.report.html.pictures import pictures
from outvoted.analysis.report.html.told import Told
from outvoted.analysis.report.proportion import Proportion, proportion

_GREY = "#888888"  # seen on light and on dark
_PICTURES = {
    "voters.png": "By the number of peers that must agree.",
    "every-network.png": "Seeds from which every network in turn was led into a mistake.",
}
_GALLERY = (
    "Each pair is a seed and the mistake that a climb from it ended in, with the label and the target's "
    "answer. Choose one to step through its climb and see what every network says."
)


def told_by_mining(run: OpenedRun, summary: Summary, on_step: OnStep = lambda done, of: None) -> Told:
    """Say what a run has recorded so far; ``on_step`` hears of the images that are drawn again."""
    mistakes = mistakes_measured(run.store)
    return Told(_headlines(summary), tuple(_sections(run, summary, mistakes, on_step)))


def _headlines(summary: Summary) -> list[tuple[str, str]]:
    searches = sum(row.searches for row in summary.targets)
    found = [
        (f"{summary.mistakes:,}", "high-value mistakes"),
        (f"{searches:,}", "searches"),
        (percent(summary.validity), "of the mistakes valid: the referee agrees with the label"),
    ]
    if summary.seconds_mining:
        found.append((f"{summary.mistakes / summary.seconds_mining:,.0f}", "mistakes a second"))
    return found


def _sections(run: OpenedRun, summary: Summary, mistakes: pd.DataFrame, on_step: OnStep) -> Iterator[Section]:
    tables = [from_rich(table(summary))]
    if summary.voters:
        tables.append(from_rich(voters_table(summary.voters)))
    plots = [_shares(summary), *([_moves(run, mistakes)] if len(mistakes) else [])]
    yield Section("Results", parts=(*tables, *plots))
    if mistakes.empty:
        return
    yield gallery(mistakes_exhibits(run, on_step), "Mistakes", _GALLERY)
    target = Finders("target", [member.name for member in run.peers], mistakes["target"].to_numpy(np.int64))
    over, names = span(run.transform, [mistakes]), class_names(run.record, run.data.classes)
    yield weaknesses(mistakes, run.transform, over, (target,), names, gallery=True)
    yield from surroundings_sections(run)
    drawn = pictures(run.store.path / "gallery", _PICTURES)
    if drawn:
        yield Section("Pictures", parts=drawn)


def _shares(summary: Summary) -> Plot:
    """Draw success and validity by target, with intervals."""
    figure = go.Figure()
    wins = [proportion(round(row.success * row.searches), row.searches) for row in summary.targets]
    judged = [
        proportion(
            round((row.validity or 0.0) * row.mistakes), row.mistakes if row.validity is not None else 0
        )
        for row in summary.targets
    ]
    targets = [plot_text(row.target) for row in summary.targets]
    figure.add_bar(x=targets, **_bars(wins), name="searches that end in a mistake", marker_color=TARGET)
    if any(each.value is not None for each in judged):
        figure.add_bar(x=targets, **_bars(judged), name="mistakes that are valid", marker_color=PEERS)
    figure.update_layout(
        barmode="group",
        yaxis={"tickformat": ".0%", "range": [0, 1.02]},
        xaxis={"type": "category"},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        height=340,
    )
    return Plot(figure, "Shares by target, with Wilson's 95 % intervals.")


def _bars(shares: list[Proportion]) -> dict[str, object]:
    """Return heights and what reaches above and below them."""
    known = [(each.value or 0.0, each.low or 0.0, each.high or 0.0) for each in shares]
    above, below = [high - value for value, _, high in known], [value - low for value, low, _ in known]
    error = {
        "type": "data",
        "symmetric": False,
        "array": above,
        "arrayminus": below,
        "thickness": 1,
        "color": _GREY,
    }
    return {"y": [each.value for each in shares], "error_y": error}


def _moves(run: OpenedRun, mistakes: pd.DataFrame) -> Plot:
    figure = go.Figure()
    for index, member in enumerate(run.peers):
        moves = mistakes["moves"][mistakes["target"] == index]
        if len(moves):
            figure.add_box(
                y=moves.to_numpy(), name=plot_text(member.name), boxpoints=False, marker_color=TARGET
            )
    figure.update_layout(
        yaxis={"title": "moves", "rangemode": "tozero"},
        xaxis={"type": "category"},
        showlegend=False,
        height=320,
    )
    return Plot(figure, "Moves from the seed to the mistake, by target: median, quartiles and range.")
