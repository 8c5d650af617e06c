"""Accuracy after training on selections, with noise and without, beside the paper's (tables 2 and 3)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter

from outvoted.actors.data.selection import Criteria
from outvoted.analysis.report.drawing import plain, save
from outvoted.analysis.report.numbers import Interval
from outvoted.analysis.sweeps.training_value.results import CRITERIA

COLOURS: dict[Criteria, str] = {
    "lc+ls": "#56B4E9",
    "lc+hs": "#0072B2",
    "hc+ls": "#E69F00",
    "hc+hs": "#D55E00",
}
"""From Okabe & Ito's palette: blues for low confidence, oranges for high; darker for high spuriousness."""
_MARKERS: dict[Criteria, str] = {"lc+ls": "o", "lc+hs": "s", "hc+ls": "^", "hc+hs": "D"}
_APART = 0.007  # fractions by which markers are moved aside, so that none hides another

Accuracy = Callable[[Criteria, float, bool], Interval]
"""Of a selection, with noise or without: mean and 95 % interval."""
Gained = Callable[[Criteria, float], Interval]


@dataclass(frozen=True)
class Source:
    """Looks up accuracies, and what noise adds to them."""

    accuracy: Accuracy
    gained: Gained


def draw_selections(
    ours: Source,
    theirs: Source,
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
    return {"fmt": _MARKERS[criteria], "ms": 4.5, "color": colour, "mfc": face, "mec": colour}


def _legend(figure: Figure) -> None:
    handles = [Line2D([], [], marker=_MARKERS[c], color=COLOURS[c], ms=5, label=c) for c in CRITERIA]
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
