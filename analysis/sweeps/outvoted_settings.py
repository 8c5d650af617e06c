"""A sweep scored by the miner: how easily the networks of each setting are outvoted by their replicates."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from outvoted.actors.networks.members import fingerprint
from outvoted.actors.sweeps.mined_settings import MinedSettings, Mining
from outvoted.analysis.mining.voters import answers, by_voters
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
from outvoted.search.errors import OutvotedError
from outvoted.search.outcome import Outcome


@dataclass(frozen=True)
class Outvoted:
    """What mining a setting's networks gave; where several numbers of voters were tried, against all of them.

    Attributes:
        drawn: seeds drawn; those that the panel disputes are not searched.
        success: searches that found a mistake, of those that began. All networks are searched from the same
            seeds, so the interval is somewhat too narrow.
        failed: searches that failed, which do not count as begun.
        moves: mean over mistakes; None if there are none.
        validity: mistakes on which the referee agrees with the label, of those it judged.
        as_noise: share of mistakes in which the target answers noise; None if that is not a class.
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
    """A setting: its trained networks after the last epoch, over seeds, and what mining gave.

    Attributes:
        networks: how many are trained.
        robustness: share of all test images classified correctly under FGSM with the first epsilon; None if
            the sweep does not measure it.
        outvoted: None if ``unmined`` says why there is nothing.
    """

    setting: str
    networks: int
    test_accuracy: Spread
    robustness: Spread | None
    outvoted: Outvoted | None
    unmined: str | None

    @property
    def figure(self) -> Spread:
        """What the success rate is set against: robustness, or test accuracy if that is not measured."""
        return self.test_accuracy if self.robustness is None else self.robustness

    @property
    def success(self) -> Proportion | None:
        """The success rate, if any search began."""
        return None if self.outvoted is None or self.outvoted.success.value is None else self.outvoted.success


@dataclass(frozen=True)
class MiningReport:
    """All settings of a sweep, in its order.

    Attributes:
        epsilon: of the FGSM step; None if the sweep does not measure robustness.
        relation: of robustness (test accuracy if that is not measured) with the success rate.
    """

    run: str
    epsilon: float | None
    settings: tuple[SettingOutvoted, ...]
    relation: Monotonic

    @property
    def verdict(self) -> str:
        """Say whether networks with the better figure are outvoted less often."""
        better = "more robust against FGSM" if self.epsilon is not None else "with a higher test accuracy"
        found = self.relation
        if found.coefficient is None:
            known = f"too few of {found.settings} settings can be ranked"
        else:
            known = f"Spearman {found.coefficient:+.2f} over {found.settings} settings, p = {found.p:.2g}"
        return f"A network {better} is outvoted less often: {found.falls} ({known})"

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {**asdict(self), "verdict": self.verdict}


def summarise_mining(sweep: OpenedSweep) -> MiningReport:
    """Summarise what has been mined of a sweep so far.

    Raises:
        OutvotedError: it is not configured to be mined, or a file cannot be read.
    """
    if sweep.mining is None:
        raise OutvotedError(
            expected=f"a sweep that is mined in {sweep.store.path}",
            found="no 'mining' in its configuration",
            remedy="mine it with `outvoted sweep CONFIG --resume --set mining.search.per_target=100`",
        )
    mining = sweep.mining
    rows = tuple(_setting(sweep, setting, mining) for setting in sweep.settings)
    pairs = [
        (row.figure.mean, success.value)
        for row in rows
        if row.figure.mean is not None and (success := row.success) is not None and success.value is not None
    ]
    relation = monotonic(*zip(*pairs, strict=True)) if pairs else monotonic((), ())
    return MiningReport(sweep.record.name, sweep.experiment.epsilon, rows, relation)


def _setting(sweep: OpenedSweep, setting: Setting, mining: Mining) -> SettingOutvoted:
    names = [unit.name for unit in sweep.finished if unit.setting == setting]
    trials = sweep.store.trials(names)
    last = trials.loc[trials.groupby("seed")["epoch"].idxmax()] if len(trials) else trials
    robustness = None
    if sweep.experiment.epsilon is not None:
        robustness = spread([values[0] for values in last["robustness"]])
    accuracy, unmined = spread(last["test_accuracy"]), _unmined(sweep, setting, mining)
    found = SettingOutvoted(setting.label, len(names), accuracy, robustness, None, unmined)
    return found if unmined is not None else replace(found, outvoted=_outvoted(sweep, setting))


def _unmined(sweep: OpenedSweep, setting: Setting, mining: Mining) -> str | None:
    """Say why there is nothing to show for a setting; None if there is."""
    mined = MinedSettings(sweep.store.path)
    panel, origin = sweep.panel(setting), mined.origin(setting.label)
    if panel is None:
        return "not all of its networks are trained"
    reason = mined.reason(setting.label)
    if reason is not None:
        return reason
    if origin is None:
        return "not mined yet; continue with --resume"
    if fingerprint(panel) != origin.panel or origin.search != mining.search.model_dump_json():
        return "mined before the sweep's networks or searches were changed; continue with --resume"
    return None


def _outvoted(sweep: OpenedSweep, setting: Setting) -> Outvoted:
    mined = MinedSettings(sweep.store.path).read(setting.label)
    searches = mined.searches.to_pandas()
    mistakes = mined.mistakes.to_pandas().assign(answers=list(answers(mined.mistakes)))
    searches, mistakes = (rows[rows["voters"] == searches["voters"].max()] for rows in (searches, mistakes))
    (figures,) = by_voters(searches, mistakes)
    outcomes = searches["outcome"].value_counts()
    drawn = searches["replica"].nunique()
    disputed = searches.loc[searches["outcome"] == Outcome.SKIPPED, "replica"].nunique()
    judged = mistakes["valid"].dropna().astype(bool)
    noise = None
    if setting.more_classes and len(mistakes):
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
    """Return a row for each setting, in percent, 80 columns wide."""
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


