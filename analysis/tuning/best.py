"""Which trials are best: those that no other one beats, in one objective or several."""

from collections.abc import Sequence

import numpy as np

from outvoted.search.arrays import Bools, Floats


def ranked(wins: Floats, eligible: Bools) -> list[int]:
    """Return the places of eligible trials, best first by the first objective, then the next; ties by number.

    Args:
        wins: shape (trials, objectives), larger being better, numbers where a trial is eligible.
        eligible: shape (trials,).
    """
    places = np.flatnonzero(eligible)
    worst_first = [-wins[places, k] for k in reversed(range(wins.shape[1]))]
    order: Sequence[int] = places[np.lexsort([places, *worst_first])].tolist()
    return list(order)


def undominated(wins: Floats, eligible: Bools) -> list[int]:
    """Return the places of the Pareto front, best first in the first objective.

    A trial is on it unless another one is at least as good in every objective and better in one. Of one
    objective these are the trials with its best value; ties by number.

    Args:
        wins: shape (trials, objectives), larger being better, numbers where a trial is eligible.
        eligible: shape (trials,).
    """
    found = list[int]()
    front = np.empty((0, wins.shape[1]))
    for place in ranked(wins, eligible):  # who comes later can't beat who came before
        mine = wins[place]
        if not ((front >= mine).all(axis=1) & (front > mine).any(axis=1)).any():
            found.append(place)
            front = np.append(front, mine[None], axis=0)
    return found
