"""Answers on a grid: which answers computed fast are those that double precision defines.

A score is *defined* as the log-odds of the label in float64, rounded to whole multiples of 1/64; a class as
the largest logit in float64. float32 differs by a few millionths, differently in every batch and on every
machine. As long as the difference stays below a bound, it can change an answer only where the score lies
close to a rounding boundary, or two logits close to each other. These rows, fewer than one in a hundred, are
computed again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from outvoted.search.arrays import AnyArray, Bools, Floats, Ints, Singles

GRID = 64
"""Steps of the grid in one unit of log-odds."""
_SAFETY = 8
"""A bound is so many times the largest difference seen."""
_USEFUL = 1 / (4 * GRID)
"""With a larger bound than that, more than half of the rows would be computed twice."""
_SIGNIFICANT = 12
_VANISHING = 2.0**-32


@dataclass(frozen=True)
class Reading:
    """What n rows of logits say, as they were computed fast: float32 with float32's errors.

    Attributes:
        odds: shape (n,), the labels' log-odds; not finite where a logit isn't.
        classes: shape (n,), those of the largest logits.
        ahead: shape (n,), by how much the largest logit exceeds the next.
        size: shape (n,), the largest absolute value of a logit.
    """

    odds: AnyArray
    classes: Ints
    ahead: AnyArray
    size: AnyArray

    @staticmethod
    def of(logits: torch.Tensor, labels: Ints) -> "Reading":
        """Read logits (n, classes), which are on the CPU.

        It is NumPy on one row for each class: for the few columns that logits have, that takes a fifth of
        the time of the same in torch.
        """
        wide = logits if logits.dtype == torch.float64 else logits.float()
        by_class, columns = np.array(wide.numpy().T, order="C"), np.arange(len(labels))
        with np.errstate(all="ignore"):
            own, best = by_class[labels, columns], by_class.argmax(0)
            top = by_class[best, columns]
            size = np.maximum(top, -by_class.min(0))
            by_class[best, columns] = -np.inf
            second = by_class.max(0)
            rival = np.where(best == labels, second, top)
            by_class[best, columns], by_class[labels, columns] = top, -np.inf
            np.exp(np.subtract(by_class, rival, out=by_class), out=by_class)
            others = np.log(by_class.sum(0, dtype=np.float64)).astype(top.dtype)
            return Reading(own - (rival + others), best, top - second, size)


@dataclass(frozen=True)
class Differences:
    """By how much float32 and float64 differ in each of n rows; 0 where either is not finite.

    Attributes:
        score: shape (n,), between the label's log-odds.
        gap: shape (n,), the largest between the two of what the largest logit is ahead of another.
        size: shape (n,), the largest logit's absolute value.
    """

    score: Floats
    gap: Floats
    size: Floats

    @staticmethod
    def between(fast: torch.Tensor, exact: torch.Tensor, labels: Ints) -> "Differences":
        """Compare logits (n, classes) for rows with labels (n,); both on the CPU."""
        finite = torch.isfinite(fast).all(1) & torch.isfinite(exact).all(1)
        if not bool(finite.all()):
            fast, exact = (logits.where(finite[:, None], 0) for logits in (fast, exact))
        one, other = Reading.of(fast, labels), Reading.of(exact, labels)
        apart = fast.double().numpy() - exact.double().numpy()
        ahead = np.abs(apart - np.take_along_axis(apart, one.classes[:, None], axis=1)).max(axis=1)
        score = np.abs(one.odds.astype(np.float64) - other.odds)
        return Differences(score, ahead, other.size.astype(np.float64))


@dataclass(frozen=True)
class Bound:
    """By how much a network's float32 is taken to differ from its float64, at most.

    Attributes:
        score: between the label's log-odds.
        gap: between the two of what the largest logit is ahead of another.
        size: the largest logit for which both were measured; larger ones may differ in proportion.
    """

    score: float
    gap: float
    size: float

    @staticmethod
    def measured(seen: Differences) -> "Bound":
        """Take eight times the largest differences, and no less than rounding makes of the largest logit."""
        size = float(seen.size.max(initial=0))
        least = size * float(np.finfo(np.float32).eps)
        score, gap = (float(part.max(initial=least)) for part in (seen.score, seen.gap))
        return Bound(_SAFETY * score, _SAFETY * gap, size)

    @property
    def useful(self) -> bool:
        """Whether answers computed fast tell most of those that are defined."""
        return self.score < _USEFUL

    def holds(self, seen: Differences) -> bool:
        """Tell whether all differences lie within the bound."""
        scale = self._scale(seen.size)
        return bool((seen.score <= self.score * scale).all() and (seen.gap <= self.gap * scale).all())

    def widened(self, seen: Differences) -> "Bound":
        """Return a bound in which the differences lie too, with as much room as before."""
        scale = self._scale(seen.size)
        score, gap = (float((part / scale).max(initial=0)) for part in (seen.score, seen.gap))
        return replace(self, score=max(self.score, _SAFETY * score), gap=max(self.gap, _SAFETY * gap))

    def unsure(self, read: Reading) -> Bools:
        """Tell which rows might be answered otherwise in float64; shape (n,)."""
        with np.errstate(all="ignore"):
            scale, places = self._scale(read.size), read.odds.astype(np.float64) * GRID
            boundary = 0.5 - np.abs(places - np.rint(places))
            sure = (boundary > self.score * GRID * scale) & (read.ahead > self.gap * scale)  # False for NaN
        return np.asarray(~(sure & np.isfinite(read.odds)))

    def _scale(self, size: AnyArray) -> AnyArray:
        return np.asarray(np.maximum(size / max(self.size, 1e-30), 1))


@dataclass(frozen=True)
class Exactness:
    """What is known of how a peer's answers were computed, up to now.

    Attributes:
        precision: in what its answers are defined: float64, or float32 for a network without any in that.
        bound: by how much float32 is taken to differ from float64; None where all rows are computed in
            ``precision``, because the network computes in one of the two alone or float32 is too coarse.
        rows: candidates it was asked about.
        again: how many of them were computed a second time.
        largest: the largest difference between the two in a row's log-odds since the bound was measured.
        widened: how often the bound was found too small. What was answered before is in doubt then.
    """

    precision: str = "float64"
    bound: Bound | None = None
    rows: int = 0
    again: int = 0
    largest: float = 0.0
    widened: int = 0

    @staticmethod
    def together(parts: Sequence["Exactness"]) -> "Exactness":
        """Join what is known of one peer in several processes; the widest bound stands for all."""
        bounds = [part.bound for part in parts if part.bound is not None]
        return Exactness(
            parts[0].precision,
            max(bounds, key=lambda bound: bound.score, default=None),
            sum(part.rows for part in parts),
            sum(part.again for part in parts),
            max(part.largest for part in parts),
            sum(part.widened for part in parts),
        )


def log_odds(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Return log(p / (1 - p)) of each row's label, shape (n,), from logits (n, classes)."""
    own = logits.gather(1, labels[:, None])[:, 0]
    others = logits.scatter(1, labels[:, None], -torch.inf)
    return own - torch.logsumexp(others, dim=1)


def on_grid(odds: AnyArray) -> Singles:
    """Round log-odds to the grid."""
    return np.asarray(np.rint(odds.astype(np.float64) * GRID) / GRID, np.float32)


def significant(gradients: Floats) -> Floats:
    """Round each number of (n, size) to 12 significant bits, and to 0 what vanishes beside its row's largest.

    What remains is the same wherever float64 is: sums differ in their last bits, 40 bits further down.
    """
    mantissa, exponent = np.frexp(gradients)
    rounded = np.ldexp(np.round(np.ldexp(mantissa, _SIGNIFICANT)), exponent - _SIGNIFICANT)
    least = np.abs(gradients).max(axis=1, keepdims=True, initial=0) * _VANISHING
    return np.asarray(np.where(np.abs(gradients) < least, 0.0, rounded))
