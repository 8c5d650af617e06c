"""What the networks of a noise-class sweep have come to, setting by setting, and the paper's tables."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd

from outvoted.actors.data.noises import Gaussian, NoiseClass, Uniform
from outvoted.actors.data.selection import Criteria, Selection
from outvoted.actors.sweeps.sweep_store import FINISHED
from outvoted.analysis.sweeps.noise_class.experiment import METRICS, NoiseClassExperiment
from outvoted.analysis.sweeps.opened import OpenedSweep
from outvoted.search.settings import plain

CRITERIA: tuple[Criteria, ...] = ("lc+ls", "lc+hs", "hc+ls", "hc+hs")
"""In the order of tables 2 and 3."""

BySeed = pd.Series
"""One figure of each network, indexed by seed."""


class PaperCell(NamedTuple):
    """A figure in tables 2 and 3: of the networks trained on a selection, with noise beside it or without."""

    criteria: Criteria
    fraction: float
    noise: bool = False
    metric: str = "test_accuracy"


@dataclass(frozen=True)
class Results:
    """What the networks trained to the last epoch have come to.

    Attributes:
        experiment: the settings.
        frame: METRICS after the last epoch, indexed by (setting, seed).
    """

    experiment: NoiseClassExperiment
    frame: pd.DataFrame

    @classmethod
    def of(cls, experiment: NoiseClassExperiment, trials: pd.DataFrame) -> "Results":
        """Take the last epoch of the finished units from rows of the `trials` table."""
        there = trials[trials["outcome"] == FINISHED]
        last = there.sort_values("epoch", kind="stable").drop_duplicates(["setting", "seed"], keep="last")
        frame = last.set_index(["setting", "seed"])[list(METRICS)].astype(np.float64).sort_index()
        return cls(experiment, frame)

    def by_seed(self, setting: str | None, metric: str = "test_accuracy") -> "BySeed[Any]":
        """Return a figure of a setting's networks; empty if there are none."""
        if setting is None or setting not in self.frame.index.get_level_values("setting"):
            return _nothing()
        return pd.Series(self.frame.loc[setting][metric]).dropna()

    def cell(self, cell: PaperCell) -> "BySeed[Any]":
        """Return a figure of the networks trained on a selection; empty if there are none."""
        return self.by_seed(self.selected(cell.criteria, cell.fraction, cell.noise), cell.metric)

    def selected(self, criteria: Criteria, fraction: float, noise: bool) -> str | None:
        """Return the setting that trains on a selection, with noise beside it or without."""
        wanted = Selection(criteria=criteria, fraction=fraction).label
        for setting in self.experiment.stages()[1]:
            values = dict(setting.values)
            if values["selection"] == wanted and (values["noise"] != "none") == noise:
                return setting.label
        return None

    @property
    def noises(self) -> tuple[tuple[str, NoiseClass], ...]:
        """The settings that train on all images with a class of noise, each with its noise."""
        whole, _ = self.experiment.stages()
        labels = (setting.label for setting in whole[1:])
        return tuple(zip(labels, self.experiment.noises, strict=True))


def results(sweep: OpenedSweep) -> Results:
    """Read the results of a noise-class sweep."""
    assert isinstance(sweep.experiment, NoiseClassExperiment)
    return Results.of(sweep.experiment, sweep.trials)


def difference(first: "BySeed[Any]", second: "BySeed[Any]") -> "BySeed[Any]":
    """Subtract seed by seed, for the seeds that both have."""
    return pd.Series(first - second, dtype=np.float64).dropna()


def mean(parts: Sequence["BySeed[Any]"]) -> "BySeed[Any]":
    """Average the parts that are not empty seed by seed, for the seeds that all of these have."""
    there = [part for part in parts if len(part)]
    if not there:
        return _nothing()
    return pd.Series(reduce(lambda one, other: one + other, there) / len(there)).dropna()


def _nothing() -> "BySeed[Any]":
    return pd.Series(dtype=np.float64, index=pd.Index([], dtype=np.int64, name="seed"))


Parameter = Literal["deviation", "mean", "number", "scale"]
PARAMETERS: tuple[Parameter, ...] = ("deviation", "mean", "number", "scale")
_UNFILTERED = 1.0

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Series:
    """Two or more noises that differ in one parameter, in ascending order of it.

    Attributes:
        parameter: what they differ in; scale is the side of the filter's window in pixels, 1 without a
            filter.
        label: what they have in common.
        places: each value with its setting.
    """

    parameter: Parameter
    label: str
    places: tuple[tuple[float, str], ...]


def series(noises: Sequence[tuple[str, NoiseClass]]) -> tuple[Series, ...]:
    """Find all series among settings and their noises; solid colours and mixtures are in none."""
    scaled = [(label, values) for label, noise in noises if (values := _values(noise)) is not None]
    found: list[Series] = []
    for parameter in PARAMETERS[:3]:
        there = [(label, values) for label, values in scaled if parameter in values]
        found += _alike(there, parameter, {parameter})
    for kind in ("median", "mean"):
        there = [(label, values) for label, values in scaled if values["filter"] in ("none", kind)]
        found += _alike(there, "scale", {"scale", "filter"}, f", {kind} filter")
    return tuple(found)


