"""What healing did: figures mean ± standard deviation over repeats, as table and picture."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter
from rich.table import Table

from outvoted.actors.healing.arms import ARMS, Arm
from outvoted.actors.healing.heal_store import HealStore
from outvoted.actors.runs.files import write_json
from outvoted.analysis.report.drawing import plain, save
from outvoted.analysis.report.spread import Spread, spread

FIGURES = ("success", "moved_accuracy", "clean_accuracy", "held_out_wrong", "validity")
TITLES = {
    "success": "Searches that end in a mistake",
    "moved_accuracy": "Moved test images right",
    "clean_accuracy": "Clean test images right",
    "held_out_wrong": "Held-out mistakes still made",
}
COLOURS = {Arm.NOTHING: "#000000", Arm.COPIES: "#E69F00", Arm.MISTAKES: "#0072B2"}
"""From Okabe & Ito's palette, which colour-blind readers can tell apart."""
_LINES = {Arm.NOTHING: ("s", ":"), Arm.COPIES: ("^", "--"), Arm.MISTAKES: ("o", "-")}
LABELS = {
    Arm.NOTHING: "nothing added",
    Arm.COPIES: "as many random copies",
    Arm.MISTAKES: "mined mistakes",
}
_LEAST_STEADY = 3


@dataclass(frozen=True)
class RoundSummary:
    """One arm after one round; each figure is the mean over peers, spread over repeats."""

    arm: str
    round: int
    added: float
    figures: Mapping[str, Spread]


@dataclass(frozen=True)
class HealSummary:
    """What a healing run has shown so far.

    Attributes:
        rounds: the last round that every arm of every repeat has run.
        rows: round 0, before healing, is the same for all arms.
        steady: for each arm, the round from which on its mean success rate lay within ``heal.steady``,
            for three rounds or more, or None.
        beyond_copies, beyond_nothing: what ``mistakes`` has more than the other arm in the last round,
            repeat by repeat (all arms of a repeat start from one panel).
    """

    run: str
    repeats: int
    rounds: int
    rows: tuple[RoundSummary, ...]
    steady: Mapping[str, int | None]
    beyond_copies: Mapping[str, Spread]
    beyond_nothing: Mapping[str, Spread]

    def at(self, arm: Arm, number: int) -> RoundSummary:
        """Return what an arm had come to after a round."""
        return next(row for row in self.rows if (row.arm, row.round) == (arm, number))

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


def by_repeat(rounds: pd.DataFrame) -> pd.DataFrame:
    """Average over peers; the start is put at the beginning of every arm.

    Returns:
        One row for each (arm, round, repeat), its index, with the columns FIGURES and ``added``.
    """
    start = rounds[rounds["arm"] == Arm.START]
    arms = pd.concat([rounds[rounds["arm"] != Arm.START], *(start.assign(arm=str(arm)) for arm in ARMS)])
    return arms.groupby(["arm", "round", "repeat"])[[*FIGURES, "added"]].mean()


def steady_since(success: Sequence[float], within: float) -> int | None:
    """Return the first round from which all rounds, three or more, lie within ``within``; None if none is."""
    for first in range(len(success) - _LEAST_STEADY + 1):
        if max(success[first:]) - min(success[first:]) < within:
            return first
    return None


def summarise_healing(store: HealStore) -> HealSummary:
    """Summarise what a run has recorded so far, at least its start."""
    record, means = store.read_record(), by_repeat(store.rounds())
    repeats = means.index.get_level_values("repeat").nunique()
    counts = means.groupby(["arm", "round"]).size().unstack("arm").reindex(columns=list(map(str, ARMS)))
    complete = counts.index[(counts == repeats).all(axis=1)]
    last = int(complete.max())
    rows = {arm: [_summary(arm, number, _at(means, arm, number)) for number in complete] for arm in ARMS}
    within = record.config["heal"]["steady"]

    def beyond(arm: Arm) -> dict[str, Spread]:
        more = _at(means, Arm.MISTAKES, last) - _at(means, arm, last)
        return {name: spread(more[name]) for name in FIGURES}

    return HealSummary(
        run=record.name,
        repeats=repeats,
        rounds=last,
        rows=tuple(row for arm in ARMS for row in rows[arm]),
        steady={str(arm): steady_since(successes(rows[arm]), within) for arm in ARMS},
        beyond_copies=beyond(Arm.COPIES),
        beyond_nothing=beyond(Arm.NOTHING),
    )


def successes(rows: Sequence[RoundSummary]) -> list[float]:
    """Return the mean success rate of each round; 0 where nothing could be searched."""
    return [row.figures["success"].mean or 0.0 for row in rows]


def _at(means: pd.DataFrame, arm: Arm, number: int) -> pd.DataFrame:
    """Return the rows of an arm's round, one for each repeat."""
    return pd.DataFrame(means.xs((str(arm), number)))


def _summary(arm: Arm, number: int, rows: pd.DataFrame) -> RoundSummary:
    figures = {name: spread(rows[name]) for name in FIGURES}
    return RoundSummary(str(arm), int(number), float(rows["added"].mean()), figures)


def healing_table(summary: HealSummary) -> Table:
    """Draw the start and the last round for the terminal, 80 columns wide, in percent."""
    title = f"{summary.run}: after {summary.rounds} rounds, {summary.repeats} repeats"
    drawn = Table(title=title, title_justify="left", caption_justify="left")
    drawn.add_column("added", no_wrap=True)
    for name in ("mined", "moved right", "clean right", "held out", "valid"):
        drawn.add_column(name, justify="right", no_wrap=True)
    drawn.add_row("(before)", *_cells(summary.at(Arm.NOTHING, 0).figures))
    for arm in ARMS:
        drawn.add_row(str(arm), *_cells(summary.at(arm, summary.rounds).figures))
    drawn.add_section()
    for other, more in (("nothing", summary.beyond_nothing), ("copies", summary.beyond_copies)):
        drawn.add_row(f"− {other}", *_cells(more, "+"))
    steady = ", ".join(f"{arm} {'–' if since is None else since}" for arm, since in summary.steady.items())
    drawn.caption = (
        "% mean ± standard deviation; mined: searches that end in a mistake;\n"
        "held out: mistakes of the first panel that no arm trains on, still made;\n"
        "last lines: what `mistakes` has more than the other arm, by repeat\n"
        f"success rate steady from round: {steady}"
    )
    return drawn


def _cells(figures: Mapping[str, Spread], sign: str = "") -> list[str]:
    """Write what the table shows of FIGURES; of the last, validity, the mean alone."""
    *first, last = (figures[name] for name in FIGURES)
    return [*(value.percent(sign) for value in first), Spread(last.mean, None).percent(sign)]


def draw_healing(summary: HealSummary, path: Path) -> None:
    """Draw four figures against the round, a band of one standard deviation around each arm's mean."""
    figure = Figure(figsize=(9, 6.2), layout="constrained")
    for axes, (name, title) in zip(figure.subplots(2, 2).flat, TITLES.items(), strict=True):
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
    axes.plot(number, mean, line, marker=marker, ms=4, color=COLOURS[arm], label=LABELS[arm])
    axes.fill_between(number, mean - std, mean + std, color=COLOURS[arm], alpha=0.15, linewidth=0)


def write_healing_report(store: HealStore) -> HealSummary:
    """Write a run's ``summary.json`` and ``healing.png`` and return the summary."""
    summary = summarise_healing(store)
    write_json(store.path / "summary.json", summary.to_json())
    draw_healing(summary, store.path / "healing.png")
    return summary
