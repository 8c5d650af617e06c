"""The pictures of a noise-class sweep: tables 2 and 3, figs. 5 and 9 to 12 of Fan & Yezzi, and the noises."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullLocator, PercentFormatter

from outvoted.actors.data.noises import Noise, NoiseClass, Shape
from outvoted.actors.data.selection import Criteria
from outvoted.analysis.report.drawing import PEERS, TARGET, plain, save, show
from outvoted.analysis.report.numbers import Interval, interval
from outvoted.analysis.sweeps.noise_class.experiment import WHOLE
from outvoted.analysis.sweeps.noise_class.results import (
    CRITERIA,
    NETWORKS,
    PARAMETERS,
    Parameter,
    Results,
    Series,
    difference,
    published,
    series,
)
from outvoted.analysis.sweeps.noise_class.step_function import (
    FITS,
    STEP,
    TRAINED,
    WHERE,
    Where,
)
from outvoted.analysis.sweeps.opened import OpenedSweep

COLOURS: dict[Criteria, str] = {
    "lc+ls": "#56B4E9",
    "lc+hs": "#0072B2",
    "hc+ls": "#E69F00",
    "hc+hs": "#D55E00",
}
"""From Okabe & Ito's palette: blues for low confidence, oranges for high; darker for high spuriousness."""
_CRITERIA_MARKERS: dict[Criteria, str] = {"lc+ls": "o", "lc+hs": "s", "hc+ls": "^", "hc+hs": "D"}
_APART = 0.007  # fractions by which markers are moved aside, so that none hides another

Accuracy = Callable[[Criteria, float, bool], Interval]
"""Of a selection, with noise or without: mean and 95 % interval."""
Gained = Callable[[Criteria, float], Interval]


@dataclass(frozen=True)
class AccuracySource:
    """Looks up accuracies, and what noise adds to them."""

    accuracy: Accuracy
    gained: Gained


def draw_selections(
    ours: AccuracySource,
    theirs: AccuracySource,
    fractions: Sequence[float],
    baseline: Interval,
    path: Path,
) -> None:
    """Draw this sweep on the left and the paper on the right: accuracy above, below what noise adds to it."""
    figure = Figure(figsize=(9.6, 6.6), layout="constrained")
    axes = figure.subplots(2, 2, sharex=True, sharey="row", height_ratios=[1.5, 1], squeeze=False)
    titles = ("this sweep", "Fan & Yezzi, tables 2 and 3 (CIFAR-10)")
    for column, (source, title) in enumerate(zip((ours, theirs), titles, strict=True)):
        above, below = axes[:, column]
        above.set_title(title, fontsize=10)
        _accuracies(above, source.accuracy, fractions)
        _gains(below, source.gained, fractions)
        below.set_xlabel("fraction of the right and of the wrong training images", fontsize=9)
        below.set_xticks(list(fractions), [f"{fraction:g}" for fraction in fractions])
    if baseline[0] is not None:
        axes[0, 0].axhline(baseline[0], color="black", linewidth=1, linestyle=":")
    axes[0, 0].set_ylabel("test accuracy", fontsize=9)
    axes[1, 0].set_ylabel("points added by noise", fontsize=9)
    _legend(figure)
    save(figure, path)


def interval_of(mean: float, std: float, networks: int) -> Interval:
    """Return a mean and the 95 % interval that follows from a standard deviation over many networks."""
    half = 1.96 * std / np.sqrt(networks)
    return mean, float(mean - half), float(mean + half)


def bar(axes: Axes, x: float, found: Interval, **style: object) -> None:
    """Draw a mean with its interval, if there is one."""
    mean, low, high = found
    if mean is None:
        return
    reach = None if low is None or high is None else [[mean - low], [high - mean]]
    axes.errorbar([x], [mean], yerr=reach, elinewidth=1, capsize=0, **style)  # type: ignore[arg-type]


def _accuracies(axes: Axes, accuracy: Accuracy, fractions: Sequence[float]) -> None:
    for place, criteria in enumerate(CRITERIA):
        for noise in (False, True):
            x = [fraction + (place - 1.5) * _APART for fraction in fractions]
            found = [accuracy(criteria, fraction, noise) for fraction in fractions]
            style = _style(criteria, filled=not noise)
            means = [np.nan if one[0] is None else one[0] for one in found]
            axes.plot(x, means, color=COLOURS[criteria], linewidth=1.1, linestyle="--" if noise else "-")
            for where, one in zip(x, found, strict=True):
                bar(axes, where, one, **style)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    plain(axes)


def _gains(axes: Axes, gained: Gained, fractions: Sequence[float]) -> None:
    axes.axhline(0, color="black", linewidth=0.8)
    for place, criteria in enumerate(CRITERIA):
        for fraction in fractions:
            mean, low, high = gained(criteria, fraction)
            points = tuple(None if one is None else 100 * one for one in (mean, low, high))
            bar(axes, fraction + (place - 1.5) * _APART, points, **_style(criteria, filled=False))  # type: ignore[arg-type]
    plain(axes)


