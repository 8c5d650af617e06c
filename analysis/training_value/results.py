"""The figures of a sweep's trained networks, setting by setting."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import pandas as pd

from outvoted.actors.noise_class import NoiseClass
from outvoted.actors.selection import Criteria, Selection
from outvoted.actors.sweep_store import FINISHED
from outvoted.analysis.sweeps.noise_class import WHOLE, NoiseClassExperiment
from outvoted.analysis.sweeps.opened import OpenedSweep
from outvoted.search.errors import OutvotedError

METRICS = ("test_accuracy", "right_confidence", "wrong_confidence", "wrong_truth", "noise")
"""A, P_c, P_s, P_g and N of tables 1 and 3."""

CRITERIA: tuple[Criteria, ...] = ("lc+ls", "lc+hs", "hc+ls", "hc+hs")
"""In the order of tables 2 and 3."""

BySeed = pd.Series
"""One figure of each network, its seed as index."""


@dataclass(frozen=True)
class Results:
    """What the networks that were trained to their end have come to.

    Attributes:
        experiment: the settings.
        frame: METRICS after the last epoch; index (setting, seed).
    """

    experiment: NoiseClassExperiment
    frame: pd.DataFrame

    @classmethod
    def of(cls, experiment: NoiseClassExperiment, trials: pd.DataFrame) -> "Results":
        """Take the last epoch of the finished units among rows of the `trials` table."""
        there = trials[trials["outcome"] == FINISHED]
        last = there.sort_values("epoch", kind="stable").drop_duplicates(["setting", "seed"], keep="last")
        frame = last.set_index(["setting", "seed"])[list(METRICS)].astype(np.float64).sort_index()
        return cls(experiment, frame)

    def by_seed(self, setting: str | None, metric: str) -> "BySeed[Any]":
        """Return a figure of a setting's networks; empty where there are none."""
        if setting is None or setting not in self.frame.index.get_level_values("setting"):
            return _nothing()
        return pd.Series(self.frame.loc[setting][metric]).dropna()

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
        return tuple(
            (setting.label, noise)
            for setting, noise in zip(self.experiment.stages()[0][1:], self.experiment.noises, strict=True)
        )


def results(sweep: OpenedSweep) -> Results:
    """Read a sweep's results.

    Raises:
        OutvotedError: it is a sweep of another experiment.
    """
    if not isinstance(sweep.experiment, NoiseClassExperiment):
        raise OutvotedError(
            expected="a sweep of the experiment 'noise-class'",
            found=f"one of '{sweep.record.config['experiment'].get('kind')}'",
            remedy="choose another run: `outvoted runs` lists them",
        )
    return Results.of(sweep.experiment, sweep.trials)


def difference(first: "BySeed[Any]", second: "BySeed[Any]") -> "BySeed[Any]":
    """Subtract seed by seed, for the seeds that both have."""
    return pd.Series(first - second, dtype=np.float64).dropna()


def mean(parts: Sequence["BySeed[Any]"]) -> "BySeed[Any]":
    """Average seed by seed over the parts that are not empty, for the seeds that these all have."""
    there = [part for part in parts if len(part)]
    if not there:
        return _nothing()
    return pd.Series(reduce(lambda one, other: one + other, there) / len(there)).dropna()


def _nothing() -> "BySeed[Any]":
    return pd.Series(dtype=np.float64, index=pd.Index([], dtype=np.int64, name="seed"))


__all__ = ["CRITERIA", "METRICS", "WHOLE", "BySeed", "Results", "difference", "mean", "results"]
