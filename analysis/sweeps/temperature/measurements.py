"""What a temperature sweep measured, as arrays by temperature and seed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from outvoted.actors.sweeps.sweep_store import FAILED
from outvoted.analysis.report.numbers import nan_mean
from outvoted.analysis.sweeps.opened import OpenedSweep
from outvoted.analysis.sweeps.temperature.experiment import TemperatureExperiment
from outvoted.search.arrays import Floats


def temperature_name(temperature: float) -> str:
    """Write a temperature as the paper does: 1/64 for 0.015625, 16 for 16, 0.3 for 0.3."""
    inverse = 1 / temperature
    return f"1/{inverse:g}" if inverse > 1 and inverse == round(inverse) else f"{temperature:g}"


REGIMES = ("linear", "nonlinear", "saturated")
SIGNIFICANT = 0.001
"""The paper's level of p."""
CURVES = ("test_accuracy", "loss", *REGIMES)


@dataclass(frozen=True)
class SweepLayout:
    """What there is to measure.

    Attributes:
        settings: temperatures by the label of their setting.
        seeds: the s seeds.
        epochs: e, counted from 1.
        epsilons: the p FGSM steps; the first is the headline.
        classes: the names of the c classes.
        pixels: the most that were changed; 0 without the pixel attack.
    """

    settings: Mapping[str, float]
    seeds: tuple[int, ...]
    epochs: int
    epsilons: tuple[float, ...]
    classes: tuple[str, ...]
    pixels: int

    @property
    def temperatures(self) -> tuple[float, ...]:
        """The t temperatures in ascending order."""
        return tuple(sorted(self.settings.values()))


@dataclass(frozen=True)
class Measurements:
    """Figures of all networks; NaN where a unit is missing, failed, was stopped or diverged.

    Attributes:
        layout: defines t, s, e, p and c.
        curves: CURVES, each (t, s, e).
        robustness: against FGSM, 0-1, (t, s, e, p).
        class_robustness: after the last epoch, like everything below, (t, s, p, c).
        gradient_median: of G(x), (t, s, c).
        correlation: of G(x) with the correct class's confidence, (t, s, c + 1); the last over all images.
        correlation_p: its p-values, (t, s, c + 1).
        pixel_fooled: share of images that at most 1, 2, ... changed pixels fool, (t, s, c, pixels).
    """

    layout: SweepLayout
    curves: Mapping[str, Floats]
    robustness: Floats
    class_robustness: Floats
    gradient_median: Floats
    correlation: Floats
    correlation_p: Floats
    pixel_fooled: Floats

    @property
    def fooled(self) -> Floats:
        """Share of images that at most 1, 2, ... pixels fool, averaged over classes: (t, s, pixels)."""
        return nan_mean(np.moveaxis(self.pixel_fooled, 2, 3), -1)

    @property
    def significant(self) -> Floats:
        """Share of classes with p < 0.001, of those whose correlation is defined: (t, s)."""
        p_values = self.correlation_p[:, :, :-1]
        return nan_mean(np.where(np.isnan(p_values), np.nan, p_values < SIGNIFICANT), 2)

    def trained(self, within: float) -> tuple[float, ...]:
        """Return the temperatures whose mean test accuracy is at most ``within`` below the best.

        The paper leaves out temperatures too extreme to train with (Sect. 2) without naming them.
        """
        accuracy = nan_mean(self.curves["test_accuracy"][:, :, -1], 1)
        near = accuracy >= np.nanmax(accuracy, initial=-np.inf) - within  # NaN compares false
        return tuple(np.array(self.layout.temperatures)[near].tolist())


def measurements(sweep: OpenedSweep) -> Measurements:
    """Read what a sweep of temperatures has measured so far.

    Raises:
        OutvotedError: its data are not there.
    """
    experiment, data = sweep.experiment, sweep.data
    assert isinstance(experiment, TemperatureExperiment)
    layout = SweepLayout(
        settings={
            unit.setting.label: float(dict(unit.setting.values)["temperature"]) for unit in sweep.units
        },
        seeds=sweep.seeds,
        epochs=int(sweep.record.config["training"]["epochs"]),
        epsilons=experiment.epsilons,
        classes=data.class_names or tuple(map(str, range(data.classes))),
        pixels=experiment.pixels,
    )
    return arranged(sweep.trials, layout)


def arranged(trials: pd.DataFrame, layout: SweepLayout) -> Measurements:
    """Arrange the rows of a sweep (schema.TRIALS), without those of failed units."""
    classes, epsilons, epochs = len(layout.classes), len(layout.epsilons), layout.epochs
    size = (len(layout.settings), len(layout.seeds))
    curves = {name: np.full((*size, epochs), np.nan) for name in CURVES}
    robustness = np.full((*size, epochs, epsilons), np.nan)
    last = {
        "class_robustness": np.full((*size, epsilons, classes), np.nan),
        "gradient_median": np.full((*size, classes), np.nan),
        "correlation": np.full((*size, classes + 1), np.nan),
        "correlation_p": np.full((*size, classes + 1), np.nan),
        "pixel_fooled": np.full((*size, classes, layout.pixels), np.nan),
    }
    for row in trials[trials["outcome"] != FAILED].to_dict("records"):
        unit = layout.temperatures.index(layout.settings[row["setting"]]), layout.seeds.index(row["seed"])
        epoch = row["epoch"] - 1
        if epoch < 0:  # stopped before anything was measured
            continue
        for name, curve in curves.items():
            curve[*unit, epoch] = _numbers(row[name])
        robustness[*unit, epoch] = _numbers(row["robustness"])
        if row["epoch"] == epochs:
            for name, table in last.items():
                if table[unit].size:
                    table[unit] = _numbers(row[name])
    return Measurements(layout, curves, robustness, **last)


def _numbers(value: Any) -> Floats:
    """Turn a number or nested lists into an array; None becomes NaN."""
    if isinstance(value, list | tuple | np.ndarray):
        return np.array([_numbers(part) for part in value])
    return np.array(value, np.float64)
