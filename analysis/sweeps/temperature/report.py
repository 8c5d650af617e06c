"""What a temperature sweep shows: a table by temperature, the paper's claims, and pictures.

A claim's effect has one value per seed, and its interval is over seeds: it is about networks trained again on
these data, not about other data.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import scipy

from outvoted.actors.sweeps.sweep_store import FINISHED
from outvoted.analysis.report.claims import Claim, Side
from outvoted.analysis.report.numbers import COUNT, PERCENT, Form, Spread, nan_mean, spread
from outvoted.analysis.report.table import Cell, Column, Table
from outvoted.analysis.sweeps.opened import Findings, OpenedSweep
from outvoted.analysis.sweeps.temperature.attacks import draw_attacked, draw_extreme, example, fooled
from outvoted.analysis.sweeps.temperature.measurements import (
    SIGNIFICANT,
    Measurements,
    measurements,
    temperature_name,
)
from outvoted.analysis.sweeps.temperature.pictures import (
    draw_curves,
    draw_gradients,
    draw_pixels,
    draw_regimes,
    draw_robustness,
    draw_robustness_by_epsilon,
    draw_sigmoids,
)
from outvoted.search.arrays import Floats

_MISSING = "missing"


def temperature_findings(sweep: OpenedSweep) -> Findings:
    """Return what a sweep of temperatures, finished or under way, shows so far.

    Raises:
        OutvotedError: its data or a file is missing.
    """
    found = measurements(sweep)
    rows, outcomes = temperature_rows(found), sweep.store.outcomes()
    units = Counter(outcomes.get(unit.name, _MISSING) for unit in sweep.units)
    trained = found.trained(TRAINED_WITHIN)
    values = {
        "run": sweep.record.name,
        "units": dict(units),
        "epochs": found.layout.epochs,
        "epsilons": found.layout.epsilons,
        "within": TRAINED_WITHIN,
        "trained": trained,
        "rows": rows,
    }
    others = ", ".join(f"{number} {what}" for what, number in units.items() if what != FINISHED)
    title = f"{sweep.record.name}: after {found.layout.epochs} epochs" + (f" ({others})" if others else "")
    note = f"; trained T: test accuracy at most {100 * TRAINED_WITHIN:g} points below the best"
    return Findings(
        values,
        [temperature_table(title, found.layout.epsilons[0], rows)],
        claims(found),
        note if len(trained) < len(rows) else "",
        _pictures(sweep, found),
    )


def _pictures(sweep: OpenedSweep, found: Measurements) -> Mapping[str, Callable[[Path], object]]:
    """Return the pictures that there is something to draw of, by name."""
    accuracy = found.curves["test_accuracy"]
    drawn = (
        ("learning-curves", accuracy, draw_curves),
        ("regimes", accuracy, draw_regimes),
        ("robustness", found.robustness, draw_robustness),
        ("robustness-by-epsilon", found.robustness[..., 1:], draw_robustness_by_epsilon),
        ("gradients", found.gradient_median, draw_gradients),
        ("pixel-attack", found.pixel_fooled, draw_pixels),
    )
    pictures: dict[str, Callable[[Path], object]] = {"sigmoids": partial(draw_sigmoids, found)}
    pictures |= {name: partial(draw, found) for name, of, draw in drawn if not np.isnan(of).all()}
    chosen = example(sweep)
    if chosen is not None and len(chosen.most_sensitive):
        pictures["extreme-gradients"] = partial(draw_extreme, chosen)
    if chosen is not None and (attacked := fooled(chosen)):
        pictures["attacked-images"] = partial(draw_attacked, chosen, attacked)
    return pictures


@dataclass(frozen=True)
class TemperatureRow:
    """One temperature: means and standard deviations over its seeds, except for the counts.

    Attributes:
        seeds: how many networks were trained to the last epoch.
        robustness: against FGSM, for each epsilon in the order of the configuration.
        correlation: of G(x) with the correct class's confidence, over all images.
        significant: mean share of classes whose correlation has p < 0.001; None if no correlation is defined.
        fooled: share of images that at most 1, 2, ... pixels fool, averaged over classes.
    """

    temperature: float
    seeds: int
    test_accuracy: Spread
    saturated: Spread
    robustness: tuple[Spread, ...]
    correlation: Spread
    significant: float | None
    fooled: tuple[Spread, ...]


def temperature_rows(found: Measurements) -> tuple[TemperatureRow, ...]:
    """Return a row for each temperature, in ascending order."""
    shares = found.significant
    return tuple(
        TemperatureRow(
            temperature=temperature,
            seeds=int((~np.isnan(found.curves["test_accuracy"][t, :, -1])).sum()),
            test_accuracy=spread(found.curves["test_accuracy"][t, :, -1]),
            saturated=spread(found.curves["saturated"][t, :, -1]),
            robustness=tuple(spread(values) for values in found.robustness[t, :, -1].T),
            correlation=spread(found.correlation[t, :, -1]),
            significant=spread(np.atleast_1d(nan_mean(shares[t], 0))).mean,
            fooled=tuple(spread(values) for values in found.fooled[t].T),
        )
        for t, temperature in enumerate(found.layout.temperatures)
    )


_NOTE = """% mean (± standard deviation) over n seeds; correct: test images;
ε: robust against FGSM; sat.: saturated pre-activations;
r: correlation of G(x) with the correct class's confidence;
px: correctly classified images that at most so many pixels fool"""


def temperature_table(title: str, epsilon: float, rows: Sequence[TemperatureRow]) -> Table:
    """Return a row for each temperature, in percent, 80 columns wide, with the first epsilon only."""
    pixels = [Column(f"{number + 1} px", PERCENT) for number in range(len(rows[0].fooled))]
    columns = [
        Column("T", COUNT),
        Column("n", COUNT),
        Column("correct", PERCENT),
        Column(f"ε {epsilon:g}", PERCENT),
        Column("sat.", PERCENT),
        Column("r", Form(2)),
        *pixels,
    ]
    cells: list[list[Cell]] = [
        [
            temperature_name(row.temperature),
            row.seeds,
            row.test_accuracy,
            row.robustness[0],
            row.saturated.mean,
            row.correlation.mean,
            *(value.mean for value in row.fooled),
        ]
        for row in rows
    ]
    return Table(title, columns, cells, _NOTE)


TRAINED_WITHIN = 0.03
"""A temperature counts as trained if its test accuracy is at most this much below the best."""
_STRONG = -0.5  # where a correlation is usually called strong (Cohen, 1988)
_ALMOST_ALL = 0.95
_FEWEST = 3  # temperatures: two are always in order


def claims(found: Measurements, within: float = TRAINED_WITHIN) -> tuple[Claim, ...]:
    """Test the paper's claims.

    Args:
        found: what the sweep measured.
        within: how far below the best test accuracy a temperature still counts as trained, 0-1.
    """
    epsilons, pixels = found.layout.epsilons, range(found.layout.pixels)
    fgsm = {f"ε {one:g}": found.robustness[:, :, -1, index] for index, one in enumerate(epsilons)}
    changed = {f"{index + 1} px": found.fooled[:, :, index] for index in pixels}
    share = "share of images fooled (mean over classes)"
    return (
        *_lower_is_more_robust(found, within, "FGSM", "robustness", "below", fgsm),
        *_lower_is_more_robust(found, within, "changed pixels", share, "above", changed),
        *_saturation(found),
        *_correlation(found),
        *_epsilon(found),
        _classes(found),
    )


def _lower_is_more_robust(
    found: Measurements, within: float, attack: str, figure: str, trend: Side, values: Mapping[str, Floats]
) -> Iterator[Claim]:
    """Lower temperatures are more robust against FGSM (Sect. 4.1, Figs. 5, 6) and pixels (Sect. 4.2, Fig. 9).

    Tested as a trend over temperatures and as a difference between the ends, which has the opposite sign: on
    all temperatures, and on those that trained if these are fewer.

    Args:
        values: the figure, shape (t, s), by its variant: an epsilon or a number of pixels.
    """
    text = f"Lower temperatures make networks more robust against {attack}"
    rho = f"Spearman correlation of T with the {figure} after the last epoch"
    gap = f"{figure} at the lowest T minus that at the highest, after the last epoch"
    by_trend = Claim(text, rho, "ρ with T", side=trend, unit="correlation")
    by_ends = Claim(text, gap, "low − high T", side="above" if trend == "below" else "below")
    temperatures = np.array(found.layout.temperatures)
    trained = np.isin(temperatures, found.trained(within))
    groups = {"all T": np.full(len(temperatures), True)} | ({} if trained.all() else {"trained T": trained})
    for variant, by_seed in values.items():
        for name, chosen in groups.items():
            part = temperatures[chosen], by_seed[chosen]
            yield by_trend.over(trends(*part), f"{variant}, {name}")
            yield by_ends.over(differences(*part), f"{variant}, {name}")


def trends(temperatures: Floats, values: Floats) -> Floats:
    """Return Spearman's correlation of the temperature with each seed's values, -1 to 1: (s,).

    NaN for a seed with values for fewer than three temperatures, or with only equal ones.

    Args:
        temperatures: shape (t,).
        values: shape (t, s); NaN are left out.
    """
    return np.array([_trend(temperatures, column) for column in values.T])


def _trend(temperatures: Floats, values: Floats) -> float:
    there = ~np.isnan(values)
    if there.sum() < _FEWEST or np.ptp(values[there]) == 0:
        return float("nan")
    return float(scipy.stats.spearmanr(temperatures[there], values[there]).statistic)


def differences(temperatures: Floats, values: Floats) -> Floats:
    """Return each seed's value at the lowest temperature minus that at the highest: (s,).

    Lowest and highest are those that any seed has a value for, the same for all seeds; NaN for a seed that
    lacks one of them, and for all seeds if there are not two.

    Args:
        temperatures: shape (t,), rising.
        values: shape (t, s).
    """
    (measured,) = np.nonzero(~np.isnan(values).all(1))
    if len(measured) < 2:
        return np.full(values.shape[1], np.nan)
    return np.asarray(values[measured[0]] - values[measured[-1]])


def _saturation(found: Measurements) -> Iterator[Claim]:
    """Training drives networks into saturation (Sect. 4.1, Fig. 4)."""
    basis = "saturated share of pre-activations after the last epoch minus that after the first"
    saturated = found.curves["saturated"]
    claim = Claim("Saturation grows during training", basis, "last − first")
    yield from _pooled(found, claim, saturated[:, :, -1] - saturated[:, :, 0])


def _correlation(found: Measurements) -> Iterator[Claim]:
    """G(x) falls as the confidence in the correct class rises (Sect. 4.1, Fig. 8)."""
    basis = "Pearson correlation of G(x) with the correct class's confidence over all test images"
    text = "G(x) and the correct class's confidence have a strong negative correlation"
    strong = Claim(text, basis, "Pearson's r", side="below", bound=_STRONG, unit="correlation")
    yield from _pooled(found, strong, found.correlation[:, :, -1])
    basis = f"share of classes whose correlation has p < {SIGNIFICANT:g}"
    almost = Claim("The correlation is significant in almost all classes", basis, "share", bound=_ALMOST_ALL)
    yield almost.over(nan_mean(found.significant, 0), "mean over T")


def _pooled(found: Measurements, claim: Claim, values: Floats) -> Iterator[Claim]:
    """Test a claim on each seed's mean over temperatures, then on each temperature."""
    yield claim.over(nan_mean(values, 0), "mean over T")
    if len(values) > 1:
        for temperature, row in zip(found.layout.temperatures, values, strict=True):
            yield claim.over(row, f"T = {temperature_name(temperature)}", single=True)


