"""What a noise-class sweep shows: tables 2 and 3 of Fan & Yezzi, a row for each noise, claims, pictures."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from outvoted.actors.data.selection import Criteria
from outvoted.analysis.report.numbers import DECIMAL, PERCENT, Form, Interval, interval
from outvoted.analysis.report.table import Cell, Column, Table
from outvoted.analysis.sweeps.noise_class.claims import noise_claims, selection_claims
from outvoted.analysis.sweeps.noise_class.experiment import METRICS, WHOLE
from outvoted.analysis.sweeps.noise_class.pictures import (
    draw_noise,
    draw_noises,
    draw_selections,
    draw_step_function,
)
from outvoted.analysis.sweeps.noise_class.results import (
    CRITERIA,
    Published,
    Results,
    difference,
    published,
    results,
)
from outvoted.analysis.sweeps.noise_class.step_function import FITS
from outvoted.analysis.sweeps.opened import Findings, OpenedSweep
from outvoted.search.settings import plain


def noise_findings(sweep: OpenedSweep) -> Findings:
    """Return what a noise-class sweep, finished or under way, shows so far.

    Raises:
        OutvotedError: its data or a file cannot be read.
    """
    found, seeds, finished = results(sweep), len(sweep.seeds), set(sweep.finished)
    baseline, noises, table_2 = whole_row(found), noise_rows(found), selection_rows(found, False)
    table_3 = selection_rows(found, True) if found.experiment.beside else ()
    beside = table_3[0].setting.split("+", 2)[2] if table_3 else None
    values = {
        "run": sweep.record.name,
        "seeds": seeds,
        "baseline": baseline,
        "table_2": table_2,
        "table_3": table_3,
        "beside": beside,
        "noises": noises,
        "missing": [unit.name for unit in sweep.units if unit not in finished],
    }
    titled = ((table_2, "selections"), (table_3, f"selections with {beside}"))
    tables = [selection_table(rows, baseline, title, seeds) for rows, title in titled if rows]
    if noises:
        tables.append(noise_table(noises, baseline, seeds))
    claims = (*selection_claims(found), *noise_claims(found))
    return Findings(values, tables, claims, "", _pictures(sweep, found))


def _pictures(sweep: OpenedSweep, found: Results) -> Mapping[str, Callable[[Path], object]]:
    """Return the pictures that there is something to draw of, by name."""
    experiment = found.experiment
    beside = [experiment.beside] if experiment.beside and experiment.fractions else []
    noises = {noise.noise.label: noise.noise for noise in (*experiment.noises, *beside)}
    pictures: dict[str, Callable[[Path], object]] = {}
    if experiment.fractions:
        pictures["selections"] = partial(draw_selections, found)
    if experiment.noises:
        pictures["noise"] = partial(draw_noise, found)
    if noises:
        pictures["noise-samples"] = partial(draw_noises, list(noises.values()), sweep.data.shape)
    fits = sweep.store.folder.extra(FITS.name, FITS)
    if fits is not None:
        pictures["step-function"] = partial(draw_step_function, fits.to_pandas())
    return pictures


@dataclass(frozen=True)
class Gain:
    """What noise adds to the accuracy of the same images, paired by seed, with its 95 % interval."""

    effect: float | None
    low: float | None
    high: float | None

    @property
    def interval(self) -> Interval:
        """The same as a tuple."""
        return self.effect, self.low, self.high


@dataclass(frozen=True)
class Row:
    """A setting: means over its networks, None if there are none to average.

    Attributes:
        setting: its label.
        criteria, fraction: of the selection it trains on; None if it trains on all images.
        added: whether a class of noise is added.
        networks: how many were trained to the last epoch.
        test_accuracy: A, 0 to 1, like the figures below.
        accuracy_std: σ_A, the sample standard deviation over networks; None for one network.
        correct_confidence, wrong_confidence, wrong_truth: P_c, P_s, P_g.
        noise: N, test images called noise, per 10,000.
        gain: in accuracy by adding noise; None without noise.
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
    """Return the row of the networks trained on all images, without noise."""
    return _row(results, WHOLE, None)


