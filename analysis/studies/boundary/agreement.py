"""How far labellers, or networks, agree: on each image, beyond chance (Cohen's kappa), and in being split."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import scipy
from sklearn.metrics import cohen_kappa_score

from outvoted.analysis.report.numbers import Interval, Spread, spread
from outvoted.search.arrays import AnyArray, Bools, Floats, Ints

NO_LABEL = -1


@dataclass(frozen=True)
class Agreement:
    """How often each class was answered.

    Attributes:
        counts: shape (images, classes); every image has as many answers.
    """

    counts: Ints

    @property
    def agree(self) -> Bools:
        """Whether all give one answer; a single labeller or network agrees with itself."""
        return np.asarray(self.split == 1)

    @property
    def split(self) -> Ints:
        """How many different classes are answered, 1 where all agree."""
        return np.asarray((self.counts > 0).sum(1))

    @property
    def label(self) -> Ints:
        """The most frequent answer; of several as frequent, the lowest class."""
        return np.asarray(self.counts.argmax(1))

    @property
    def certainty(self) -> Floats:
        """The share of the most frequent answer, 0 to 1 (Vlaar, appendix C)."""
        return np.asarray(self.counts.max(1) / self.counts.sum(1))

    @property
    def majority(self) -> Ints:
        """The answer of more than half, NO_LABEL where there is none."""
        return np.where(self.certainty > 0.5, self.label, NO_LABEL)

    @property
    def entropy(self) -> Floats:
        """The entropy of the answers in bits, 0 where all agree."""
        return np.asarray(scipy.stats.entropy(self.counts, base=2, axis=1), np.float64)

    @property
    def tens(self) -> Ints:
        """Certainty in percent, rounded to tens; 100 is for those alone on which all agree."""
        rounded = np.floor(10 * self.certainty + 0.5).astype(np.int64)
        return np.where(self.agree, 100, 10 * np.minimum(rounded, 9))


def agreement(answers: Ints, classes: int) -> Agreement:
    """Count answers, shape (labellers or networks, images), each 0 to ``classes`` - 1; at least one row."""
    return Agreement(np.asarray((answers[..., None] == np.arange(classes)).sum(0), np.int64))


def pairs_disagree(answers: Ints) -> Floats:
    """Return for every pair of rows the share of images, 0 to 1, on which they differ.

    Args:
        answers: shape (labellers or networks, images).

    Returns:
        shape (pairs,), none for a single row.
    """
    return np.array([(one != other).mean() for one, other in combinations(answers, 2)], np.float64)


@dataclass(frozen=True)
class CellStyle:
    """A kind of image in the map of disagreement.

    Attributes:
        name: what it is.
        colour: of its cell, told apart by colour-blind readers.
        mark: a sign in the cell, so that nobody needs colours at all.
        ink: the colour of the mark.
    """

    name: str
    colour: str
    mark: str
    ink: str


NOBODY, NETWORKS, NETWORKS_MORE, LABELLERS, LABELLERS_MORE, BOTH, MISTAKEN = range(7)
CELL_STYLES = (
    CellStyle("all agree", "#c4c4c4", "", "#222222"),
    CellStyle("networks only, 2 classes", "#9fd0ee", "●", "#222222"),
    CellStyle("networks only, 3 or more", "#00639c", "●", "#ffffff"),
    CellStyle("labellers only, 2 classes", "#f6b48a", "▲", "#222222"),
    CellStyle("labellers only, 3 or more", "#a84300", "▲", "#ffffff"),
    CellStyle("both disagree", "#ffffff", "", "#222222"),
    CellStyle("all agree, networks on another label", "#c4c4c4", "×", "#222222"),
)
"""The paper's colours, reds and blues of Okabe & Ito's palette; what networks misclassify is marked."""


def disagreement(networks: Agreement, people: Agreement | None) -> Ints:
    """Tell for every image who disagrees: an index into CELL_STYLES, shape (images,).

    Without labels, people are taken to agree with the networks.
    """
    split = np.where(networks.split > 2, NETWORKS_MORE, NETWORKS)
    alone = np.where(networks.agree, NOBODY, split)
    if people is None:
        return alone
    mistaken = networks.agree & people.agree & (networks.label != people.label)
    apart = np.where(people.split > 2, LABELLERS_MORE, LABELLERS)
    disagree = np.where(networks.agree, apart, BOTH)
    return np.where(people.agree, np.where(mistaken, MISTAKEN, alone), disagree)


@dataclass(frozen=True)
class Kappas:
    """Kappa of every two raters: labellers first, then networks.

    Attributes:
        names: of the raters.
        people: how many of them are labellers.
        labels: Cohen's kappa of their labels, shape (raters, raters), -1 to 1; NaN where chance alone gives
            full agreement, and on the diagonal.
        errors: the consistency of their errors (see `error_consistency`), likewise; None without labellers.
    """

    names: tuple[str, ...]
    people: int
    labels: Floats
    errors: Floats | None


@dataclass(frozen=True)
class KappaMeans:
    """Mean and standard deviation of kappa over pairs of raters."""

    target: float
    measure: str
    people: Spread
    between: Spread
    networks: Spread


def cohen_kappa(one: AnyArray, other: AnyArray) -> float:
    """Return how far two rows of labels agree beyond chance; NaN where chance alone gives full agreement.

    It is NaN, too, where there is nothing to compare.
    """
    if not len(one) or len(np.union1d(one, other)) == 1:
        return np.nan
    return float(cohen_kappa_score(one, other))


def label_kappas(answers: Ints) -> Floats:
    """Return Cohen's kappa of every two rows of answers, (raters, images); NaN on the diagonal."""
    return _every_two(len(answers), lambda i, j: cohen_kappa(answers[i], answers[j]))


