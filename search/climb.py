"""Many searches in one pure state machine: replies in, questions out.

    climb, questions = begin(rules, shard, labels)
    while questions:
        climb, questions = advance(climb, panel.ask(questions))

A round asks each target about its searches' candidates first; the other peers see only those on which
the target moved the right way. Nothing here knows who asks, in which order, or how long it takes.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from outvoted.search.arrays import Bools, Floats, Ints, Singles
from outvoted.search.consensus import is_voter, unanimous
from outvoted.search.ledger import (
    Ballot,
    Chosen,
    Finds,
    Tally,
    ask,
    collected,
    empty_votes,
    found,
    no_ballot,
    no_tally,
    spent,
    tallied,
    why,
)
from outvoted.search.messages import Questions, Replies, TakeGradient
from outvoted.search.plan import Shard
from outvoted.search.strategies import Evidence, Memory, Position, Proposals, Strategy
from outvoted.search.strategies.base import first_of_each
from outvoted.search.streams import Purpose, uniforms
from outvoted.search.transforms import Transform


class Outcome(StrEnum):
    """How a search ended."""

    CLIMBING = "climbing"
    MISTAKE = "mistake"
    EXHAUSTED = "exhausted"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True)
class Rules:
    """What a search depends on besides its id and the panel.

    Attributes:
        run_seed: 0 to 2**64 - 1.
        peers: number of peers in the panel.
        transform: the moves.
        strategy: which candidates are tried and accepted.
        patience: give up after this many candidates in a row without improvement.
    """

    run_seed: int
    peers: int
    transform: Transform
    strategy: Strategy
    patience: int


@dataclass(frozen=True)
class Climb:
    """The state of a shard's searches between two events.

    Attributes:
        outcome: shape (n,), an Outcome for each search.
        reason: shape (n,), why a search failed or was skipped, else "".
        start_score: shape (n,), the target's log-odds of the label on the seed; NaN if the seed was
            skipped or a peer's output for it is not finite.
        trail: accepted moves, round by round: (searches, moves).
        finds: the mistakes found so far, in the order in which they were found.
        memory: what the strategy knows; empty until the seeds are judged.
        proposals: the candidates that are being asked about; None while the seeds are.
        ballot: the questions that are out, and what is known of the proposals.
    """

    rules: Rules
    shard: Shard
    labels: Ints
    position: Position
    tally: Tally
    outcome: NDArray[np.object_]
    reason: NDArray[np.object_]
    start_score: Singles
    trail: tuple[tuple[Ints, Floats], ...]
    finds: Finds
    memory: Memory
    proposals: Proposals | None
    ballot: Ballot

    def trails(self) -> list[Floats]:
        """Return the moves that make each search's position, in order, shape (moves, parameters) each."""
        width = len(self.rules.transform.parameters)
        search = np.concatenate([np.empty(0, np.int64), *(rows for rows, _ in self.trail)])
        moves = np.concatenate([np.empty((0, width)), *(moves for _, moves in self.trail)])
        order = np.argsort(search, kind="stable")
        ends = np.searchsorted(search[order], np.arange(len(self.shard) + 1))
        latest = slice(None) if self.rules.strategy.onward else slice(-1, None)
        return [moves[order[first:last]][latest] for first, last in pairwise(ends)]

    def found_trails(self) -> list[Floats]:
        """Return the moves that make each find, in order, shape (moves, parameters) each."""
        if not self.rules.strategy.onward:
            return [move[None] for move in self.finds.moves]
        trails = self.trails()
        return [trails[search] for search in self.finds.search]


def begin(rules: Rules, shard: Shard, labels: Ints) -> tuple[Climb, Questions]:
    """Start the searches of a shard by asking the whole panel about their seeds; ``labels`` (n,)."""
    n, transform = len(shard), rules.transform
    climb = Climb(
        rules=rules,
        shard=shard,
        labels=labels,
        position=Position(transform.identity(n), np.full(n, np.nan, np.float32)),
        tally=no_tally(n),
        outcome=np.full(n, Outcome.CLIMBING, object),
        reason=np.full(n, "", object),
        start_score=np.full(n, np.nan, np.float32),
        trail=(),
        finds=Finds.none(transform),
        memory={},
        proposals=None,
        ballot=no_ballot(),
    )
    every = dict.fromkeys(range(rules.peers), np.arange(n))
    in_play = is_voter(rules.peers, shard.target, shard.voters)
    in_play[shard.target, np.arange(n)] = True
    gradient = (
        np.where(in_play, TakeGradient.IF_CORRECT, TakeGradient.NEVER) if rules.strategy.gradients else None
    )
    votes = empty_votes(rules.peers, n, transform.size if rules.strategy.gradients else 0)
    ballot, questions = ask(votes, every, shard.seed_id, climb.position.composed, gradient)
    return replace(climb, ballot=ballot), questions