def _epsilon(found: Measurements) -> Iterator[Claim]:
    """The larger epsilon, the more successful the attack (Sect. 4.1, Fig. 6)."""
    epsilons = np.array(found.layout.epsilons)
    if len(epsilons) < 2:
        return
    rising = found.robustness[:, :, -1, np.argsort(epsilons)]
    falls = rising[:, :, :-1] - rising[:, :, 1:]
    basis = "smallest fall in robustness from one epsilon to the next larger, mean over temperatures"
    where = "ε " + ", ".join(f"{epsilon:g}" for epsilon in np.sort(epsilons))
    claim = Claim("A larger epsilon fools more often", basis, "smallest fall")
    yield claim.over(nan_mean(falls.min(2), 0), where)


def _classes(found: Measurements) -> Claim:
    """Classes differ in robustness (Sect. 5) by more than seeds do.

    The most and least robust classes are chosen on the other seeds, so that chance alone would give 0.
    """
    basis = (
        "robustness of the other seeds' most robust class minus that of their least, mean over temperatures"
    )
    by_class = nan_mean(found.class_robustness[:, :, 0], 0)
    apart = [_between_classes(by_class, seed) for seed in range(len(by_class))]
    claim = Claim("Classes differ in robustness by more than seeds explain", basis, "most − least")
    return claim.over(apart, f"ε {found.layout.epsilons[0]:g}")


def _between_classes(by_class: Floats, seed: int) -> float:
    others = nan_mean(np.delete(by_class, seed, 0), 0)
    if np.isnan(others).all():
        return float("nan")
    return float(by_class[seed, np.nanargmax(others)] - by_class[seed, np.nanargmin(others)])
