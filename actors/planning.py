"""How many replicas a run needs: seeds are drawn until enough of them are undisputed."""

import numpy as np

from outvoted.actors.panel import Panel
from outvoted.search.arrays import Bools, Ints
from outvoted.search.climb import Rules
from outvoted.search.consensus import unanimous
from outvoted.search.errors import OutvotedError
from outvoted.search.messages import Candidates
from outvoted.search.plan import drawn_seeds, replicas_needed

_MOST_DRAWS_PER_SEED = 50


def undisputed(panel: Panel, rules: Rules, seed_id: Ints, labels: Ints) -> Bools:
    """Tell which seeds the whole panel gets right; ``seed_id`` and the result have shape (n,)."""
    composed = rules.transform.identity(len(seed_id)).astype(np.float32)
    seeds = Candidates(seed_id.astype(np.int32), composed)
    replies = panel.ask(dict.fromkeys(range(panel.size), seeds))
    predicted = np.stack([replies[peer].predicted for peer in range(panel.size)])
    return unanimous(predicted, labels[seed_id])


def count_replicas(panel: Panel, rules: Rules, labels: Ints, per_target: int) -> int:
    """Return how many seeds must be drawn for ``per_target`` undisputed ones.

    Raises:
        OutvotedError: hardly any seed is undisputed.
    """
    known = np.empty(0, bool)
    while (needed := replicas_needed(known, per_target)) is None:
        if len(known) >= _MOST_DRAWS_PER_SEED * per_target:
            raise OutvotedError(
                expected=f"{per_target} seeds that all {panel.size} peers get right",
                found=f"{int(known.sum())} among {len(known)} drawn from {len(labels)} training images",
                remedy="train the panel longer (panel.training.epochs), or leave out the peer that fails",
            )
        replicas = np.arange(len(known), len(known) + per_target)
        seeds = drawn_seeds(rules.run_seed, replicas, len(labels))
        known = np.concatenate([known, undisputed(panel, rules, seeds, labels)])
    return needed