def advance(climb: Climb, replies: Replies) -> tuple[Climb, Questions]:
    """Take the replies to the questions that are out; return the new state and the next questions.

    No questions means that every search has ended.
    """
    climb, questions = _step(climb, replies)
    while not questions and Outcome.CLIMBING in climb.outcome:
        climb, questions = _step(climb, {})
    return climb, questions


def _step(climb: Climb, replies: Replies) -> tuple[Climb, Questions]:
    """Complete what is pending; there may be nothing to ask, say if all candidates are unrealistic."""
    climb = replace(climb, ballot=collected(climb.ballot, replies))
    if climb.proposals is None:
        return _propose(_judge_seeds(climb))
    if climb.ballot.promising is None:
        return _ask_voters(climb, climb.proposals)
    return _propose(_decide(climb, climb.proposals, climb.ballot.promising))


def _judge_seeds(climb: Climb) -> Climb:
    """Skip searches whose seed is already disputed, fail those on which a peer's output is not finite."""
    votes, rules = climb.ballot.votes, climb.rules
    tally = spent(climb.tally, climb.ballot, np.arange(len(climb.shard)), climb.shard.target, climb.labels)
    broken = ~np.isfinite(votes.score).all(axis=0)
    disputed = ~unanimous(votes.predicted, climb.labels) & ~broken
    outcome, reason = climb.outcome.copy(), climb.reason.copy()
    outcome[broken] = Outcome.FAILED
    otherwise = ["a peer's output for the seed is not finite"] * int(broken.sum())
    reason[broken] = why(climb.ballot, np.flatnonzero(broken), otherwise, "the seed")
    outcome[disputed], reason[disputed] = Outcome.SKIPPED, "the panel disputes the seed"
    start = np.where(broken | disputed, np.nan, votes.of(climb.shard.target).score).astype(np.float32)
    return replace(
        climb,
        outcome=outcome,
        reason=reason,
        start_score=start,
        position=replace(climb.position, score=start.copy()),
        memory=rules.strategy.begin(rules.transform, climb.shard, votes),
        tally=tally,
    )


def _propose(climb: Climb) -> tuple[Climb, Questions]:
    """Make every climbing search's next candidates and ask each target about its own."""
    rules, shard = climb.rules, climb.shard
    climb, active, count = _counted(climb)
    if not len(active):
        return replace(climb, ballot=no_ballot()), {}
    search = np.repeat(active, count)
    offset = np.arange(len(search)) - np.repeat(np.cumsum(count) - count, count)
    step = climb.tally.candidates[search] + offset
    draws = rules.strategy.draws(rules.transform)
    uniform = uniforms(rules.run_seed, Purpose.MOVE, shard.search_id[search], step, draws)
    offer = rules.strategy.propose(rules.transform, climb.memory, climb.position, search, uniform)
    realistic = rules.transform.within_budget(offer.composed)
    proposals = Proposals(search, step, shard.target[search], climb.labels[search], offer, realistic)
    rows = np.flatnonzero(realistic)
    asked = {peer: rows[proposals.target[rows] == peer] for peer in range(rules.peers)}
    votes = empty_votes(rules.peers, len(search), rules.transform.size if rules.strategy.gradients else 0)
    gradient = (
        np.full((rules.peers, len(search)), TakeGradient.IF_CORRECT) if rules.strategy.gradients else None
    )
    ballot, questions = ask(votes, asked, shard.seed_id[search], offer.composed, gradient)
    return replace(climb, proposals=proposals, ballot=ballot), questions


def _counted(climb: Climb) -> tuple[Climb, Ints, Ints]:
    """End the searches that are over; return the others and how many candidates each tries next."""
    rules, outcome = climb.rules, climb.outcome.copy()
    active = np.flatnonzero(outcome == Outcome.CLIMBING)
    stale = climb.tally.stale[active]
    left = np.maximum(rules.patience - stale, 0)
    wanted = rules.strategy.count(climb.memory, active, stale)
    count = np.minimum(wanted, left) if rules.strategy.stepwise else np.where(left > 0, wanted, 0)
    over = active[count == 0]
    outcome[over] = np.where(np.isin(over, climb.finds.search), Outcome.MISTAKE, Outcome.EXHAUSTED)
    return replace(climb, outcome=outcome), active[count > 0], count[count > 0]