def _values(noise: NoiseClass) -> Values | None:
    """Return all that distinguishes noise of independent pixels, filtered or not; None for other noise."""
    one = noise.noise
    if not isinstance(one, Gaussian | Uniform):
        return None
    shared = {"number": noise.number, "scale": one.size or _UNFILTERED, "seed": noise.seed}
    return {**one.model_dump(exclude={"size"}), **shared}


def _alike(
    noises: Sequence[tuple[str, Values]], parameter: Parameter, varied: set[str], more: str = ""
) -> Iterator[Series]:
    """Group noises that are alike in everything but what is ``varied``."""
    groups: dict[tuple[tuple[str, Any], ...], list[tuple[float, str, Values]]] = defaultdict(list)
    for label, values in noises:
        key = tuple((name, one) for name, one in values.items() if name not in varied)
        groups[key].append((float(values[parameter]), label, values))
    for group in groups.values():
        if len(group) > 1:
            what = {"gaussian": "Gaussian"}.get(group[0][2]["kind"], "uniform") + more
            label = ", ".join([what, *_fixed(group[0][2], parameter)])
            yield Series(parameter, label, tuple(sorted((value, setting) for value, setting, _ in group)))


def _fixed(values: Values, varied: Parameter) -> Iterator[str]:
    for name in ("mean", "deviation"):
        if name in values and name != varied:
            yield f"{name} {plain(float(values[name]))}"
    if "low" in values and (values["low"], values["high"]) != (0, 255):
        yield f"{values['low']:g} to {values['high']:g}"
    if varied != "number":
        yield f"{values['number']:g}×"
    if varied != "scale" and values["filter"] != "none":
        yield f"{values['filter']} filter {values['scale']:g}"


NETWORKS = 50
"""Of each row of the paper's tables."""


@dataclass(frozen=True)
class Published:
    """A row of table 2 or 3: A, σ_A, P_c, P_s and P_g as shares from 0 to 1, N per 10,000 images.

    The paper does not say whether σ_A is the sample or the population deviation; for 50 networks they differ
    by 1 %.
    """

    test_accuracy: float
    accuracy_std: float
    correct_confidence: float
    wrong_confidence: float
    wrong_truth: float
    noise: float | None = None


_TABLE_2 = """
0.25 lc+ls 27.12 2.40 26.56 22.91 14.65
0.25 lc+hs 19.26 0.92 24.68 22.86 13.67
0.25 hc+ls 53.61 1.23 79.67 58.00 12.73
0.25 hc+hs 51.49 1.29 66.57 44.77 14.57
0.50 lc+ls 52.16 1.58 45.73 36.39 18.61
0.50 lc+hs 41.07 1.18 35.11 30.86 17.99
0.50 hc+ls 65.78 0.58 88.08 70.23 11.41
0.50 hc+hs 60.48 0.67 75.62 50.50 15.92
0.75 lc+ls 68.76 1.16 74.25 52.34 18.36
0.75 lc+hs 60.55 1.31 58.33 43.00 20.33
0.75 hc+ls 70.81 0.31 92.67 76.09 10.28
0.75 hc+hs 70.85 0.47 80.45 55.76 16.24
0.80 lc+ls 70.89 0.92 77.04 54.94 17.79
0.80 lc+hs 64.12 1.08 60.99 46.06 20.09
0.80 hc+ls 71.43 0.36 92.65 76.73 10.16
0.80 hc+hs 71.75 0.54 82.45 56.57 16.32
"""
"""Without noise."""

_TABLE_3 = """
0.25 lc+ls 30.82 2.11 28.31 24.14 15.43 2.1
0.25 lc+hs 21.32 0.91 25.27 23.40 14.30 1.08
0.25 hc+ls 55.27 0.86 79.24 58.60 12.86 5.36
0.25 hc+hs 53.26 1.06 67.22 44.81 14.87 2.78
0.50 lc+ls 53.11 1.36 46.70 37.26 19.23 0.9
0.50 lc+hs 40.82 1.10 35.05 31.23 18.55 0.68
0.50 hc+ls 66.37 0.53 88.56 70.03 11.61 1.12
0.50 hc+hs 65.13 0.65 76.10 50.47 16.16 0.72
0.75 lc+ls 70.03 0.81 73.88 53.26 18.42 0.14
0.75 lc+hs 61.95 1.38 54.95 43.80 20.69 0.50
0.75 hc+ls 71.05 0.54 92.43 75.64 10.54 0.22
0.75 hc+hs 71.42 0.55 80.94 55.75 16.48 0.34
"""
"""With 5× uniformly distributed noise."""


def _read(table: str, noise: bool) -> dict[tuple[str, float, bool], Published]:
    found = {}
    for line in table.split("\n")[1:-1]:
        fraction, criteria, *cells = line.split()
        shares, rest = [float(cell) / 100 for cell in cells[:5]], [float(cell) for cell in cells[5:]]
        found[criteria, float(fraction), noise] = Published(*shares, *rest)
    return found


_ROWS = _read(_TABLE_2, False) | _read(_TABLE_3, True)


def published(criteria: Criteria, fraction: float, noise: bool) -> Published | None:
    """Return the row of table 2, or with ``noise`` of table 3; None if the paper has none."""
    return _ROWS.get((criteria, fraction, noise))


def published_cell(cell: PaperCell) -> "BySeed[Any]":
    """Return a figure of the paper's tables, its mean over networks standing for one network."""
    row = published(*cell[:3])
    value = None if row is None else getattr(row, cell.metric)
    return pd.Series([] if value is None else [value], dtype=float)
