"""Agreement beyond chance: Cohen's kappa of labels and of errors."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from outvoted.analysis.boundary.agreement import NO_LABEL, agreement
from outvoted.analysis.spread import Spread, spread
from outvoted.search.arrays import AnyArray, Floats, Ints


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
    """Return how far two rows of labels agree beyond chance: (observed - expected) / (1 - expected).

    Expected is the agreement of independent raters who give each class as often as these do. NaN where
    that is 1 already, or where there is nothing to compare.
    """
    if not len(one):
        return np.nan
    classes = np.union1d(one, other)[:, None]
    expected = float(((one == classes).mean(1) * (other == classes).mean(1)).sum())
    observed = float((one == other).mean())
    return np.nan if np.isclose(expected, 1) else (observed - expected) / (1 - expected)


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
