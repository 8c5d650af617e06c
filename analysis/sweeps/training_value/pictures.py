"""The pictures of a noise-class sweep, drawn into its folder ``figures/``."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from outvoted.actors.data.noises import NoiseClass
from outvoted.actors.data.selection import Criteria
from outvoted.analysis.report import step_function
from outvoted.analysis.report.numbers import Interval, interval
from outvoted.analysis.report.step_function import WHERE, StepFunction
from outvoted.analysis.report.step_function_picture import draw_step_function
from outvoted.analysis.sweeps.noise_picture import draw_noises
from outvoted.analysis.sweeps.opened import OpenedSweep
from outvoted.analysis.sweeps.training_value.noise_curves import draw_noise
from outvoted.analysis.sweeps.training_value.paper import NETWORKS, published
from outvoted.analysis.sweeps.training_value.results import WHOLE, Results, difference, series
from outvoted.analysis.sweeps.training_value.selections_picture import Source, draw_selections, interval_of

OnStep = Callable[[str, int, int], object]
"""Hears what was drawn, how many steps are done, and how many there are."""
_FOLDER = "figures"
_STEP = "step-function.png"
_FITS = StepFunction()


class Pictures:
    """Draws what there is something to draw of."""

    def __init__(self, sweep: OpenedSweep, found: Results, on_step: OnStep | None = None) -> None:
        self._sweep, self._results, self._on_step = sweep, found, on_step
        self._folder = sweep.store.path / _FOLDER
        self._done = self._steps = 0

    def draw(self) -> tuple[str, ...]:
        """Draw, and return the paths of the pictures relative to the sweep's folder."""
        experiment = self._results.experiment
        wanted: dict[str, Callable[[Path], None]] = {}
        if experiment.fractions:
            wanted["selections.png"] = self._selections
        if experiment.noises:
            wanted["noise.png"] = self._noise
        if self._noises():
            wanted["noise-samples.png"] = self._samples
        names = [*wanted, _STEP]
        self._steps = len(wanted)
        if not (self._folder / _STEP).is_file():
            wanted[_STEP] = self._step
            self._steps += len(WHERE) * len(_FITS.seeds)
        for name, picture in wanted.items():
            picture(self._folder / name)
        return tuple(f"{_FOLDER}/{name}" for name in names)

    def _noises(self) -> list[NoiseClass]:
        """Return the noises added to all images, then the one beside selections."""
        experiment = self._results.experiment
        beside = [experiment.beside] if experiment.beside and experiment.fractions else []
        return [*experiment.noises, *beside]

    def _selections(self, path: Path) -> None:
        fractions = sorted(self._results.experiment.fractions)
        ours = Source(self._selected, self._gained)
        draw_selections(ours, Source(_published, _published_gain), fractions, self._accuracy(WHOLE), path)
        self._tell("selections")

    def _noise(self, path: Path) -> None:
        lines = series(self._results.noises)
        in_lines = {setting for one in lines for _, setting in one.places}
        others = [setting for setting, _ in self._results.noises if setting not in in_lines]
        draw_noise(lines, others, self._accuracy, WHOLE, path)
        self._tell("noise")

    def _samples(self, path: Path) -> None:
        noises = {noise.noise.label: noise.noise for noise in self._noises()}
        draw_noises(list(noises.values()), self._sweep.data.shape, path)
        self._tell("samples of noise")

    def _step(self, path: Path) -> None:
        parts = []
        for fit in step_function.fits(_FITS):
            parts.append(fit)
            self._tell("the step function")
        draw_step_function(pd.concat(parts), path)

    def _accuracy(self, setting: str | None) -> Interval:
        return interval(self._results.by_seed(setting, "test_accuracy"))

    def _selected(self, criteria: Criteria, fraction: float, noise: bool) -> Interval:
        return self._accuracy(self._results.selected(criteria, fraction, noise))

    def _gained(self, criteria: Criteria, fraction: float) -> Interval:
        found = self._results
        settings = (found.selected(criteria, fraction, noise) for noise in (True, False))
        return interval(difference(*(found.by_seed(setting, "test_accuracy") for setting in settings)))

    def _tell(self, what: str) -> None:
        self._done += 1
        if self._on_step is not None:
            self._on_step(what, self._done, self._steps)


def _published(criteria: Criteria, fraction: float, noise: bool) -> Interval:
    row = published(criteria, fraction, noise)
    return (None, None, None) if row is None else interval_of(row.test_accuracy, row.accuracy_std, NETWORKS)


def _published_gain(criteria: Criteria, fraction: float) -> Interval:
    """Return the difference of the paper's means; its networks are taken to be independent."""
    added, without = (published(criteria, fraction, noise) for noise in (True, False))
    if added is None or without is None:
        return None, None, None
    std = (added.accuracy_std**2 + without.accuracy_std**2) ** 0.5
    return interval_of(added.test_accuracy - without.test_accuracy, std, NETWORKS)
