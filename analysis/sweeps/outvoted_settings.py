"""A sweep scored by the miner: how easily the networks of each setting are outvoted by their replicates."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from outvoted.actors.networks.members import fingerprint
from outvoted.actors.runs.files import write_json
from outvoted.actors.sweeps.mined_settings import MinedSettings, Mining
from outvoted.analysis.mining.voters import by_voters
from outvoted.analysis.report.claims import Monotonic, monotonic
from outvoted.analysis.report.drawing import PEERS, TARGET, plain, save
from outvoted.analysis.report.numbers import (
    COUNT,
    DECIMAL,
    PERCENT,
    Form,
    Proportion,
    Spread,
    proportion,
    spread,
)
from outvoted.analysis.report.table import Cell, Column, Table
from outvoted.analysis.sweeps.base import Setting
from outvoted.analysis.sweeps.opened import OpenedSweep
from outvoted.search.arrays import Floats
from outvoted.search.climb import Outcome
from outvoted.search.errors import OutvotedError

_LISTED = 3


@dataclass(frozen=True)
class Outvoted:
    """What mining the networks of a setting gave; against all voters, where several numbers were tried.

    Attributes:
        drawn: seeds drawn; those that the panel disputes are not searched.
        success: searches that ended in a mistake, of those that began. All networks are searched from the
            same seeds, so the interval is somewhat too narrow.
        failed: searches that failed, which are not among those that began.
        moves: mean over mistakes; None where there are none.
        validity: mistakes on which the referee agrees with the label, of those it judged.
        as_noise: share of mistakes in which the target answers noise; None where that is no class.
    """

    drawn: int
    disputed: Proportion
    success: Proportion
    failed: int
    moves: float | None
    validity: Proportion
    as_noise: float | None


@dataclass(frozen=True)
class SettingOutvoted:
    """A setting: its trained networks' figures after the last epoch, over seeds, and what mining gave.

    Attributes:
        networks: how many are trained.
        robustness: share of test images right under FGSM of the first epsilon, wrong ones without an attack
            counted as wrong; None where the sweep does not measure it.
        outvoted: None where ``unmined`` says why there is nothing.
    """

    setting: str
    networks: int
    test_accuracy: Spread
    robustness: Spread | None
    outvoted: Outvoted | None
    unmined: str | None


@dataclass(frozen=True)
class MiningReport:
    """All settings of a sweep, in its order.

    Attributes:
        epsilon: of the FGSM step; None where the sweep does not measure robustness.
        relation: of robustness (of test accuracy where it is not measured) with the success rate.
    """

    run: str
    epsilon: float | None
    settings: tuple[SettingOutvoted, ...]
    relation: Monotonic

    @property
    def verdict(self) -> str:
        """Say whether networks that are better by the sweep's figure are outvoted less often."""
        better = "more robust against FGSM" if self.epsilon is not None else "right on more test images"
        found = self.relation
        if found.coefficient is None:
            known = f"too little to rank among {found.settings} settings"
        else:
            known = f"Spearman {found.coefficient:+.2f} over {found.settings} settings, p = {found.p:.2g}"
        return f"A network {better} is outvoted less often: {found.falls} ({known})"

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {**asdict(self), "verdict": self.verdict}

    def figure(self, row: SettingOutvoted) -> Spread:
        """Return what a setting's success rate is set against."""
        return row.test_accuracy if row.robustness is None else row.robustness


def summarise_mining(sweep: OpenedSweep) -> MiningReport:
    """Summarise what was mined of a sweep so far.

    Raises:
        OutvotedError: it is not configured to be mined, or a file cannot be read.
    """
    if sweep.mining is None:
        raise OutvotedError(
            expected=f"a sweep that is mined in {sweep.store.path}",
            found="no 'mining' in its configuration",
            remedy="mine it with `outvoted sweep CONFIG --resume --set mining.search.per_target=100`",
        )
    mining, experiment = sweep.mining, sweep.experiment
    rows = tuple(_setting(sweep, setting, mining) for setting in sweep.settings)
    epsilon = experiment.epsilon
    report = MiningReport(sweep.record.name, epsilon, rows, monotonic((), ()))
    pairs = [
        (value, row.outvoted.success.value)
        for row in rows
        if (value := report.figure(row).mean) is not None
        and row.outvoted is not None
        and row.outvoted.success.value is not None
    ]
    relation = monotonic(*zip(*pairs, strict=True)) if pairs else monotonic((), ())
    return MiningReport(sweep.record.name, epsilon, rows, relation)


