"""The figures of each temperature after the last epoch, over seeds."""

from dataclasses import dataclass

import numpy as np

from outvoted.analysis.report.numbers import Spread, spread
from outvoted.analysis.sweeps.temperature.checks import significant
from outvoted.analysis.sweeps.temperature.measurements import Measurements, mean


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
