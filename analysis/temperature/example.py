"""The network whose answers about single images are shown: of the temperature closest to 1."""

import math
from dataclasses import dataclass

import pandas as pd

from outvoted.analysis.sweeps import Unit
from outvoted.analysis.sweeps.opened import OpenedSweep
from outvoted.analysis.temperature.drawing import shortened
from outvoted.analysis.temperature.labels import temperature_name
from outvoted.search.arrays import Pixels


@dataclass(frozen=True)
class Example:
    """A trained network, and what it answered about the test images.

    Attributes:
        votes: its rows (schema.votes) about test images.
    """

    unit: Unit
    votes: pd.DataFrame

    @property
    def name(self) -> str:
        """Say its temperature and seed."""
        return f"T = {temperature_name(_temperature(self.unit))}, seed {self.unit.seed}"


def example(sweep: OpenedSweep) -> Example | None:
    """Choose the first seed's finished network of the temperature closest to 1, as in Figs. 7 and 10.

    Closest is by ratio, and of two equally close the lower. None where no network is finished.
    """
    if not sweep.finished:
        return None
    unit = min(sweep.finished, key=lambda one: (abs(math.log(_temperature(one))), _temperature(one)))
    votes: pd.DataFrame = sweep.votes(unit).to_pandas()
    return Example(unit, votes[votes["split"] == "test"])


def _temperature(unit: Unit) -> float:
    return float(dict(unit.setting.values)["temperature"])


def images_of(sweep: OpenedSweep, rows: pd.DataFrame) -> Pixels:
    """Return the test images of rows of votes, (n, channels, height, width)."""
    images: Pixels = sweep.data.test.images[rows["image_id"].to_numpy()]
    return images


def class_name(sweep: OpenedSweep, label: int) -> str:
    """Return a class's name, shortened, or its number where classes have no names."""
    names = sweep.data.class_names
    return str(label) if names is None else shortened(names[label])