def _ask_voters(climb: Climb, proposals: Proposals) -> tuple[Climb, Questions]:
    """Ask the voters about the candidates that look promising from the targets' answers."""
    rules, shard = climb.rules, climb.shard
    tally = spent(climb.tally, climb.ballot, proposals.search, proposals.target, proposals.label)
    evidence = climb.ballot.votes.of(proposals.target)
    worth = rules.strategy.promising(climb.position, proposals, evidence) & np.isfinite(evidence.score)
    votes = is_voter(rules.peers, proposals.target, shard.voters[proposals.search]) & worth
    asked = {peer: np.flatnonzero(votes[peer]) for peer in range(rules.peers)}
    gradient = (
        np.full((rules.peers, len(proposals)), TakeGradient.IF_WRONG) if rules.strategy.gradients else None
    )
    seeds = shard.seed_id[proposals.search]
    ballot, questions = ask(climb.ballot.votes, asked, seeds, proposals.offer.composed, gradient)
    ballot = replace(ballot, promising=np.flatnonzero(worth), failure=climb.ballot.failure)
    return replace(climb, tally=tally, ballot=ballot), questions


def _decide(climb: Climb, proposals: Proposals, promising: Ints) -> Climb:
    """Accept candidates, record mistakes, learn, and end searches that are over.

    A network that answers without sense fails the search, but only if the search gets as far as the
    candidate: what lies behind an accepted one was looked at ahead of its time.
    """
    rules, votes = climb.rules, climb.ballot.votes
    tally = spent(climb.tally, climb.ballot, proposals.search, proposals.target, proposals.label)
    evidence = votes.of(proposals.target)
    broken = np.asarray((votes.asked & ~np.isfinite(votes.score)).any(axis=0))
    others = np.arange(rules.peers)[:, None] != proposals.target
    consensus = np.zeros(len(proposals), bool)
    consensus[promising] = (~(votes.asked & others) | (votes.predicted == proposals.label)).all(axis=0)[
        promising
    ]
    chosen = _chosen(rules.strategy, climb.position, proposals, evidence, consensus, broken)
    accepted, failed = chosen.accepted, chosen.failed
    wrong = np.flatnonzero(consensus & ~broken & evidence.wrong(proposals.label))
    mistakes = wrong[np.isin(wrong, accepted)] if rules.strategy.stepwise else wrong
    mistakes = mistakes[~np.isin(proposals.search[mistakes], proposals.search[failed])]
    kept = rules.strategy.keep(rules.transform, climb.memory, proposals, votes, mistakes)
    outcome, reason = climb.outcome.copy(), climb.reason.copy()
    if not rules.strategy.lasting:
        outcome[proposals.search[kept]] = Outcome.MISTAKE
    outcome[proposals.search[failed]] = Outcome.FAILED
    whose = np.where(np.isfinite(evidence.score[failed]), "a peer's", "the target's")
    otherwise = [f"{who} output for a candidate is not finite" for who in whose]
    reason[proposals.search[failed]] = why(climb.ballot, failed, otherwise, "a candidate")
    search, offer = proposals.search[accepted], proposals.offer
    return replace(
        climb,
        position=climb.position.moved(search, offer.composed[accepted], evidence.score[accepted]),
        tally=tallied(tally, proposals, promising, consensus, chosen, rules.strategy.onward),
        outcome=outcome,
        reason=reason,
        trail=(*climb.trail, (search, offer.moves[accepted])) if len(search) else climb.trail,
        finds=climb.finds.plus(found(proposals, evidence, kept)),
        memory=rules.strategy.learn(rules.transform, climb.memory, proposals, votes, consensus & ~broken),
    )


def _chosen(
    strategy: Strategy,
    position: Position,
    proposals: Proposals,
    evidence: Evidence,
    consensus: Bools,
    broken: Bools,
) -> Chosen:
    """Decide which candidates are accepted and which fail their search."""
    if strategy.stepwise:
        last = first_of_each(proposals.search, consensus | broken)
        return Chosen(last[~broken[last]], last, last[broken[last]])
    failed = first_of_each(proposals.search, broken)
    usable = consensus & ~np.isin(proposals.search, proposals.search[failed])
    wrong = evidence.wrong(proposals.label)
    usable &= wrong | (evidence.score < position.score[proposals.search])
    rank = np.lexsort((evidence.score, ~wrong, ~usable, proposals.search))
    return Chosen(rank[first_of_each(proposals.search[rank], usable[rank])], failed, failed)
