"""What a temperature sweep shows: pictures in ``figures/``, a table, the claims of the paper."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from outvoted.actors.sweeps.sweep_store import FINISHED
from outvoted.analysis.report.claims import Claim
from outvoted.analysis.report.numbers import Spread, spread
from outvoted.analysis.sweeps.opened import OpenedSweep
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


def temperature_table(report: TemperatureReport) -> Table:
    """Draw a line for each temperature, in percent, 80 columns wide; of the epsilons the headline."""
    drawn = Table(title=_title(report), title_justify="left", caption_justify="left")
    pixels = [f"{number + 1} px" for number in range(len(report.rows[0].fooled))]
    for name in ("T", "n", "right", f"ε {report.epsilons[0]:g}", "sat.", "r", *pixels):
        drawn.add_column(name, justify="right", no_wrap=True)
    for row in report.rows:
        correlation = row.correlation.mean
        drawn.add_row(
            temperature_name(row.temperature),
            str(row.seeds),
            row.test_accuracy.percent(),
            row.robustness[0].percent(),
            _mean(row.saturated),
            "–" if correlation is None else f"{correlation:.2f}",
            *(_mean(value) for value in row.fooled),
        )
    drawn.caption = (
        "% mean (± standard deviation) over n seeds; right: test images;\n"
        "ε: robust against FGSM; sat.: net values that are saturated;\n"
        "r: correlation of G(x) and the right class's confidence;\n"
        "px: fooled by at most so many pixels, of what was right"
    )
    return drawn


def _mean(value: Spread) -> str:
    return Spread(value.mean, None).percent()


def _title(report: TemperatureReport) -> str:
    others = ", ".join(f"{number} {what}" for what, number in report.units.items() if what != FINISHED)
    return f"{report.run}: after {report.epochs} epochs" + (f" ({others})" if others else "")


def trained_note(report: TemperatureReport) -> str:
    """Say below the claims which temperatures count as trained; nothing where all do."""
    if len(report.trained) == len(report.rows):
        return ""
    return f"; trained T: test accuracy within {100 * report.within:g} points of the best one's"
