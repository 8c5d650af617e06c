"""Many searches in one pure state machine: replies in, questions out.

    state, questions = begin(rules, shard, labels)
    while questions:
        state, questions = advance(state, panel.ask(questions))

A round asks each target about its searches' candidates first; the other peers see only those that look
promising from its answers. What a round is made of, ``outvoted.search.strategies`` tells. Nothing here knows
who asks, in which order, or how long it takes.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from outvoted.search.arrays import Bools, Ints, Singles
from outvoted.search.consensus import is_voter, unanimous
from outvoted.search.ledger import Ballot, Finds, Tally, ask, empty_votes, no_ballot, no_questions
from outvoted.search.messages import Questions, Replies, TakeGradient
from outvoted.search.plan import Shard
from outvoted.search.strategies import Memory, Position, Proposals, Strategy, Votes
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

    def no_votes(self, m: int) -> Votes:
        """Return the votes on m candidates before anyone is asked."""
        return empty_votes(self.peers, m, self.transform.size * self.strategy.proposer.gradients)


@dataclass(frozen=True)
class ShardState:
    """The state of a shard's searches between two events.

    Attributes:
        outcome: shape (n,), an Outcome for each search.
        reason: shape (n,), why a search failed or was skipped, else "".
        start_score: shape (n,), the target's log-odds of the label on the seed; NaN if the seed was
            skipped or a peer's output for it is not finite.
        finds: the mistakes found so far.
        memory: what the proposer knows; empty until the seeds are judged.
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
    finds: Finds
    memory: Memory
    proposals: Proposals | None
    ballot: Ballot


def begin(rules: Rules, shard: Shard, labels: Ints) -> tuple[ShardState, Questions]:
    """Start the searches of a shard by asking the whole panel about their seeds; ``labels`` (n,)."""
    n, transform = len(shard), rules.transform
    unknown = np.full(n, np.nan, np.float32)
    seeds = Position(transform.identity(n), unknown, (np.empty((0, len(transform.parameters))),) * n)
    every = dict.fromkeys(range(rules.peers), np.arange(n))
    in_play = is_voter(rules.peers, shard.target, shard.voters)
    in_play[shard.target, np.arange(n)] = True
    take = np.where(in_play, TakeGradient.IF_CORRECT, TakeGradient.NEVER)
    ballot, questions = ask(rules.no_votes(n), every, shard.seed_id, seeds.composed, take)
    state = ShardState(
        rules=rules,
        shard=shard,
        labels=labels,
        position=seeds,
        tally=Tally.none(n),
        outcome=np.full(n, Outcome.CLIMBING, object),
        reason=np.full(n, "", object),
        start_score=unknown,
        finds=Finds.none(transform),
        memory={},
        proposals=None,
        ballot=ballot,
    )
    return state, questions


def advance(state: ShardState, replies: Replies) -> tuple[ShardState, Questions]:
    """Take the replies to the questions that are out; return the new state and the next questions.

    No questions means that every search has ended.
    """
    state, questions = _step(state, replies)
    while not questions and Outcome.CLIMBING in state.outcome:
        state, questions = _step(state, {})
    return state, questions


def _step(state: ShardState, replies: Replies) -> tuple[ShardState, Questions]:
    """Complete what is pending; there may be nothing to ask, say if all candidates are unrealistic."""
    state = replace(state, ballot=state.ballot.collected(replies))
    if state.proposals is None:
        return _propose(_judge_seeds(state))
    if state.ballot.promising is None:
        return _ask_voters(state, state.proposals)
    return _propose(_decide(state, state.proposals, state.ballot.promising))


def _judge_seeds(state: ShardState) -> ShardState:
    """Skip searches whose seed is already disputed, fail those on which a peer's output is not finite."""
    ballot, rules, shard = state.ballot, state.rules, state.shard
    votes = ballot.votes
    broken = ~np.isfinite(votes.score).all(axis=0)
    disputed = ~unanimous(votes.predicted, state.labels) & ~broken
    outcome, reason = state.outcome.copy(), state.reason.copy()
    outcome[broken] = Outcome.FAILED
    otherwise = ["a peer's output for the seed is not finite"] * int(broken.sum())
    reason[broken] = ballot.why(np.flatnonzero(broken), otherwise, "the seed")
    outcome[disputed], reason[disputed] = Outcome.SKIPPED, "the panel disputes the seed"
    start = np.where(broken | disputed, np.nan, votes.of(shard.target).score).astype(np.float32)
    return replace(
        state,
        outcome=outcome,
        reason=reason,
        start_score=start,
        position=replace(state.position, score=start.copy()),
        memory=rules.strategy.proposer.begin(rules.transform, shard, votes),
        tally=state.tally.spent(ballot, np.arange(len(shard)), shard.target, state.labels),
    )


