"""The report of a healing run: its table, its picture, and the section of its page."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from outvoted.actors.healing.arms import ARMS, Arm
from outvoted.actors.healing.heal_store import HealStore
from outvoted.analysis.healing.healing import HealSummary, RoundSummary, healing_table, summarise_healing
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.report.drawing import COLOURS, TARGET, plain, save
from outvoted.analysis.report.numbers import SHARE
from outvoted.analysis.report.report import OnStep, Report, Section, pictures
from outvoted.analysis.report.table import Table

_PICTURE = "healing.png"
_TITLES = {
    "success": "Searches that found a mistake",
    "moved_accuracy": "Accuracy on moved test images",
    "clean_accuracy": "Accuracy on clean test images",
    "held_out_wrong": "Held-out mistakes still made",
}
_STYLES = {
    Arm.NOTHING: ("nothing added", "#000000", "s:"),
    Arm.COPIES: ("as many random copies", COLOURS[0], "^--"),
    Arm.MISTAKES: ("mined mistakes", TARGET, "o-"),
}
"""Each arm's label, colour, and marker with line."""


def healing_report(run: OpenedRun) -> Report:
    """Report what fine-tuning on mined mistakes has done so far.

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
        partial(_sections, summary, table, run.store.path),
        {_PICTURE: partial(draw_healing, summary)},
        facts=_people(store),
    )


def _people(store: HealStore) -> list[tuple[str, str]]:
    """Say how many mistakes the last round that heeded people left out, or gave another label."""
    taken = store.taken()
    if not taken:
        return []
    last = taken[max(taken)]["label"]
    left = last.null_count
    told = f"mistakes left out of round {max(taken)}: {left:,}; relabelled: {len(last) - left:,}"
    return [("As people see them", told)]


def held_report(summary: HealSummary) -> Report:
    """Report healing in this process."""
    table = healing_table(summary)
    section = Section("Healing", parts=(table,))
    return Report(summary, [table], _headlines(summary), lambda on_step: (section,))


def _headlines(summary: HealSummary) -> list[tuple[str, str]]:
    before, after = (summary.at(Arm.MISTAKES, number).figures["success"] for number in (0, summary.rounds))
    return [
        (f"{summary.rounds}", "rounds of healing"),
        (f"{summary.repeats}", "repeat" if summary.repeats == 1 else "repeats"),
        (SHARE(before), "of searches found a mistake before"),
        (SHARE(after), "after fine-tuning on mined mistakes"),
    ]


def _sections(summary: HealSummary, table: Table, folder: Path, on_step: OnStep) -> Iterator[Section]:
    caption = f"Round by round: {_averaged(summary)}; bands: one standard deviation."
    yield Section("Healing", parts=(table, *pictures(folder, {_PICTURE: caption})))


def _averaged(summary: HealSummary) -> str:
    return f"means over {summary.repeated}" if summary.repeats > 1 else summary.repeated


def draw_healing(summary: HealSummary, path: Path) -> None:
    """Draw four figures by round, with a band of one standard deviation around each arm's mean."""
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
    figure.suptitle(f"{_finding(summary)}\n{_averaged(summary)}; bands: one standard deviation", fontsize=11)
    save(figure, path)


def _finding(summary: HealSummary) -> str:
    """Say what fine-tuning on mistakes has gained on moved images, and what on as many copies."""

    means = {(row.arm, row.round): row.figures["moved_accuracy"].mean for row in summary.rows}
    gains = {}
    for arm, words in ((Arm.MISTAKES, "with mined mistakes"), (Arm.COPIES, "with random copies")):
        first, last = means.get((arm, 0)), means.get((arm, summary.rounds))
        if first is not None and last is not None:
            gains[words] = 100 * (last - first)
    told = ", ".join(f"{gain:+.1f} {words}" for words, gain in gains.items())
    return f"Accuracy on moved images, in points: {told}" if told else summary.run


def _curve(axes: Axes, arm: Arm, rows: Sequence[RoundSummary], name: str) -> None:
    there = [row for row in rows if row.figures[name].mean is not None]
    number = [row.round for row in there]
    mean = np.array([row.figures[name].mean for row in there], np.float64)
    std = np.array([row.figures[name].std or 0.0 for row in there], np.float64)
    label, colour, style = _STYLES[arm]
    axes.plot(number, mean, style, ms=4, color=colour, label=label)
    axes.fill_between(number, mean - std, mean + std, color=colour, alpha=0.15, linewidth=0)
