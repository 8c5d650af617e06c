"""The trials that pictures show, and how each sort of them is marked."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from matplotlib.axes import Axes

from outvoted.actors.sweeps.tuned_store import FAILED, STOPPED, TrialRow
from outvoted.analysis.report.drawing import COLOURS, OTHERS, TARGET, plot_text
from outvoted.analysis.tuning.aims import Aim
from outvoted.analysis.tuning.key_axes import KeyAxis
from outvoted.analysis.tuning.opened import OpenedTuning
from outvoted.search.arrays import Floats, Ints
from outvoted.search.shown import visible

MOST = 2000
"""Trials in a picture; of more, those on the front and an even sample of the others."""
_BARS = 150  # trials up to which each has its interval drawn
_MARGIN = 0.08  # of an axis, beyond what is drawn


@dataclass(frozen=True)
class Mark:
    """How trials of a sort are drawn: Matplotlib's and Plotly's names of a marker, filled or not."""

    label: str
    colour: str
    marker: str
    symbol: str
    filled: bool = True
    size: float = 5

    def draw(self, axes: Axes, x: Floats, y: Floats, reach: Floats | None = None) -> None:
        """Draw points, shape (n,) each, and their intervals, shape (2, n): how far below and above."""
        if reach is not None:
            axes.errorbar(x, y, reach, fmt="none", ecolor=self.colour, elinewidth=0.8, alpha=0.5, zorder=1)
        axes.plot(
            *(x, y, self.marker),
            color=self.colour,
            mfc=self.colour if self.filled else "none",
            ms=self.size,
            label=self.label,
            zorder=3 if self.colour == TARGET else 2,
        )


FRONT = Mark("on the Pareto front", TARGET, "D", "diamond", size=6)
BEST = Mark("best", TARGET, "D", "diamond", size=6)
BEATEN = Mark("dominated", COLOURS[0], "o", "circle")
WORSE = Mark("finished", COLOURS[0], "o", "circle")
BREAKS = Mark("violates a constraint", OTHERS, "o", "circle-open", filled=False)
ENDED = Mark("stopped early", OTHERS, "v", "triangle-down")
LOST = Mark("failed", COLOURS[7], "x", "x-thin-open")


@dataclass(frozen=True)
class ShownTrials:
    """What pictures are made of: some or all trials of a sweep, by number.

    Attributes:
        places: of the trials among all of them.
    """

    sweep: OpenedTuning
    places: Ints

    @staticmethod
    def of(sweep: OpenedTuning) -> "ShownTrials":
        """Take a sweep's trials, or of more than `MOST` the front and an even sample."""
        count = len(sweep.trials)
        if count <= MOST:
            return ShownTrials(sweep, np.arange(count))
        front = np.flatnonzero(sweep.frame["on_front"].to_numpy(bool))[: MOST // 2]
        even = np.linspace(0, count - 1, MOST - len(front)).round().astype(np.int64)
        return ShownTrials(sweep, np.union1d(front, even))

    @property
    def aims(self) -> Sequence[Aim]:
        """The objectives."""
        return self.sweep.objectives

    @property
    def axes(self) -> Sequence[KeyAxis]:
        """An axis for each key."""
        return self.sweep.axes

    @cached_property
    def rows(self) -> list[TrialRow]:
        """The trials."""
        return [self.sweep.trials[place] for place in self.places]

    @cached_property
    def numbers(self) -> Floats:
        """Their numbers."""
        return np.array([row.number for row in self.rows], np.float64)

    def values(self, aim: Aim) -> Floats:
        """Return value, low and high of an objective as axes have them; shape (trials, 3), NaN: not known."""
        return self.sweep.scores[aim.name][self.places] * aim.form.factor

    def ends(self, aim: Aim) -> tuple[float, float]:
        """Return the ends of an axis that an objective's values, and the intervals that are drawn, fit on."""
        values = self.values(aim)
        known = (values if len(self.rows) <= _BARS else values[:, :1])[np.isfinite(values[:, 0])]
        known = known[np.isfinite(known)]
        if not len(known):
            return 0.0, 1.0
        low, high = float(known.min()), float(known.max())
        beyond = _MARGIN * (high - low) or 0.5
        return low - beyond, high + beyond

    def at(self, axis: KeyAxis) -> Floats:
        """Return where the trials lie on a key's axis; NaN where it does not hold."""
        return axis.places(self.sweep.points[row.number] for row in self.rows)

    @cached_property
    def sorts(self) -> list[tuple[Mark, Ints]]:
        """The sorts of trials there are, and which belong to each; the best come last, to lie on top."""
        failed = np.array([row.outcome == FAILED for row in self.rows], bool)
        ended = np.array([row.outcome == STOPPED for row in self.rows], bool)
        keeps = self.sweep.feasible[self.places]
        front = np.isin(self.numbers, self.sweep.front)
        rest = ~failed & ~ended & ~front
        other, top = (BEATEN, FRONT) if len(self.aims) > 1 else (WORSE, BEST)
        each = ((LOST, failed), (ENDED, ended), (BREAKS, rest & ~keeps), (other, rest & keeps), (top, front))
        return [(mark, np.flatnonzero(some)) for mark, some in each if some.any()]

    def measured(self) -> Iterator[tuple[Mark, Ints]]:
        """Give the sorts of trials but for those that failed."""
        yield from ((mark, some) for mark, some in self.sorts if mark is not LOST)

    def reach(self, aim: Aim, some: Ints) -> Floats | None:
        """Return how far intervals reach below and above, shape (2, n); None where there are too many."""
        value, low, high = self.values(aim)[some].T
        if len(self.rows) > _BARS or not np.isfinite(low).any():
            return None
        return np.asarray(np.nan_to_num(np.clip([value - low, high - value], 0, None)), np.float64)

    @cached_property
    def brief(self) -> list[str]:
        """The trials by their numbers."""
        return [f"trial {row.number}" for row in self.rows]

    @cached_property
    def told(self) -> list[str]:
        """What is said of each trial where a pointer rests on it, in Plotly's markup."""
        return [self._told(row, place) for row, place in zip(self.rows, self.places, strict=True)]

    def _told(self, row: TrialRow, place: int) -> str:
        point, scores = self.sweep.points[row.number], self.sweep.scores
        lines = [f"<b>trial {row.number}</b>"]
        lines += [
            f"{plot_text(axis.name)}: {plot_text(axis.text(point[axis.key]))}"
            for axis in self.axes
            if axis.key in point
        ]
        for aim in self.aims:
            value = scores[aim.name][place]
            if np.isfinite(value[0]):
                lines.append(f"{plot_text(aim.title)}: {aim.write(value)}")
        if row.reason:
            lines.append(plot_text(visible(row.reason).splitlines()[0][:80]))
        return "<br>".join(lines)
