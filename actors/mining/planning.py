"""How many replicas a run needs: seeds are drawn, and the panel is asked, until enough are undisputed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import Field

from outvoted.actors.panel.exactness import Exactness
from outvoted.actors.panel.panel import VotingPanel
from outvoted.actors.panel.standing import Standings, standings
from outvoted.actors.runs.run_folder import Figures
from outvoted.search.arrays import Bools, Ints
from outvoted.search.consensus import is_voter, unanimous
from outvoted.search.errors import OutvotedError
from outvoted.search.id_ranges import IdRanges
from outvoted.search.messages import Candidates, Questions, probability
from outvoted.search.plan import AskedSeeds, Lease, Searches, Turns, drawn_seeds, replicas_needed
from outvoted.search.search_settings import SearchSettings
from outvoted.search.transforms import Transform

_MOST_DRAWS_PER_SEED = 50
_REHEARSAL = 32
"""Voters stand in the order of their answers to the first so many seeds drawn, however long the run is."""
_GRADIENT = 3
"""An answer with a gradient costs about as much as three without."""


class MiningFigures(Figures):
    """What a run of mining counts of itself.

    ``seconds`` are those of mining alone; ``seed_inferences`` were spent on seeds, for all searches together;
    ``operations`` are those of the costliest network for an image, by which a strategy may be picked;
    ``exactness`` says for each peer, by its name, how its answers were computed.
    """

    replicas: int | None = None
    searches: int | None = None
    seed_inferences: int = 0
    seconds: float = 0.0
    operations: int | None = None
    exactness: dict[str, Exactness] = Field(default_factory=dict)

    def counts(self, searches: int, mistakes: int) -> tuple[str, str]:
        """Return what `outvoted runs` says of a run with so many recorded searches and mistakes."""
        return f"{searches} of {self.searches or '?'}", str(mistakes)

    def add_exactness(self, names: Sequence[str], cells: Sequence[Sequence[Exactness]]) -> None:
        """Add what the peers of some cells, called ``names``, know to what was known before."""
        for peer, name in enumerate(names):
            before = [self.exactness[name]] if name in self.exactness else []
            if known := [cell[peer] for cell in cells] + before:
                self.exactness[name] = Exactness.together(known)


@dataclass(frozen=True)
class MiningPlan:
    """A run's searches, and what the panel says of their seeds.

    Attributes:
        searches: all of them.
        seeds: a row for each seed that was drawn, ascending; a replica's is found by its number, so a run of
            millions of searches keeps no more of them than there are images.
        order: all peers, in the order in which they are asked as voters: first who is least sure of the
            labels of seeds, and so most likely to object.
        standings: how each network does on the seeds.
        inferences: what is spent on seeds: every peer is asked once about each that was drawn, and for its
            gradient, if the strategy follows gradients, once for each replica.
    """

    searches: Searches
    seeds: AskedSeeds
    order: tuple[int, ...]
    standings: Standings
    inferences: int

    def leases(self, done: IdRanges, size: int) -> Iterator[Lease]:
        """Split what is not ``done`` (search ids) into leases of about ``size`` searches."""
        for shard in self.searches.shards(done, size):
            _, each = np.unique(shard.replica, return_index=True)
            yield Lease(shard, self.seeds.rows(_places(self.seeds, shard.seed_id[each])), self.order)

    def figures(self, before: MiningFigures | None = None, operations: int | None = None) -> MiningFigures:
        """Return what is counted before anything is mined.

        Args:
            before: what was counted until the run was interrupted.
            operations: see :class:`MiningFigures`.
        """
        known = before or MiningFigures()
        return MiningFigures(
            replicas=self.searches.replicas,
            searches=len(self.searches),
            seed_inferences=self.inferences,
            seconds=known.seconds,
            operations=operations,
            exactness=known.exactness,
        )


def planned(panel: VotingPanel, search: SearchSettings, labels: Ints, names: Sequence[str]) -> MiningPlan:
    """Draw seeds until ``per_target`` of them are undisputed, and list every target's searches from them.

    Where a peer's bound proved too small meanwhile, answers before may have been wrong: all is asked again.

    Args:
        panel: its peers have ``names``, in this order.
        search: what is searched.
        labels: shape (n,), of all images that seeds are drawn from.

    Raises:
        OutvotedError: hardly any seed is undisputed.
    """
    while True:
        before, plan = panel.widened(), _planned(panel, search, labels, names)
        if panel.widened() == before:
            return plan


def _planned(panel: VotingPanel, search: SearchSettings, labels: Ints, names: Sequence[str]) -> MiningPlan:
    per_target, drawn = search.per_target, np.empty(0, np.int64)
    known = asked_about(panel, search.transform, drawn)
    needed, missing, most = None, per_target, max(_MOST_DRAWS_PER_SEED * per_target, _REHEARSAL)
    while needed is None:
        if len(drawn) == most:
            raise _too_few(search, known, drawn, labels, names)
        replicas = np.arange(len(drawn), min(len(drawn) + max(missing, _REHEARSAL), most))
        drawn = np.concatenate([drawn, drawn_seeds(search.seed, replicas, len(labels))])
        fresh = np.setdiff1d(drawn, known.seed_id)
        known = AskedSeeds.joined([known, asked_about(panel, search.transform, fresh)])
        known = known.rows(np.argsort(known.seed_id))
        undisputed = _undisputed(known, labels)[_places(known, drawn)]
        needed, missing = replicas_needed(undisputed, per_target), per_target - int(undisputed.sum())
    rehearsal = known.rows(_places(known, drawn[:_REHEARSAL]))
    turns = search.turns(names)
    has_slope = _undisputed(known, labels) & np.isfinite(known.score).all(axis=1)
    sloped = int(has_slope[_places(known, drawn[:needed])].sum())
    gradients = _GRADIENT * sloped * _in_play(turns, panel.size) * search.gradients
    return MiningPlan(
        Searches(search.seed, needed, turns, len(labels)),
        known,
        voting_order(rehearsal),
        _standings(known, labels, names),
        panel.size * len(known) + gradients,
    )


def asked_about(panel: VotingPanel, transform: Transform, seed_id: Ints) -> AskedSeeds:
    """Ask every peer about seeds (r,)."""
    composed = transform.identity(len(seed_id)).astype(np.float32)
    table = Candidates(seed_id.astype(np.int32), composed)
    everyone = dict.fromkeys(range(panel.size), np.arange(len(seed_id)))
    replies = panel.ask(Questions(table, everyone))
    answers = [replies[peer] for peer in range(panel.size)]
    failure = None
    for one in reversed(answers):
        if one.failure is not None:
            failure = one.failure if failure is None else np.where(one.failure == "", failure, one.failure)
    return AskedSeeds(
        seed_id,
        np.stack([one.score for one in answers], axis=1),
        np.stack([one.predicted for one in answers], axis=1),
        failure,
    )


def voting_order(seeds: AskedSeeds) -> tuple[int, ...]:
    """Order the peers, who is least sure of the labels of ``seeds`` (at least one) first."""
    sure = probability(np.nan_to_num(seeds.score, nan=-np.inf, posinf=np.inf)).mean(axis=0).round(6)
    return tuple(np.argsort(sure, kind="stable").tolist())


def _places(known: AskedSeeds, seed_id: Ints) -> Ints:
    """Return the rows of ``known``, which has each seed once, ascending, that hold seeds (n,)."""
    return np.searchsorted(known.seed_id, seed_id)


def _undisputed(known: AskedSeeds, labels: Ints) -> Bools:
    return unanimous(known.predicted.T, labels[known.seed_id])


def _in_play(turns: Turns, peers: int) -> int:
    """Count the peers that are a target or a voter in any turn."""
    targets, most = np.array(turns.targets), np.full(len(turns.targets), max(turns.voters))
    voters = np.flatnonzero(is_voter(peers, targets, most).any(axis=1))
    return len(np.union1d(targets, voters))


def _standings(known: AskedSeeds, labels: Ints, names: Sequence[str]) -> Standings:
    return standings(names, known.predicted.T, labels[known.seed_id])


def _too_few(
    search: SearchSettings, known: AskedSeeds, drawn: Ints, labels: Ints, names: Sequence[str]
) -> OutvotedError:
    stand = _standings(known, labels, names)
    found = int(_undisputed(known, labels)[_places(known, drawn)].sum())
    fallen = ", ".join(one.name for one in stand.fallen)
    mend = f"fix or leave out {fallen}" if fallen else "leave out the peer that fails"
    return OutvotedError(
        expected=f"{search.per_target} seeds that all {len(names)} peers classify correctly",
        found=f"{found} among {len(drawn)} drawn from {len(labels)} training images: {stand}",
        remedy="train the networks for more epochs, or with a smaller learning rate, or " + mend,
    )
