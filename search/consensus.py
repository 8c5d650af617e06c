"""Consensus and dissent: the decisions a panel's votes lead to."""

import numpy as np

from outvoted.search.arrays import AnyArray, Bools, Ints


def agreement(predicted: AnyArray, label: AnyArray) -> Bools:
    """Tell which peers answer the label; ``predicted`` (peers, n) and ``label`` (n,) give (peers, n)."""
    return np.asarray(predicted == label)


def unanimous(predicted: AnyArray, label: AnyArray) -> Bools:
    """Tell which images the whole panel gets right; (peers, n) and (n,) give (n,)."""
    return np.asarray(agreement(predicted, label).all(axis=0))


def outvoted(predicted: AnyArray, label: AnyArray, target: Ints) -> Bools:
    """Tell where the target is outvoted: it dissents while all of its peers answer the label.

    Args:
        predicted: shape (peers, n), every peer's class.
        label: shape (n,).
        target: shape (n,), which peer is the target of each image.

    Returns:
        Shape (n,).
    """
    agrees = agreement(predicted, label)
    columns = np.arange(agrees.shape[1])
    return np.asarray(~agrees[target, columns] & (agrees.sum(axis=0) == len(agrees) - 1))
