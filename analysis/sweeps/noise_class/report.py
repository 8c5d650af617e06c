"""What a noise-class sweep shows: tables 2 and 3 of Fan & Yezzi, a row for each noise, claims, pictures."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import plotly.graph_objects as go

from outvoted.actors.data.selection import Criteria
from outvoted.analysis.report.claims import Claim
from outvoted.analysis.report.drawing import PEERS, TARGET, plot_text
from outvoted.analysis.report.numbers import DECIMAL, PERCENT, Form, Spread, interval
from outvoted.analysis.report.report import Plot
from outvoted.analysis.report.table import Cell, Column, Table
from outvoted.analysis.sweeps.noise_class.claims import noise_claims, selection_claims
from outvoted.analysis.sweeps.noise_class.experiment import WHOLE
from outvoted.analysis.sweeps.noise_class.pictures import Pictures
from outvoted.analysis.sweeps.noise_class.results import (
    CRITERIA,
    METRICS,
    Published,
    Results,
    difference,
    published,
    results,
)
from outvoted.analysis.sweeps.opened import ExperimentReport, OpenedSweep
from outvoted.analysis.sweeps.plots import means, shares_up
from outvoted.search.settings import plain


@dataclass(frozen=True)
class Gain:
    """What noise adds to the accuracy of the same images without it, paired by seed; 95 % interval."""

    effect: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Row:
    """A setting's figures: means over its networks, None where there is nothing to take them of.

    Attributes:
        setting: its label.
        criteria, fraction: of the selection it trains on; None where it trains on all images.
        added: whether a class of noise is added.
        networks: how many were trained to their end.
        test_accuracy: A, 0 to 1, as the figures below.
        accuracy_std: σ_A, the sample standard deviation over networks; None for one network.
        correct_confidence, wrong_confidence, wrong_truth: P_c, P_s, P_g.
        noise: N, test images called noise for each 10,000.
        gain: in accuracy through the noise; None without noise.
        published: the paper's row.
    """

    setting: str
    criteria: Criteria | None
    fraction: float | None
    added: bool
    networks: int
    test_accuracy: float | None
    accuracy_std: float | None
    correct_confidence: float | None
    wrong_confidence: float | None
    wrong_truth: float | None
    noise: float | None
    gain: Gain | None
    published: Published | None


def whole_row(results: Results) -> Row:
    """Return the row of networks trained on all images, without noise."""
    return _row(results, WHOLE, None)


def noise_rows(results: Results) -> tuple[Row, ...]:
    """Return a row for each noise with which all images were trained."""
    return tuple(_row(results, label, WHOLE) for label, _ in results.noises)


def selection_rows(results: Results, noise: bool) -> tuple[Row, ...]:
    """Return the rows of table 2, or with ``noise`` of table 3, in the paper's order."""
    return tuple(_selection_rows(results, noise))


def _selection_rows(results: Results, noise: bool) -> Iterator[Row]:
    for fraction in sorted(results.experiment.fractions):
        for criteria in CRITERIA:
            label = results.selected(criteria, fraction, noise)
            if label is not None:
                without = results.selected(criteria, fraction, False) if noise else None
                yield _row(results, label, without, criteria, fraction)


def _row(
    results: Results,
    setting: str,
    without: str | None,
    criteria: Criteria | None = None,
    fraction: float | None = None,
) -> Row:
    figures = {name: results.by_seed(setting, name) for name in METRICS}
    accuracy = figures["test_accuracy"]
    means = {name: float(one.mean()) if len(one) else None for name, one in figures.items()}
    pairs = difference(accuracy, results.by_seed(without, "test_accuracy"))
    noise = without is not None
    told = None if criteria is None or fraction is None else published(criteria, fraction, noise)
    return Row(
        setting=setting,
        criteria=criteria,
        fraction=fraction,
        added=noise,
        networks=len(accuracy),
        accuracy_std=float(accuracy.std()) if len(accuracy) > 1 else None,
        gain=Gain(*interval(pairs)) if noise else None,
        published=told,
        **means,
    )


_CAPTION = (
    "% of test images, means over networks: A accuracy, σ_A its standard deviation, P_c and P_s the "
    "probability of the answer where correct and where wrong, P_g of the true class where wrong"
)
_WITH_NOISE = (
    "; N images of 10,000 called noise; gain: A over that of the same images without noise, by seed, with "
    "half its 95 % interval"
)
_PAPER = "; paper: the paper's A"


def selection_table(rows: Sequence[Row], baseline: Row, title: str, seeds: int) -> Table:
    """Return table 2 or 3 of Fan & Yezzi with their accuracy in the last column, and a row for all images."""
    noise = any(row.added for row in rows)
    lines = [
        [f"{row.criteria} {plain(row.fraction or 0)}{_fewer(row, seeds)}", *_cells(row, noise), _told(row)]
        for row in rows
    ]
    lines.append([f"all{_fewer(baseline, seeds)}", *_cells(baseline, noise), None])
    columns = [*_columns(noise), Column("paper", PERCENT)]
    return Table(title, columns, lines, _CAPTION + (_WITH_NOISE if noise else "") + _PAPER)