def _cells(found: Outvoted | None) -> Sequence[Cell]:
    if found is None:
        return [None] * 5
    return found.success.of, found.success, found.moves, found.validity, found.disputed.value


def _caption(report: MiningReport) -> list[str]:
    under = "" if report.epsilon is None else f"; FGSM: the same after a step of {report.epsilon:g}"
    lines = [
        f"correct: test accuracy{under};",
        "begun: searches; skip: % of seeds skipped, as not all networks are correct;",
        "outvoted: % of searches that found a mistake; moves: mean over mistakes;",
        "valid: % of mistakes on which the referee agrees; both with 95 % intervals",
    ]
    there = [row.outvoted for row in report.settings if row.outvoted is not None]
    noise = [found.as_noise for found in there if found.as_noise is not None]
    if noise:
        lines.append(f"noise is the answer in at most {max(noise):.1%} of a setting's mistakes")
    return [*lines, *_unmined_lines(report), report.verdict]


_LISTED = 3  # settings


def _unmined_lines(report: MiningReport) -> list[str]:
    """Return a line for each reason why settings were not mined."""
    by_reason: dict[str, list[str]] = {}
    for row in report.settings:
        if row.unmined is not None:
            by_reason.setdefault(_short(row.unmined), []).append(row.setting)
    return [
        f"{', '.join(labels) if len(labels) <= _LISTED else f'{len(labels)} settings'}: {reason}"
        for reason, labels in by_reason.items()
    ]


def _short(reason: str) -> str:
    """Return what was found, if the error says so, else its last line."""
    lines = reason.strip().splitlines() or [""]
    found = (line.removeprefix("found:").strip() for line in lines if line.startswith("found:"))
    return next(found, lines[-1].strip())


_SHORT = 9  # characters of a label that fits beside a point
_TEMPERATURE = re.compile(r"T([0-9]+(?:\.[0-9]+)?)")


def spoken(setting: str) -> str:
    """Return a setting's label as one reads it: T0.015625 is T = 1/64, T0.3 stays a decimal."""
    found = _TEMPERATURE.fullmatch(setting)
    if found is None:
        return setting
    exact = Fraction(found[1])
    return f"T = {exact if exact.numerator == 1 else found[1]}"


def draw_outvoted(report: MiningReport, path: Path) -> None:
    """Draw each setting's success rate, in order, and against robustness or test accuracy.

    Bars are Wilson's 95 % intervals and, sideways, one standard deviation over seeds. Long labels appear only
    on the left; the points then have numbers.
    """
    height = max(4.2, 0.24 * len(report.settings) + 1.4)
    figure = Figure(figsize=(10.5, height), layout="constrained")
    figure.suptitle(_finding(report), fontsize=11)
    left, right = figure.subplots(1, 2)
    names = [spoken(row.setting) for row in report.settings]
    numbers = [str(number) for number, _ in enumerate(names, 1)]
    short = max(map(len, names)) <= _SHORT
    lines = names if short else [f"{name}  {number}" for name, number in zip(names, numbers, strict=True)]
    _in_order(left, report, lines)
    _against(right, report, names if short else numbers)
    for axes in (left, right):
        plain(axes)
    save(figure, path)


def _finding(report: MiningReport) -> str:
    """Say which way the points go, or that they don't tell."""
    better = "The more robust against FGSM" if report.epsilon is not None else "The higher the test accuracy"
    found = report.relation
    if found.coefficient is None:
        return "How often the networks of each setting are outvoted"
    told = f"Spearman {found.coefficient:+.2f} over {found.settings} settings, p = {found.p:.2g}"
    if found.falls == "undecided":
        return f"{better}: no clear difference in how often networks are outvoted ({told})"
    return f"{better}, the {'more' if found.coefficient > 0 else 'less'} often outvoted ({told})"


def _in_order(axes: Axes, report: MiningReport, lines: list[str]) -> None:
    for place, row in enumerate(report.settings):
        if row.success is None:
            axes.annotate("not mined", (0, place), color=PEERS, fontsize=8, va="center")
            continue
        value, beside = _interval(row.success)
        axes.errorbar(value, place, xerr=beside, fmt="o", color=TARGET, capsize=3)
    axes.set(xlabel="searches that found a mistake, %", ylim=(len(lines) - 0.5, -0.5))
    axes.set_xlim(left=0)
    axes.set_yticks(range(len(lines)), lines)


def _against(axes: Axes, report: MiningReport, points: list[str]) -> None:
    for point, row in zip(points, report.settings, strict=True):
        if row.success is None or row.figure.mean is None:
            continue
        value, beside = _interval(row.success)
        place, std = 100 * row.figure.mean, 100 * (row.figure.std or 0.0)
        axes.errorbar(place, value, beside, std, ecolor=PEERS, elinewidth=0.8, capsize=2, fmt="none")
        axes.plot(place, value, "o", ms=4, color=TARGET)
        axes.annotate(point, (place, value), (4, 4), textcoords="offset points", fontsize=8)
    measured = "test accuracy, %"
    if report.epsilon is not None:
        measured = f"test accuracy under FGSM, ε = {report.epsilon:g}, %"
    axes.set(xlabel=measured, ylabel="searches that found a mistake, %")
    axes.margins(x=0.12)


def _interval(success: Proportion) -> tuple[float, list[list[float]]]:
    """Return a success rate in percent, and how far its interval extends below and above, shape (2, 1)."""
    value, low, high = (100 * (end or 0.0) for end in (success.value, success.low, success.high))
    return value, [[max(0.0, value - low)], [max(0.0, high - value)]]
