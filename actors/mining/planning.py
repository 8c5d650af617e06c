"""How many replicas a run needs: seeds are drawn until enough of them are undisputed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from outvoted.actors.panel.panel import VotingPanel
from outvoted.actors.panel.standing import Standings, standings
from outvoted.actors.runs.run_folder import Figures
from outvoted.search.arrays import AnyArray, Ints
from outvoted.search.consensus import unanimous
from outvoted.search.errors import OutvotedError
from outvoted.search.messages import Candidates, Questions
from outvoted.search.plan import Shard, drawn_seeds, replicas_needed, searches
from outvoted.search.search_settings import SearchSettings
from outvoted.search.transforms import Transform

_MOST_DRAWS_PER_SEED = 50


class MiningFigures(Figures):
    """What a run of mining counts of itself; ``seconds`` are those of mining alone."""

    replicas: int | None = None
    searches: int | None = None
    seconds: float = 0.0


@dataclass(frozen=True)
class MiningPlan:
    """A run's searches: how many seeds are drawn for them, and how each network does on these seeds."""

    replicas: int
    searches: Shard
    standings: Standings


def planned(panel: VotingPanel, search: SearchSettings, labels: Ints, names: Sequence[str]) -> MiningPlan:
    """Draw seeds until ``per_target`` of them are undisputed, and list every target's searches from them.

    Args:
        panel: its peers have ``names``, in this order.
        search: what is searched.
        labels: shape (n,), of all images that seeds are drawn from.

    Raises:
        OutvotedError: hardly any seed is undisputed.
    """
    per_target = search.per_target
    known, drawn = np.empty(0, bool), np.empty(0, np.int64)
    predicted = np.empty((panel.size, 0), np.int64)
    while (needed := replicas_needed(known, per_target)) is None:
        if len(known) >= _MOST_DRAWS_PER_SEED * per_target:
            stand = _standings(names, predicted, drawn, labels)
            raise _too_few(int(known.sum()), len(known), len(labels), per_target, stand)
        replicas = np.arange(len(known), len(known) + per_target)
        seeds = drawn_seeds(search.seed, replicas, len(labels))
        answers = _predicted(panel, search.transform, seeds)
        drawn, predicted = np.concatenate([drawn, seeds]), np.concatenate([predicted, answers], axis=1)
        known = np.concatenate([known, unanimous(answers, labels[seeds])])
    work = searches(search.seed, needed, search.turns(names), len(labels))
    return MiningPlan(needed, work, _standings(names, predicted, drawn, labels))


def _predicted(panel: VotingPanel, transform: Transform, seed_id: Ints) -> AnyArray:
    composed = transform.identity(len(seed_id)).astype(np.float32)
    seeds = Candidates(seed_id.astype(np.int32), composed)
    replies = panel.ask(Questions(seeds, dict.fromkeys(range(panel.size), np.arange(len(seeds)))))
    return np.stack([replies[peer].predicted for peer in range(panel.size)])


def _standings(names: Sequence[str], predicted: AnyArray, drawn: Ints, labels: Ints) -> Standings:
    """Take every seed once, however often it was drawn."""
    seeds, first = np.unique(drawn, return_index=True)
    return standings(names, predicted[:, first], labels[seeds])


def _too_few(found: int, drawn: int, images: int, per_target: int, stand: Standings) -> OutvotedError:
    fallen = ", ".join(one.name for one in stand.fallen)
    mend = f"fix or leave out {fallen}" if fallen else "leave out the peer that fails"
    return OutvotedError(
        expected=f"{per_target} seeds that all {len(stand.networks)} peers classify correctly",
        found=f"{found} among {drawn} drawn from {images} training images: {stand}",
        remedy="train the networks for more epochs, or with a smaller learning rate, or " + mend,
    )