def noise_table(rows: Sequence[Row], baseline: Row, seeds: int) -> Table:
    """Return a row for each noise with which all images were trained."""
    named = [("no noise", baseline), *((row.setting.removeprefix("all+"), row) for row in rows)]
    lines = [[f"{name}{_fewer(row, seeds)}", *_cells(row, True)] for name, row in named]
    return Table("all training images, with a class of noise", _columns(True), lines, _CAPTION + _WITH_NOISE)


def _columns(noise: bool) -> list[Column]:
    forms = {"A": Form(2, 100), "σ_A": Form(2, 100), "P_c": PERCENT, "P_s": PERCENT, "P_g": PERCENT}
    more = {"N": DECIMAL, "gain": Form(1, 100, "+")} if noise else {}
    return [Column("trained on"), *(Column(name, form) for name, form in (forms | more).items())]


def _cells(row: Row, noise: bool) -> list[Cell]:
    cells: list[Cell] = [row.test_accuracy, row.accuracy_std]
    cells += [row.correct_confidence, row.wrong_confidence, row.wrong_truth]
    gain: Cell = None if row.gain is None else (row.gain.effect, row.gain.low, row.gain.high)
    return [*cells, row.noise, gain] if noise else cells


def _told(row: Row) -> float | None:
    return None if row.published is None else row.published.test_accuracy


def _fewer(row: Row, seeds: int) -> str:
    return "" if row.networks == seeds else f" ({row.networks})"


@dataclass(frozen=True)
class NoiseReport:
    """What a noise-class sweep has shown so far.

    Attributes:
        run: its name.
        seeds: how many networks every setting is meant to have.
        baseline: trained on all images, without noise.
        table_2, table_3: selections without noise and with it, in the paper's order; empty without selections
            or without noise beside them.
        beside: the noise of table 3, as in the settings' labels.
        noises: all images with a class of noise each.
        claims: what the paper claims, put to the sweep.
        missing: the networks that are not trained to their end: waiting, failed or stopped.
        figures: the pictures, relative to the run's folder.
    """

    run: str
    seeds: int
    baseline: Row
    table_2: tuple[Row, ...]
    table_3: tuple[Row, ...]
    beside: str | None
    noises: tuple[Row, ...]
    claims: tuple[Claim, ...]
    missing: tuple[str, ...]
    figures: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


def write_noise_report(sweep: OpenedSweep) -> NoiseReport:
    """Draw a sweep's pictures into its folder ``figures/`` and return its tables and claims.

    Raises:
        OutvotedError: the sweep is of another experiment, its data cannot be read, or the disk refuses.
    """
    found = results(sweep)
    finished = set(sweep.finished)
    table_3 = selection_rows(found, True) if found.experiment.beside else ()
    beside = table_3[0].setting.split("+", 2)[2] if table_3 else None
    return NoiseReport(
        run=sweep.record.name,
        seeds=len(sweep.seeds),
        baseline=whole_row(found),
        table_2=selection_rows(found, False),
        table_3=table_3,
        beside=beside,
        noises=noise_rows(found),
        claims=(*selection_claims(found), *noise_claims(found)),
        missing=tuple(unit.name for unit in sweep.units if unit not in finished),
        figures=Pictures(sweep, found).draw(),
    )


def report(sweep: OpenedSweep) -> ExperimentReport:
    """Draw a sweep's pictures, and return what it shows."""
    found = write_noise_report(sweep)
    tables = [
        selection_table(rows, found.baseline, title, found.seeds)
        for rows, title in ((found.table_2, "selections"), (found.table_3, f"selections with {found.beside}"))
        if rows
    ]
    if found.noises:
        tables.append(noise_table(found.noises, found.baseline, found.seeds))
    names = [Path(name).name for name in found.figures]
    return ExperimentReport(found.to_json(), tables, found.claims, "", _accuracies(found), names)


def _accuracies(report: NoiseReport) -> Plot:
    """Draw the accuracy of every setting."""
    figure = go.Figure()
    rows: Sequence[Row] = (report.baseline, *report.table_2, *report.table_3, *report.noises)
    for added, name, colour in ((False, "without noise", TARGET), (True, "with a class of noise", PEERS)):
        shown = [row for row in rows if row.added == added]
        values = [Spread(row.test_accuracy, row.accuracy_std) for row in shown]
        if shown:
            names = [plot_text(row.setting) for row in shown]
            figure.add_scatter(x=names, name=name, line_color=colour, **means(values, "markers"))
    shares_up(figure, "")
    return Plot(figure, "Test images classified correctly: mean over networks, ± one standard deviation.")
