"""What a temperature sweep measured, as arrays: by temperature, then by seed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from outvoted.actors.sweeps.sweep_store import FAILED
from outvoted.analysis.sweeps.opened import OpenedSweep
from outvoted.analysis.sweeps.robustness.gradients import network_robustness
from outvoted.analysis.sweeps.temperature.experiment import TemperatureExperiment
from outvoted.search.arrays import Floats
from outvoted.search.errors import OutvotedError


def mean(values: Floats, axis: int) -> Floats:
    """Return the mean over an axis of the values that are not NaN; NaN, silently, where all are."""
    there = ~np.isnan(values)
    number = there.sum(axis).astype(np.float64)
    return np.asarray(np.where(there, values, 0).sum(axis) / np.where(number == 0, np.nan, number))


def temperature_name(temperature: float) -> str:
    """Write a temperature as the paper does: 1/64 for 0.015625, 16 for 16, 0.3 for 0.3."""
    inverse = 1 / temperature
    return f"1/{inverse:g}" if inverse > 1 and inverse == round(inverse) else f"{temperature:g}"


CURVES = ("test_accuracy", "loss", "linear", "nonlinear", "saturated")


@dataclass(frozen=True)
class Layout:
    """What there is to measure.

    Attributes:
        settings: temperatures by the label of their setting.
        seeds: s of them.
        epochs: e of them, counted from 1.
        epsilons: p of them; the first is the headline.
        classes: the names of c classes.
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
        """t of them, rising."""
        return tuple(sorted(self.settings.values()))


@dataclass(frozen=True)
class Measurements:
    """Figures of networks; NaN where there is none: the unit is missing, failed, was stopped or diverged.

    Attributes:
        layout: says what t, s, e, p and c are.
        curves: CURVES, each (t, s, e).
        robustness: (t, s, e, p), against FGSM, 0-1.
        class_robustness: (t, s, p, c), of the last epoch, as all that follow.
        gradient_median: (t, s, c), of G(x).
        correlation: (t, s, c + 1), of G(x) with the right class's confidence; the last is over all images.
        correlation_p: (t, s, c + 1).
        pixel_fooled: (t, s, c, pixels), share of images that at most so many pixels fool.
    """

    layout: Layout
    curves: Mapping[str, Floats]
    robustness: Floats
    class_robustness: Floats
    gradient_median: Floats
    correlation: Floats
    correlation_p: Floats
    pixel_fooled: Floats

    @property
    def fooled(self) -> Floats:
        """Share of images that at most 1, 2, ... pixels fool, mean over classes: (t, s, pixels)."""
        return network_robustness(np.moveaxis(self.pixel_fooled, 2, 3))

    def trained(self, within: float) -> tuple[float, ...]:
        """Return the temperatures whose mean test accuracy lies at most ``within`` below the best one's.

        The paper leaves out temperatures too extreme to train with (Sect. 2); this says which.
        """
        accuracy = mean(self.curves["test_accuracy"][:, :, -1], 1)
        near = accuracy >= np.nanmax(accuracy, initial=-np.inf) - within  # NaN is near nothing
        return tuple(np.array(self.layout.temperatures)[near].tolist())


def measurements(sweep: OpenedSweep) -> Measurements:
    """Read what a sweep measured so far.

    Raises:
        OutvotedError: it is no sweep of temperatures, or its data are not there.
    """
    experiment = sweep.experiment
    if not isinstance(experiment, TemperatureExperiment):
        raise OutvotedError(
            expected="a sweep of temperatures",
            found=f"one of {sweep.record.config['experiment']['kind']}",
            remedy="choose another run: `outvoted runs` lists them",
        )
    data = sweep.data
    layout = Layout(
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


def arranged(trials: pd.DataFrame, layout: Layout) -> Measurements:
    """Arrange the rows of a sweep (schema.TRIALS); those of units that failed are left out."""
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
    """Turn a cell, a number or nested lists, into an array; None becomes NaN."""
    if isinstance(value, list | tuple | np.ndarray):
        return np.array([_numbers(part) for part in value])
    return np.array(value, np.float64)