def _setting(sweep: OpenedSweep, setting: Setting, mining: Mining) -> SettingOutvoted:
    names = [unit.name for unit in sweep.finished if unit.setting == setting]
    trials = sweep.store.trials(names)
    last = trials.loc[trials.groupby("seed")["epoch"].idxmax()] if len(trials) else trials
    robustness = None
    if sweep.experiment.epsilon is not None:
        robustness = spread([values[0] for values in last["robustness"]])
    unmined = _unmined(sweep, setting, mining)
    outvoted = _outvoted(sweep, setting) if unmined is None else None
    accuracy = spread(last["test_accuracy"])
    return SettingOutvoted(setting.label, len(names), accuracy, robustness, outvoted, unmined)


def _unmined(sweep: OpenedSweep, setting: Setting, mining: Mining) -> str | None:
    """Say why there is nothing to show of a setting; None where there is."""
    mined = MinedSettings(sweep.store.path)
    panel, origin = sweep.panel(setting), mined.origin(setting.label)
    if panel is None:
        return "not all of its networks are trained"
    reason = mined.reason(setting.label)
    if reason is not None:
        return reason
    if origin is None:
        return "not mined yet; go on with --resume"
    if fingerprint(panel) != origin.panel or origin.search != mining.search.model_dump_json():
        return "mined before the sweep's networks or searches were changed; go on with --resume"
    return None


def _outvoted(sweep: OpenedSweep, setting: Setting) -> Outvoted:
    mined = MinedSettings(sweep.store.path).read(setting.label)
    searches, mistakes = mined.searches.to_pandas(), mined.mistakes.to_pandas()
    searches, mistakes = (rows[rows["voters"] == searches["voters"].max()] for rows in (searches, mistakes))
    (figures,) = by_voters(searches, mistakes)
    outcomes = searches["outcome"].value_counts()
    drawn = searches["replica"].nunique()
    disputed = searches.loc[searches["outcome"] == Outcome.SKIPPED, "replica"].nunique()
    judged = mistakes["valid"].dropna().astype(bool)
    noise = None
    if sweep.experiment.answers(setting, 0) and len(mistakes):
        last_class = [len(votes[0]) - 1 for votes in mistakes["probabilities"]]
        noise = float((mistakes["predicted"] == last_class).mean())
    return Outvoted(
        drawn=drawn,
        disputed=proportion(disputed, drawn),
        success=proportion(int(outcomes.get(Outcome.MISTAKE, 0)), figures.searches),
        failed=int(outcomes.get(Outcome.FAILED, 0)),
        moves=figures.moves,
        validity=proportion(int(judged.sum()), len(judged)),
        as_noise=noise,
    )


def outvoted_table(report: MiningReport) -> Table:
    """Return a row for each setting, 80 columns wide, in percent."""
    fgsm = [] if report.epsilon is None else [Column("FGSM", PERCENT)]
    columns = [
        Column("setting"),
        Column("correct", PERCENT),
        *fgsm,
        Column("begun", COUNT),
        Column("outvoted", Form(0, 100)),
        Column("moves", DECIMAL),
        Column("valid", Form(0, 100)),
        Column("skip", PERCENT),
    ]
    rows: list[list[Cell]] = []
    for row in report.settings:
        robust = [] if row.robustness is None else [row.robustness.mean]
        rows.append([row.setting, row.test_accuracy.mean, *robust, *_cells(row.outvoted)])
    return Table(f"{report.run}: scored by the miner", columns, rows, "\n".join(_caption(report)))


def _caption(report: MiningReport) -> list[str]:
    under = "" if report.epsilon is None else f"; FGSM: the same under a step of {report.epsilon:g}"
    lines = [
        f"correct: test images{under};",
        "begun: searches; skip: % of seeds left out, as not all get them right;",
        "outvoted: % of searches that found a mistake; moves: mean over mistakes;",
        "valid: % of mistakes in which the referee agrees; both with 95 % intervals",
    ]
    there = [row.outvoted for row in report.settings if row.outvoted is not None]
    noise = [found.as_noise for found in there if found.as_noise is not None]
    if noise:
        lines.append(f"noise is the answer in at most {max(noise):.1%} of a setting's mistakes")
    return [*lines, *_unmined_lines(report), report.verdict]


