"""What a temperature sweep shows: a table by temperature, the paper's claims, and pictures."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from outvoted.actors.sweeps.sweep_store import FINISHED
from outvoted.analysis.report.numbers import COUNT, PERCENT, Form, Spread, nan_mean, spread
from outvoted.analysis.report.table import Cell, Column, Table
from outvoted.analysis.sweeps.opened import Findings, OpenedSweep
from outvoted.analysis.sweeps.temperature.attacks import draw_attacked, draw_extreme, example, fooled
from outvoted.analysis.sweeps.temperature.claims import TRAINED_WITHIN, claims
from outvoted.analysis.sweeps.temperature.measurements import Measurements, measurements, temperature_name
from outvoted.analysis.sweeps.temperature.pictures import (
    draw_curves,
    draw_gradients,
    draw_pixels,
    draw_regimes,
    draw_robustness,
    draw_robustness_by_epsilon,
    draw_sigmoids,
)

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