def error_consistency(answers: Ints, people: int, classes: int) -> Floats:
    """Return how far every two raters err on the same images, beyond chance (Geirhos et al., 2020).

    Their measure, from the observed share of images that both get right or both get wrong and the one that
    their accuracies alone let expect, is Cohen's kappa of being right. Right is what more than half of the
    *other* labellers say, those that are not compared; images on which there is no such majority are left
    out. If the labellers themselves were the truth, none of them would ever err.

    Args:
        answers: shape (raters, images), those of ``people`` labellers first.
        people: how many rows are labellers'.

    Returns:
        shape (raters, raters), NaN on the diagonal, where no labeller is left, and where neither errs.
    """

    def of(i: int, j: int) -> float:
        others = np.delete(answers[:people], [row for row in (i, j) if row < people], axis=0)
        if not len(others):
            return np.nan
        truth = agreement(others, classes).majority
        known = truth != NO_LABEL
        right_i, right_j = (answers[[i, j]] == truth)[:, known]
        return cohen_kappa(right_i, right_j)

    return _every_two(len(answers), of)


def kappa_means(found: Kappas, target: float) -> list[KappaMeans]:
    """Average over pairs of labellers, of a labeller and a network, and of networks."""
    lines = [("labels", found.labels)] + ([("errors", found.errors)] if found.errors is not None else [])
    return [_means(target, measure, matrix, found.people) for measure, matrix in lines]


def _means(target: float, measure: str, matrix: Floats, people: int) -> KappaMeans:
    upper = np.where(np.triu(np.ones(matrix.shape, bool), 1), matrix, np.nan)
    return KappaMeans(
        target,
        measure,
        spread(upper[:people, :people].ravel()),
        spread(upper[:people, people:].ravel()),
        spread(upper[people:, people:].ravel()),
    )


def _every_two(raters: int, of: Callable[[int, int], float]) -> Floats:
    matrix = np.full((raters, raters), np.nan)
    for i in range(raters):
        for j in range(i):
            matrix[i, j] = matrix[j, i] = of(i, j)
    return matrix


_RESAMPLED = 2000


@dataclass(frozen=True)
class Entropies:
    """Entropies of a family's answers, image by image, beside those of people.

    Attributes:
        family, target: of the networks, which differ in their seed alone.
        networks: how many.
        votes: the entropy of their answers in bits, shape (images,).
        rho: Spearman's correlation with the entropy of people's labels, and the ends of its 95 % interval;
            None where either is the same for all images.
    """

    family: str
    target: float
    networks: int
    votes: Floats
    rho: Interval


def spearman(one: Floats, other: Floats, grid: Ints, seed: int = 0) -> Interval:
    """Return Spearman's rho and its 95 % interval by bootstrap (percentiles).

    Images of one pair are neighbours on a line, so whole pairs are drawn with replacement, not images.

    Args:
        one, other: shape (images,).
        grid: the image at each step of each pair, shape (pairs, steps).
        seed: of what is drawn.
    """
    whole = _rho(one[grid.reshape(1, -1)], other[grid.reshape(1, -1)])[0]
    if np.isnan(whole):
        return None, None, None
    drawn = np.random.default_rng(seed).integers(len(grid), size=(_RESAMPLED, len(grid)))
    taken = grid[drawn].reshape(_RESAMPLED, -1)
    low, high = np.nanpercentile(_rho(one[taken], other[taken]), [2.5, 97.5])
    return float(whole), float(low), float(high)


def _rho(one: AnyArray, other: AnyArray) -> Floats:
    """Correlate ranks row by row; NaN where all are equal."""
    ranks = [scipy.stats.rankdata(values, axis=1) for values in (one, other)]
    x, y = (rank - rank.mean(1, keepdims=True) for rank in ranks)
    below = np.sqrt((x**2).sum(1) * (y**2).sum(1))
    whole = np.full(len(x), np.nan)
    return np.asarray(np.divide((x * y).sum(1), below, out=whole, where=below > 0))
