"""What a temperature sweep shows: pictures in ``figures/``, a table, the claims of the paper."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go

from outvoted.actors.sweeps.sweep_store import FINISHED
from outvoted.analysis.report.claims import Claim
from outvoted.analysis.report.drawing import COLOURS
from outvoted.analysis.report.numbers import COUNT, PERCENT, Form, Spread, spread
from outvoted.analysis.report.report import Plot
from outvoted.analysis.report.table import Cell, Column, Table
from outvoted.analysis.sweeps.opened import ExperimentReport, OpenedSweep
from outvoted.analysis.sweeps.plots import means, shares_up
from outvoted.analysis.sweeps.temperature.attacks import draw_attacked, draw_extreme, draw_pixels, example
from outvoted.analysis.sweeps.temperature.claims import TRAINED_WITHIN, claims, significant
from outvoted.analysis.sweeps.temperature.measurements import (
    Measurements,
    mean,
    measurements,
    temperature_name,
)
from outvoted.analysis.sweeps.temperature.pictures import (
    draw_curves,
    draw_gradients,
    draw_regimes,
    draw_robustness,
    draw_robustness_by_epsilon,
    draw_sigmoids,
)


@dataclass(frozen=True)
class TemperatureRow:
    """One temperature; all but the counts are means and standard deviations over its seeds.

    Attributes:
        seeds: how many networks were trained to the last epoch.
        robustness: against FGSM, for each epsilon, in the order of the configuration.
        correlation: of G(x) with the right class's confidence, over all images.
        significant: mean share of classes whose correlation has p < 0.001; None where there is none.
        fooled: share of images that at most 1, 2, ... pixels fool, mean over classes.
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
    """Return a row for each temperature, rising."""
    shares = significant(found)
    return tuple(
        TemperatureRow(
            temperature=temperature,
            seeds=int((~np.isnan(found.curves["test_accuracy"][t, :, -1])).sum()),
            test_accuracy=spread(found.curves["test_accuracy"][t, :, -1]),
            saturated=spread(found.curves["saturated"][t, :, -1]),
            robustness=tuple(spread(values) for values in found.robustness[t, :, -1].T),
            correlation=spread(found.correlation[t, :, -1]),
            significant=spread(np.atleast_1d(mean(shares[t], 0))).mean,
            fooled=tuple(spread(values) for values in found.fooled[t].T),
        )
        for t, temperature in enumerate(found.layout.temperatures)
    )


_MISSING = "missing"


@dataclass(frozen=True)
class TemperatureReport:
    """What a temperature sweep has shown so far.

    Attributes:
        units: how many networks finished, stopped, failed, and are missing.
        epsilons: the first is the headline.
        trained: temperatures whose test accuracy lies within ``within`` of the best one's.
        figures: names of the pictures that were written; those without anything to show are not.
    """

    run: str
    units: dict[str, int]
    epochs: int
    epsilons: tuple[float, ...]
    within: float
    trained: tuple[float, ...]
    rows: tuple[TemperatureRow, ...]
    claims: tuple[Claim, ...]
    figures: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


def write_temperature_report(sweep: OpenedSweep, within: float = TRAINED_WITHIN) -> TemperatureReport:
    """Write a sweep's pictures and return its table and claims.

    Args:
        sweep: finished or under way.
        within: how far below the best test accuracy a temperature counts as trained, 0-1.

    Raises:
        OutvotedError: it is no sweep of temperatures, its data or a file is missing, or the disk refuses.
    """
    found = measurements(sweep)
    outcomes = sweep.store.outcomes()
    return TemperatureReport(
        run=sweep.record.name,
        units=dict(Counter(outcomes.get(unit.name, _MISSING) for unit in sweep.units)),
        epochs=found.layout.epochs,
        epsilons=found.layout.epsilons,
        within=within,
        trained=found.trained(within),
        rows=temperature_rows(found),
        claims=claims(found, within),
        figures=tuple(_draw(sweep, found, sweep.store.path / "figures")),
    )


