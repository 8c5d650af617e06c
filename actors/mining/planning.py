"""How many replicas a run needs: seeds are drawn until enough of them are undisputed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from outvoted.actors.panel.panel import VotingPanel
from outvoted.actors.panel.standing import Standings, standings
from outvoted.search.arrays import AnyArray, Bools, Ints
from outvoted.search.climb import Rules
from outvoted.search.consensus import unanimous
from outvoted.search.errors import OutvotedError
from outvoted.search.messages import Candidates
from outvoted.search.plan import drawn_seeds, replicas_needed

_MOST_DRAWS_PER_SEED = 50


@dataclass(frozen=True)
class Planned:
    """How many seeds must be drawn, and how each network does on those that were."""

    replicas: int
    standings: Standings


def undisputed(panel: VotingPanel, rules: Rules, seed_id: Ints, labels: Ints) -> Bools:
    """Tell which seeds the whole panel gets right; ``seed_id`` and the result have shape (n,)."""
    return unanimous(_predicted(panel, rules, seed_id), labels[seed_id])


def count_replicas(panel: VotingPanel, rules: Rules, labels: Ints, per_target: int) -> int:
    """Return how many seeds must be drawn, as :func:`planned` does."""
    names = [f"network {peer}" for peer in range(panel.size)]
    return planned(panel, rules, labels, per_target, names).replicas


def planned(panel: VotingPanel, rules: Rules, labels: Ints, per_target: int, names: Sequence[str]) -> Planned:
    """Draw seeds until ``per_target`` of them are undisputed.

    Raises:
        OutvotedError: hardly any seed is undisputed.
    """
    known, drawn = np.empty(0, bool), np.empty(0, np.int64)
    predicted = np.empty((panel.size, 0), np.int64)
    while (needed := replicas_needed(known, per_target)) is None:
        if len(known) >= _MOST_DRAWS_PER_SEED * per_target:
            stand = _standings(names, predicted, drawn, labels)
            raise _too_few(int(known.sum()), len(known), len(labels), per_target, stand)
        replicas = np.arange(len(known), len(known) + per_target)
        seeds = drawn_seeds(rules.run_seed, replicas, len(labels))
        answers = _predicted(panel, rules, seeds)
        drawn, predicted = np.concatenate([drawn, seeds]), np.concatenate([predicted, answers], axis=1)
        known = np.concatenate([known, unanimous(answers, labels[seeds])])
    return Planned(needed, _standings(names, predicted, drawn, labels))


def _predicted(panel: VotingPanel, rules: Rules, seed_id: Ints) -> AnyArray:
    composed = rules.transform.identity(len(seed_id)).astype(np.float32)
    seeds = Candidates(seed_id.astype(np.int32), composed)
    replies = panel.ask(dict.fromkeys(range(panel.size), seeds))
    return np.stack([replies[peer].predicted for peer in range(panel.size)])


def _standings(names: Sequence[str], predicted: AnyArray, drawn: Ints, labels: Ints) -> Standings:
    """Take every seed once, however often it was drawn."""
    seeds, first = np.unique(drawn, return_index=True)
    return standings(names, predicted[:, first], labels[seeds])


def _too_few(found: int, drawn: int, images: int, per_target: int, stand: Standings) -> OutvotedError:
    fallen = ", ".join(one.name for one in stand.fallen)
    mend = f"mend or leave out {fallen}" if fallen else "leave out the peer that fails"
    return OutvotedError(
        expected=f"{per_target} seeds that all {len(stand.networks)} peers get right",
        found=f"{found} among {drawn} drawn from {images} training images: {stand}",
        remedy="train the panel longer (panel.training.epochs) or with a smaller learning_rate, or " + mend,
    )
