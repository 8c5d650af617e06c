"""Consensus and dissent: the decisions a panel's votes lead to."""

from dataclasses import dataclass

import numpy as np

from outvoted.search.arrays import AnyArray, Bools, Ints


def agreement(predicted: AnyArray, label: AnyArray) -> Bools:
    """Tell which peers answer the label; ``predicted`` (peers, n) and ``label`` (n,) give (peers, n)."""
    return np.asarray(predicted == label)


def unanimous(predicted: AnyArray, label: AnyArray) -> Bools:
    """Tell which images the whole panel classifies correctly; (peers, n) and (n,) give (n,)."""
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


@dataclass(frozen=True)
class Dissent:
    """Where exactly one peer dissents from an otherwise unanimous panel.

    Attributes:
        target: shape (n,), the peer that dissents; -1 where none or more than one does.
        label: shape (n,), the consensus: what all, or all but one, answer; -1 where more dissent.
    """

    target: Ints
    label: Ints

    @property
    def alone(self) -> Bools:
        """Tell which images have a single dissenter, shape (n,)."""
        return np.asarray(self.target >= 0)

    @property
    def unanimous(self) -> Bools:
        """Tell on which images nobody dissents, shape (n,)."""
        return np.asarray((self.target < 0) & (self.label >= 0))


def lone_dissent(predicted: AnyArray) -> Dissent:
    """Find the peer that differs from all others, with no label but theirs (Baluja et al., section 2).

    Args:
        predicted: shape (peers, n), every peer's class; at least three peers, for of two that differ neither
            is the dissenter.
    """
    peers = len(predicted)
    if peers < 3:
        raise ValueError(f"consensus without labels needs at least 3 peers, not {peers}")
    # If all but one agree, their answer fills all but one place of a sorted column, so the middle one too.
    common = np.sort(predicted, axis=0)[peers // 2]
    differs = predicted != common
    count = differs.sum(axis=0)
    target = np.where(count == 1, differs.argmax(axis=0), -1)
    return Dissent(target.astype(np.int64), np.where(count <= 1, common, -1).astype(np.int64))
