"""Success and reliability against the number of peers that must agree."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from outvoted.analysis.mining.voters import VotersSummary
from outvoted.analysis.report.drawing import PEERS, TARGET, save

_GREEN = "#009E73"


def draw_voters(rows: Sequence[VotersSummary], path: Path) -> None:
    """Draw a line for each share; shares that were not measured are left out."""
    figure = Figure(figsize=(6.4, 3.6), layout="constrained")
    axes = figure.subplots()
    lines = (
        ("success", "searches that found a mistake", TARGET, "o"),
        ("validity", "mistakes the referee calls valid", PEERS, "s"),
        ("held_out_correct", "answers of held-out peers that are right", _GREEN, "^"),
    )
    for name, label, colour, marker in lines:
        points = [(row.voters, 100 * value) for row in rows if (value := getattr(row, name)) is not None]
        if points:
            axes.plot(*zip(*points, strict=True), label=label, color=colour, marker=marker)
    axes.set(xlabel="peers that must agree", ylabel="%", ylim=(0, 103))
    axes.set_xticks([row.voters for row in rows])
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=8, frameon=False)
    save(figure, path)