def _style(criteria: Criteria, filled: bool) -> dict[str, object]:
    colour = COLOURS[criteria]
    face = colour if filled else "white"
    return {"fmt": _CRITERIA_MARKERS[criteria], "ms": 4.5, "color": colour, "mfc": face, "mec": colour}


def _legend(figure: Figure) -> None:
    handles = [Line2D([], [], marker=_CRITERIA_MARKERS[c], color=COLOURS[c], ms=5, label=c) for c in CRITERIA]
    grey = "#555555"
    handles += [
        Line2D([], [], marker="o", color=grey, ms=5, label="without noise"),
        Line2D([], [], marker="o", color=grey, mfc="white", linestyle="--", ms=5, label="with noise"),
        Line2D([], [], color="black", linestyle=":", label="all images, no noise"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=7, frameon=False, fontsize=8.5)
    figure.suptitle(
        "hc, lc: high, low confidence of right images; hs, ls: high, low spuriousness of wrong; bars: 95 %",
        fontsize=9,
    )


_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_MARKERS = "osD^vP"
_TITLES: dict[Parameter, str] = {
    "deviation": "deviation, grey levels (Fig. 9)",
    "mean": "mean, grey levels (Fig. 10)",
    "number": "noise images, × images of a class (Fig. 11)",
    "scale": "scale: side of the filter's window, pixels (Fig. 12)",
}
_MOST_COLUMNS = 3

AccuracyOf = Callable[[str], Interval]
"""Of a setting: mean and 95 % interval."""


def draw_noise(
    all_series: Sequence[Series], others: Sequence[str], accuracy: AccuracyOf, baseline: str, path: Path
) -> None:
    """Draw a panel for each parameter that is varied, and one for the settings in no series.

    Args:
        all_series: the noises that differ in one parameter only.
        others: settings besides, each named on the x-axis.
        accuracy: looks a setting up.
        baseline: the setting without noise, a line with its interval in every panel.
    """
    varied = [name for name in PARAMETERS if any(one.parameter == name for one in all_series)]
    panels = len(varied) + bool(others)
    columns = panels if panels <= _MOST_COLUMNS else min(-(-panels // 2), _MOST_COLUMNS)
    lines = -(-panels // columns)
    figure = Figure(figsize=(4.3 * columns, 3.6 * lines + 0.3), layout="constrained")
    axes = figure.subplots(lines, columns, sharey=True, squeeze=False)
    for place in axes.ravel()[panels:]:
        place.set_axis_off()
    for place, name in zip(axes.ravel(), varied, strict=False):
        _baseline(place, accuracy(baseline))
        _curves(place, [one for one in all_series if one.parameter == name], accuracy)
        place.set_xlabel(_TITLES[name], fontsize=9)
    if others:
        place = axes.ravel()[len(varied)]
        _baseline(place, accuracy(baseline))
        _points(place, others, accuracy)
    for place in axes.ravel()[:panels]:
        place.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=1))
        plain(place)
    for place in axes[:, 0]:
        place.set_ylabel("test accuracy", fontsize=9)
    figure.suptitle(
        "trained on all images and a class of noise; line and band: without noise; bars: 95 % over seeds",
        fontsize=9,
    )
    save(figure, path)


def _baseline(axes: Axes, found: Interval) -> None:
    mean, low, high = found
    if mean is None:
        return
    axes.axhline(mean, color="black", linewidth=1, linestyle=":")
    if low is not None and high is not None:
        axes.axhspan(low, high, color="#DDDDDD", alpha=0.6, linewidth=0)


def _curves(axes: Axes, lines: Sequence[Series], accuracy: AccuracyOf) -> None:
    logarithmic = lines[0].parameter == "number"
    values = sorted({value for one in lines for value, _ in one.places})
    width = np.log10(values[-1] / values[0]) if logarithmic else values[-1] - values[0]
    for index, one in enumerate(lines):
        shift = (index - (len(lines) - 1) / 2) * 0.015 * width
        x = [value * 10**shift if logarithmic else value + shift for value, _ in one.places]
        found = [accuracy(setting) for _, setting in one.places]
        colour, marker = _COLOURS[index % len(_COLOURS)], _MARKERS[index % len(_MARKERS)]
        means = [np.nan if mean is None else mean for mean, _, _ in found]
        axes.plot(x, means, color=colour, linewidth=1.2, marker=marker, ms=4, label=one.label)
        for where, each in zip(x, found, strict=True):
            bar(axes, where, each, fmt="none", ecolor=colour)
    if logarithmic:
        axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator(values))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks(values, [f"{value:g}" for value in values])
    axes.legend(fontsize=7.5, frameon=False, loc="lower left", bbox_to_anchor=(0, 1), borderpad=0)


def _points(axes: Axes, settings: Sequence[str], accuracy: AccuracyOf) -> None:
    for place, setting in enumerate(settings):
        bar(axes, place, accuracy(setting), fmt="o", ms=4.5, color="#0072B2")
    names = [setting.removeprefix("all+") for setting in settings]
    turned = 20 if len(settings) > 3 else 0
    axes.set_xticks(
        range(len(settings)), names, rotation=turned, ha="right" if turned else "center", fontsize=7
    )
    axes.set_xlim(-0.5, len(settings) - 0.5)
    axes.set_xlabel("other noise", fontsize=9)


_COLUMNS = 5
_INCHES = 1.35


def draw_noises(noises: Sequence[Noise], shape: Shape, path: Path, seed: int = 0) -> None:
    """Draw the first image of each noise, of ``shape`` (channels, height, width), under its label.

    Raises:
        OutvotedError: a noise does not fit images of this shape.
    """
    lines = -(-len(noises) // _COLUMNS)
    figure = Figure(figsize=(_INCHES * _COLUMNS, (_INCHES + 0.2) * lines), layout="constrained")
    axes = figure.subplots(lines, _COLUMNS, squeeze=False).ravel()
    for place, noise in zip(axes, noises, strict=False):
        show(place, noise.draw(1, shape, np.random.default_rng(seed))[0])
        place.set_title(noise.label, fontsize=6.5)
    for place in axes[len(noises) :]:
        place.set_axis_off()
    save(figure, path)


_STEP_COLOURS: dict[Where, str] = {"middle": TARGET, "ends": PEERS}
_STEP_TITLES: dict[Where, str] = {
    "middle": "trained on samples near the step",
    "ends": "trained on samples at both ends",
}


def draw_step_function(fits: pd.DataFrame, path: Path) -> None:
    """Draw a panel for each training set: a line for each fit, dashed the step, grey what it was trained on.

    What leaves the panels' height is cut off.
    """
    figure = Figure(figsize=(8.4, 3.4), layout="constrained")
    for axes, where in zip(figure.subplots(1, 2, sharey=True), WHERE, strict=True):
        for low, high in TRAINED[where]:
            axes.axvspan(low, high, color="#DDDDDD", linewidth=0)
        for _, fit in fits[fits["where"] == where].groupby("seed"):
            axes.plot(fit["x"], fit["fit"], color=_STEP_COLOURS[where], linewidth=1.3)
        places = np.array([0, STEP, STEP, 1])
        axes.plot(places, [0, 0, 1, 1], color="black", linewidth=1, linestyle="--")
        axes.set(xlim=(0, 1), ylim=(-0.75, 1.75), xlabel="x")
        axes.set_title(_STEP_TITLES[where], fontsize=10)
        axes.spines[["top", "right"]].set_visible(False)
    figure.axes[0].set_ylabel("fit")
    figure.supxlabel(
        "a line for each seed; dashed: the step; grey: where the training samples lie", fontsize=9
    )
    save(figure, path)


_FOLDER = "figures"


class Pictures:
    """Draws what there is something to draw of."""

    def __init__(self, sweep: OpenedSweep, found: Results) -> None:
        self._sweep, self._results = sweep, found

    def draw(self) -> tuple[str, ...]:
        """Draw, and return the paths of the pictures relative to the sweep's folder."""
        experiment, path = self._results.experiment, self._sweep.store.path
        fits = self._sweep.store.folder.extra(FITS.name, FITS)
        wanted: dict[str, Callable[[Path], None]] = {}
        if experiment.fractions:
            wanted["selections.png"] = self._selections
        if experiment.noises:
            wanted["noise.png"] = self._noise
        if self._noises():
            wanted["noise-samples.png"] = self._samples
        if fits is not None:
            wanted["step-function.png"] = partial(draw_step_function, fits.to_pandas())
        for name, picture in wanted.items():
            picture(path / _FOLDER / name)
        return tuple(f"{_FOLDER}/{name}" for name in wanted)

    def _noises(self) -> list[NoiseClass]:
        """Return the noises added to all images, then the one beside selections."""
        experiment = self._results.experiment
        beside = [experiment.beside] if experiment.beside and experiment.fractions else []
        return [*experiment.noises, *beside]

    def _selections(self, path: Path) -> None:
        fractions = sorted(self._results.experiment.fractions)
        ours = AccuracySource(self._selected, self._gained)
        draw_selections(
            ours, AccuracySource(_published, _published_gain), fractions, self._accuracy(WHOLE), path
        )

    def _noise(self, path: Path) -> None:
        lines = series(self._results.noises)
        in_lines = {setting for one in lines for _, setting in one.places}
        others = [setting for setting, _ in self._results.noises if setting not in in_lines]
        draw_noise(lines, others, self._accuracy, WHOLE, path)

    def _samples(self, path: Path) -> None:
        noises = {noise.noise.label: noise.noise for noise in self._noises()}
        draw_noises(list(noises.values()), self._sweep.data.shape, path)

    def _accuracy(self, setting: str | None) -> Interval:
        return interval(self._results.by_seed(setting, "test_accuracy"))

    def _selected(self, criteria: Criteria, fraction: float, noise: bool) -> Interval:
        return self._accuracy(self._results.selected(criteria, fraction, noise))

    def _gained(self, criteria: Criteria, fraction: float) -> Interval:
        found = self._results
        settings = (found.selected(criteria, fraction, noise) for noise in (True, False))
        return interval(difference(*(found.by_seed(setting, "test_accuracy") for setting in settings)))


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