def noise_rows(results: Results) -> tuple[Row, ...]:
    """Return a row for each noise with which all images were trained."""
    return tuple(_row(results, label, WHOLE) for label, _ in results.noises)


def selection_rows(results: Results, noise: bool) -> tuple[Row, ...]:
    """Return the rows of table 2, or with ``noise`` of table 3, in the paper's order."""
    every = [
        (criteria, fraction) for fraction in sorted(results.experiment.fractions) for criteria in CRITERIA
    ]
    return tuple(
        _row(results, label, results.selected(*one, False) if noise else None, *one)
        for one in every
        if (label := results.selected(*one, noise)) is not None
    )


def _row(
    results: Results,
    setting: str,
    without: str | None,
    criteria: Criteria | None = None,
    fraction: float | None = None,
) -> Row:
    figures = {name: results.by_seed(setting, name) for name in METRICS}
    accuracy, noise = figures["test_accuracy"], without is not None
    means = {name: float(one.mean()) if len(one) else None for name, one in figures.items()}
    pairs = difference(accuracy, results.by_seed(without))
    return Row(
        setting=setting,
        criteria=criteria,
        fraction=fraction,
        added=noise,
        networks=len(accuracy),
        accuracy_std=float(accuracy.std()) if len(accuracy) > 1 else None,
        gain=Gain(*interval(pairs)) if noise else None,
        published=None if criteria is None or fraction is None else published(criteria, fraction, noise),
        **means,
    )


_CAPTION = (
    "% of test images, means over networks: A accuracy, σ_A its standard deviation, P_c and P_s the "
    "probability of the answer where correct and where wrong, P_g of the true class where wrong"
)
_WITH_NOISE = (
    "; N images of 10,000 called noise; gain: A minus that of the same images without noise, by seed, with "
    "half its 95 % interval"
)


def selection_table(rows: Sequence[Row], baseline: Row, title: str, seeds: int) -> Table:
    """Return table 2 or 3 of Fan & Yezzi, with their accuracy in the last column and a row for all images."""
    noise = any(row.added for row in rows)
    named = [(f"{row.criteria} {plain(row.fraction or 0)}", row) for row in rows]
    told = [None if row.published is None else row.published.test_accuracy for row in rows]
    lines = [[*line, one] for line, one in zip(_lines(named, noise, seeds), told, strict=True)]
    (last,) = _lines([("all", baseline)], noise, seeds)
    note = f"{_CAPTION}{_WITH_NOISE if noise else ''}; paper: the paper's A"
    return Table(title, [*_columns(noise), Column("paper", PERCENT)], [*lines, [*last, None]], note)


def noise_table(rows: Sequence[Row], baseline: Row, seeds: int) -> Table:
    """Return a row for each noise with which all images were trained."""
    named = [("no noise", baseline), *((row.setting.removeprefix("all+"), row) for row in rows)]
    title = "all training images, with a class of noise"
    return Table(title, _columns(True), _lines(named, True, seeds), _CAPTION + _WITH_NOISE)


def _columns(noise: bool) -> list[Column]:
    forms = {"A": Form(2, 100), "σ_A": Form(2, 100), "P_c": PERCENT, "P_s": PERCENT, "P_g": PERCENT}
    more = {"N": DECIMAL, "gain": Form(1, 100, "+")} if noise else {}
    return [Column("trained on"), *(Column(name, form) for name, form in (forms | more).items())]


def _lines(rows: Sequence[tuple[str, Row]], noise: bool, seeds: int) -> list[list[Cell]]:
    """Return the cells of named rows; the name says how many networks there are if some are missing."""
    lines: list[list[Cell]] = []
    for name, row in rows:
        cells: list[Cell] = [name if row.networks == seeds else f"{name} ({row.networks})"]
        cells += [row.test_accuracy, row.accuracy_std]
        cells += [row.correct_confidence, row.wrong_confidence, row.wrong_truth]
        gain = None if row.gain is None else row.gain.interval
        lines.append([*cells, row.noise, gain] if noise else cells)
    return lines