def _unmined_lines(report: MiningReport) -> list[str]:
    """Return a line for each reason for which settings were not mined."""
    by_reason: dict[str, list[str]] = {}
    for row in report.settings:
        if row.unmined is not None:
            by_reason.setdefault(_short(row.unmined), []).append(row.setting)
    return [
        f"{', '.join(labels) if len(labels) <= _LISTED else f'{len(labels)} settings'}: {reason}"
        for reason, labels in by_reason.items()
    ]


def _cells(found: Outvoted | None) -> Sequence[Cell]:
    if found is None:
        return [None] * 5
    return found.success.of, found.success, found.moves, found.validity, found.disputed.value


def _short(reason: str) -> str:
    """Return what was found, of an error that says so, else the last line."""
    lines = reason.strip().splitlines() or [""]
    found = (line.removeprefix("found:").strip() for line in lines if line.startswith("found:"))
    return next(found, lines[-1].strip())


_SHORT = 9  # characters of a label that fits beside a point


def draw_outvoted(report: MiningReport, path: Path) -> None:
    """Draw the success rate of each setting, in order, and against robustness or test accuracy.

    Bars are Wilson's 95 % intervals and, sideways, one standard deviation over seeds. Long labels stand on
    the left alone, and numbers beside the points.
    """
    height = max(4.2, 0.24 * len(report.settings) + 1.4)
    figure = Figure(figsize=(10.5, height), layout="constrained")
    figure.suptitle(f"{report.run}. {report.verdict}", fontsize=10)
    left, right = figure.subplots(1, 2)
    short = max(len(row.setting) for row in report.settings) <= _SHORT
    numbered = [str(number) for number, _ in enumerate(report.settings, 1)]
    points = [row.setting for row in report.settings] if short else numbered
    lines = [
        row.setting if short else f"{row.setting}  {number}"
        for number, row in zip(numbered, report.settings, strict=True)
    ]
    _in_order(left, report, lines)
    _against(right, report, points)
    for axes in (left, right):
        plain(axes)
    save(figure, path)


def _in_order(axes: Axes, report: MiningReport, lines: list[str]) -> None:
    for place, row in enumerate(report.settings):
        if row.outvoted is None or row.outvoted.success.value is None:
            axes.annotate("not mined", (0, place), color=PEERS, fontsize=8, va="center")
            continue
        value, beside = _interval(row.outvoted)
        axes.errorbar(value, place, xerr=beside, fmt="o", color=TARGET, capsize=3)
    axes.set(xlabel="searches that end in a mistake, %", ylim=(len(lines) - 0.5, -0.5))
    axes.set_xlim(left=0)
    axes.set_yticks(range(len(lines)), lines)


def _against(axes: Axes, report: MiningReport, points: list[str]) -> None:
    for point, row in zip(points, report.settings, strict=True):
        figure = report.figure(row)
        if row.outvoted is None or row.outvoted.success.value is None or figure.mean is None:
            continue
        value, beside = _interval(row.outvoted)
        place, spread = 100 * figure.mean, 100 * (figure.std or 0.0)
        axes.errorbar(place, value, beside, spread, ecolor=PEERS, elinewidth=0.8, capsize=2, fmt="none")
        axes.plot(place, value, "o", ms=4, color=TARGET)
        axes.annotate(point, (place, value), (4, 4), textcoords="offset points", fontsize=8)
    measured = "test images right, %"
    if report.epsilon is not None:
        measured = f"test images right under FGSM, ε = {report.epsilon:g}, %"
    axes.set(xlabel=measured, ylabel="searches that end in a mistake, %")
    axes.margins(x=0.12)


def _interval(found: Outvoted) -> tuple[float, Floats]:
    """Return a success rate in percent, and how far its interval reaches below and above, shape (2, 1)."""
    success = found.success
    assert success.value is not None
    assert success.low is not None
    assert success.high is not None
    beside = [[success.value - success.low], [success.high - success.value]]
    return 100 * success.value, 100 * np.maximum(beside, 0)


def write_mining_report(sweep: OpenedSweep) -> MiningReport:
    """Write a sweep's ``outvoted.json`` and ``figures/outvoted.png`` and return what they show.

    Raises:
        OutvotedError: the sweep is not configured to be mined, or a file cannot be read or written.
    """
    report, path = summarise_mining(sweep), sweep.store.path
    write_json(path / "outvoted.json", report.to_json())
    draw_outvoted(report, path / "figures" / "outvoted.png")
    return report