def _propose(state: ShardState) -> tuple[ShardState, Questions]:
    """Make every climbing search's next candidates and ask each target about its own."""
    state, active, count = _counted(state)
    if not len(active):
        return replace(state, ballot=no_ballot()), no_questions()
    rules, shard, proposer = state.rules, state.shard, state.rules.strategy.proposer
    search = np.repeat(active, count)
    offset = np.arange(len(search)) - np.repeat(np.cumsum(count) - count, count)
    step = state.tally.candidates[search] + offset
    draws = proposer.draws(rules.transform)
    uniform = uniforms(rules.run_seed, Purpose.MOVE, shard.search_id[search], step, draws)
    offer = proposer.propose(rules.transform, state.memory, state.position, search, uniform)
    realistic = rules.transform.within_budget(offer.composed)
    proposals = Proposals(search, step, shard.target[search], state.labels[search], offer, realistic)
    rows = np.flatnonzero(realistic)
    asked = {peer: rows[proposals.target[rows] == peer] for peer in range(rules.peers)}
    votes, seeds = rules.no_votes(len(search)), shard.seed_id[search]
    ballot, questions = ask(votes, asked, seeds, offer.composed, TakeGradient.IF_CORRECT)
    return replace(state, proposals=proposals, ballot=ballot), questions


def _counted(state: ShardState) -> tuple[ShardState, Ints, Ints]:
    """End the searches that are over; return the others and how many candidates each tries next."""
    strategy, outcome = state.rules.strategy, state.outcome.copy()
    active = np.flatnonzero(outcome == Outcome.CLIMBING)
    stale, found = state.tally.stale[active], np.isin(active, state.finds.search)
    wanted = strategy.proposer.count(state.memory, active, stale)
    count = strategy.acceptance.tries(wanted, np.maximum(state.rules.patience - stale, 0), found)
    over = count == 0
    outcome[active[over]] = np.where(found[over], Outcome.MISTAKE, Outcome.EXHAUSTED)
    return replace(state, outcome=outcome), active[~over], count[~over]


def _ask_voters(state: ShardState, proposals: Proposals) -> tuple[ShardState, Questions]:
    """Ask the voters about the candidates that look promising from the targets' answers."""
    rules, before = state.rules, state.ballot
    evidence = before.votes.of(proposals.target)
    promising = rules.strategy.acceptance.promising(state.position, proposals, evidence)
    worth = promising & np.isfinite(evidence.score)
    votes = is_voter(rules.peers, proposals.target, state.shard.voters[proposals.search]) & worth
    asked = {peer: np.flatnonzero(votes[peer]) for peer in range(rules.peers)}
    seeds = state.shard.seed_id[proposals.search]
    ballot, questions = ask(before.votes, asked, seeds, proposals.offer.composed, TakeGradient.IF_WRONG)
    ballot = replace(ballot, promising=np.flatnonzero(worth), failure=before.failure)
    tally = state.tally.spent(before, proposals.search, proposals.target, proposals.label)
    return replace(state, tally=tally, ballot=ballot), questions


def _decide(state: ShardState, proposals: Proposals, promising: Ints) -> ShardState:
    """Accept candidates, record mistakes and learn.

    A network that answers without sense fails the search, but only if the search gets as far as the
    candidate: what lies behind an accepted one was speculative.
    """
    rules, votes, position = state.rules, state.ballot.votes, state.position
    acceptance, transform = rules.strategy.acceptance, rules.transform
    evidence = votes.of(proposals.target)
    broken = np.asarray((votes.asked & ~np.isfinite(votes.score)).any(axis=0))
    consensus = _consensus(votes, proposals, promising)
    chosen = acceptance.accept(position, proposals, evidence, consensus, broken)
    mistakes = consensus & ~broken & evidence.wrong(proposals.label) & chosen.tried(proposals)
    mistakes &= ~np.isin(proposals.search, proposals.search[chosen.failed])
    kept = acceptance.keep(transform, state.memory, proposals, votes, np.flatnonzero(mistakes))
    tally = state.tally.spent(state.ballot, proposals.search, proposals.target, proposals.label)
    return replace(
        _failed(state, proposals, chosen.failed),
        position=position.moved(proposals, chosen.accepted, evidence.score[chosen.accepted]),
        tally=tally.counted(proposals, promising, consensus, chosen),
        finds=state.finds.plus(position, proposals, votes, kept),
        memory=rules.strategy.proposer.learn(transform, state.memory, proposals, votes, consensus & ~broken),
    )


def _consensus(votes: Votes, proposals: Proposals, promising: Ints) -> Bools:
    """Tell on which of the promising proposals all voters keep the label; (m,)."""
    peers = len(votes.asked)
    voted = votes.asked & (np.arange(peers)[:, None] != proposals.target)
    consensus = np.zeros(len(proposals), bool)
    consensus[promising] = (~voted | (votes.predicted == proposals.label)).all(axis=0)[promising]
    return consensus


def _failed(state: ShardState, proposals: Proposals, rows: Ints) -> ShardState:
    """Fail searches at some rows of the proposals, and say why."""
    outcome, reason, search = state.outcome.copy(), state.reason.copy(), proposals.search[rows]
    score = state.ballot.votes.of(proposals.target).score[rows]
    whose = np.where(np.isfinite(score), "a peer's", "the target's")
    otherwise = [f"{who} output for a candidate is not finite" for who in whose]
    outcome[search] = Outcome.FAILED
    reason[search] = state.ballot.why(rows, otherwise, "a candidate")
    return replace(state, outcome=outcome, reason=reason)