def _draw(sweep: OpenedSweep, found: Measurements, folder: Path) -> Iterator[str]:
    """Draw what there is something to show of; yield the pictures' names."""
    chosen = example(sweep)
    measured = bool((~np.isnan(found.curves["test_accuracy"])).any())
    ended = bool((~np.isnan(found.gradient_median)).any())
    attacked = bool((~np.isnan(found.pixel_fooled)).any())
    several = measured and len(found.layout.epsilons) > 1
    pictures: tuple[tuple[str, bool, Callable[[Measurements, Path], None]], ...] = (
        ("sigmoids.png", True, draw_sigmoids),
        ("learning-curves.png", measured, draw_curves),
        ("regimes.png", measured, draw_regimes),
        ("robustness.png", measured, draw_robustness),
        ("robustness-by-epsilon.png", several, draw_robustness_by_epsilon),
        ("gradients.png", ended, draw_gradients),
        ("pixel-attack.png", attacked, draw_pixels),
    )
    for name, there, draw in pictures:
        if there:
            draw(found, folder / name)
            yield name
    if chosen is not None:
        samples = (("extreme-gradients.png", draw_extreme), ("attacked-images.png", draw_attacked))
        yield from (name for name, draw_images in samples if draw_images(sweep, chosen, folder / name))


def report(sweep: OpenedSweep) -> ExperimentReport:
    """Draw a sweep's pictures, and return what it shows."""
    found = write_temperature_report(sweep)
    table, note = temperature_table(found), trained_note(found)
    return ExperimentReport(found.to_json(), [table], found.claims, note, _accuracies(found), found.figures)


def temperature_table(report: TemperatureReport) -> Table:
    """Return a row for each temperature, in percent, 80 columns wide; of the epsilons the first."""
    pixels = [Column(f"{number + 1} px", PERCENT) for number in range(len(report.rows[0].fooled))]
    columns = [
        Column("T", COUNT),
        Column("n", COUNT),
        Column("correct", PERCENT),
        Column(f"ε {report.epsilons[0]:g}", PERCENT),
        Column("sat.", PERCENT),
        Column("r", Form(2)),
        *pixels,
    ]
    rows: list[list[Cell]] = [
        [
            temperature_name(row.temperature),
            row.seeds,
            row.test_accuracy,
            row.robustness[0],
            row.saturated.mean,
            row.correlation.mean,
            *(value.mean for value in row.fooled),
        ]
        for row in report.rows
    ]
    return Table(_title(report), columns, rows, _NOTE)


_NOTE = """% mean (± standard deviation) over n seeds; correct: test images;
ε: robust against FGSM; sat.: pre-activations that are saturated;
r: correlation of G(x) and the correct class's confidence;
px: fooled by at most so many pixels, of what was correct"""


def _accuracies(report: TemperatureReport) -> Plot:
    """Draw accuracy, and robustness for each epsilon, against the temperature."""
    figure = go.Figure()
    names = [temperature_name(row.temperature) for row in report.rows]
    lines = {"without an attack": [row.test_accuracy for row in report.rows]}
    for place, epsilon in enumerate(report.epsilons):
        lines[f"FGSM, ε {epsilon:g}"] = [row.robustness[place] for row in report.rows]
    for index, (name, values) in enumerate(lines.items()):
        figure.add_scatter(x=names, name=name, line_color=COLOURS[index % len(COLOURS)], **means(values))
    shares_up(figure, "temperature T")
    return Plot(
        figure,
        "Test images classified correctly after the last epoch: mean over seeds, ± one standard deviation.",
    )


def _title(report: TemperatureReport) -> str:
    others = ", ".join(f"{number} {what}" for what, number in report.units.items() if what != FINISHED)
    return f"{report.run}: after {report.epochs} epochs" + (f" ({others})" if others else "")


def trained_note(report: TemperatureReport) -> str:
    """Say below the claims which temperatures count as trained; nothing where all do."""
    if len(report.trained) == len(report.rows):
        return ""
    return f"; trained T: test accuracy within {100 * report.within:g} points of the best one's"
