"""Consensus and dissent: the decisions a panel's votes lead to."""

import numpy as np

from outvoted.search.arrays import AnyArray, Bools, Ints


def agreement(predicted: AnyArray, label: AnyArray) -> Bools:
    """Tell which peers answer the label; ``predicted`` (peers, n) and ``label`` (n,) give (peers, n)."""
    return np.asarray(predicted == label)


def unanimous(predicted: AnyArray, label: AnyArray) -> Bools:
    """Tell which images the whole panel gets right; (peers, n) and (n,) give (n,)."""
    return np.asarray(agreement(predicted, label).all(axis=0))


def is_voter(peers: int, target: Ints, voters: Ints) -> Bools:
    """Tell which peers vote on each image: ``voters`` of them, the next after the target, going round.

    ``target`` and ``voters`` (n,) give (peers, n).
    """
    after = (np.arange(peers)[:, None] - target) % peers
    return np.asarray((after >= 1) & (after <= voters))


def outvoted(predicted: AnyArray, label: AnyArray, target: Ints, voters: Ints) -> Bools:
    """Tell where the target is outvoted: it dissents while all voters answer the label.

    Args:
        predicted: shape (peers, n), every peer's class.
        label: shape (n,).
        target: shape (n,), which peer is the target of each image.
        voters: shape (n,), how many of the peers after the target vote.

    Returns:
        Shape (n,).
    """
    agrees = agreement(predicted, label)
    votes = is_voter(len(agrees), target, voters)
    return np.asarray(~agrees[target, np.arange(agrees.shape[1])] & (agrees | ~votes).all(axis=0))
