"""Many searches in one pure state machine: replies in, questions out.

    state, questions = begin(rules, lease, labels)
    while questions:
        state, questions = advance(state, asked_in_turn(panel.ask, questions))

A round asks each target about its searches' candidates first. The voters see only those that look promising
from its answers, in turn (``outvoted.search.messages``), and none is asked about a candidate to which one has
objected. What a round is made of, ``outvoted.search.strategies`` tells. Nothing here knows who asks, or how
long it takes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from outvoted.search.arrays import Bools, Floats, Ints, Singles
from outvoted.search.consensus import is_voter, unanimous
from outvoted.search.ledger import Ballot, Finds, Tally, no_questions, no_votes, questions
from outvoted.search.messages import InTurn, Questions, Replies, TakeGradient
from outvoted.search.outcome import Outcome
from outvoted.search.plan import Lease, Shard
from outvoted.search.strategies import Evidence, Memory, Offer, Position, Proposals, Strategy, Votes
from outvoted.search.streams import Purpose, uniforms
from outvoted.search.transforms import Transform

_PIECE = 8192
"""Candidates that are made at a time; what is computed on the way takes less than a megabyte."""


@dataclass(frozen=True)
class Rules:
    """What a search depends on besides its id and the panel.

    Attributes:
        run_seed: 0 to 2**64 - 1.
        peers: number of peers in the panel.
        transform: the moves.
        strategy: which candidates are tried and accepted.
        patience: give up after this many candidates in a row without improvement.
        realism: whether mistakes are compared with real images; no search depends on it.
    """

    run_seed: int
    peers: int
    transform: Transform
    strategy: Strategy
    patience: int
    realism: bool = False

    def no_votes(self, m: int) -> Votes:
        """Return the votes on m candidates before anyone is asked."""
        return no_votes(self.peers, m, self.transform.size * self.strategy.proposer.gradients)

    def questions(
        self, asked: Mapping[int, Ints], seed_id: Ints, composed: Floats, take: TakeGradient
    ) -> Questions:
        """Put rows of candidates to peers; gradients are taken if the strategy follows them."""
        wanted = take if self.strategy.proposer.gradients else None
        return questions(asked, seed_id, composed, wanted)


@dataclass(frozen=True)
class ShardState:
    """The state of a shard's searches between two events.

    Attributes:
        lease: the searches, and what the panel says of their seeds.
        outcome: shape (n,), an Outcome for each search.
        reason: shape (n,), why a search failed or was skipped, else "".
        start_score: shape (n,), the target's log-odds of the label on the seed; NaN if the seed was
            skipped or a peer's output for it is not finite.
        finds: the mistakes found so far.
        memory: what the proposer knows; empty until the seeds are judged.
        proposals: the candidates that are being asked about; None before the seeds are judged.
        ballot: the questions that are out, and what has been said of the proposals.
    """

    rules: Rules
    lease: Lease
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

    @property
    def shard(self) -> Shard:
        """The searches."""
        return self.lease.shard


def begin(rules: Rules, lease: Lease, labels: Ints) -> tuple[ShardState, Questions]:
    """Start the searches of a lease; ``labels`` (n,).

    What the panel says of the seeds comes with the lease. If the strategy follows gradients, the peers are
    asked for them first, about each replica's seed once for all of its searches.
    """
    transform, n = rules.transform, len(lease.shard)
    unknown = np.full(n, np.nan, np.float32)
    asked = _in_play(rules, lease, labels) if rules.strategy.proposer.gradients else {}
    state = ShardState(
        rules=rules,
        lease=lease,
        labels=labels,
        position=Position.at_seeds(transform, unknown),
        tally=Tally.none(n),
        outcome=np.full(n, Outcome.CLIMBING, object),
        reason=np.full(n, "", object),
        start_score=unknown,
        finds=Finds.none(transform),
        memory={},
        proposals=None,
        ballot=Ballot(asked),
    )
    seeds = lease.seeds.seed_id
    first = rules.questions(asked, seeds, transform.identity(len(seeds)), TakeGradient.IF_CORRECT)
    return (state, first) if first else advance(state, {})


def _in_play(rules: Rules, lease: Lease, labels: Ints) -> dict[int, Ints]:
    """Return for each peer the undisputed seeds of searches in which it is the target or a voter."""
    shard, seeds = lease.shard, lease.seeds
    _, first, seed = np.unique(shard.replica, return_index=True, return_inverse=True)
    plays = is_voter(rules.peers, shard.target, shard.voters)
    plays[shard.target, np.arange(len(shard))] = True
    peer, search = np.nonzero(plays)
    wanted = np.zeros((rules.peers, len(seeds)), bool)
    wanted[peer, seed[search]] = True
    wanted &= unanimous(seeds.predicted.T, labels[first]) & np.isfinite(seeds.score).all(axis=1)
    return {peer: np.flatnonzero(rows) for peer, rows in enumerate(wanted) if rows.any()}


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
    proposals = state.proposals
    state = replace(state, ballot=state.ballot.collected(replies, proposals))
    if proposals is None:
        return _propose(_judge_seeds(state))
    if state.ballot.promising is None:
        state, questions = _ask_voters(state, proposals)
        if questions:
            return state, questions
    return _propose(_decide(state, proposals))


def _judge_seeds(state: ShardState) -> ShardState:
    """Skip searches whose seed is already disputed, fail those on which a peer's output is not finite."""
    rules, shard, seeds = state.rules, state.shard, state.lease.seeds
    seed = np.unique(shard.replica, return_inverse=True)[1]
    known = replace(rules.no_votes(len(seeds)), score=seeds.score.T, predicted=seeds.predicted.T)
    votes = state.ballot.votes(known).columns(seed)
    broken = ~np.isfinite(votes.score).all(axis=0)
    disputed = ~unanimous(votes.predicted, state.labels) & ~broken
    outcome, reason = state.outcome.copy(), state.reason.copy()
    outcome[broken], outcome[disputed] = Outcome.FAILED, Outcome.SKIPPED
    reason[disputed] = "the panel disputes the seed"
    for row in np.flatnonzero(broken):
        why = None if seeds.failure is None else seeds.failure[seed[row]]
        why = why or state.ballot.failure(seed[row])
        reason[row] = f"{why} (on the seed)" if why else "a peer's output for the seed is not finite"
    start = np.where(broken | disputed, np.nan, votes.of(shard.target).score).astype(np.float32)
    return replace(
        state,
        outcome=outcome,
        reason=reason,
        start_score=start,
        position=replace(state.position, score=start.copy()),
        memory=rules.strategy.proposer.begin(rules.transform, shard, votes),
    )


def _propose(state: ShardState) -> tuple[ShardState, Questions]:
    """Make every climbing search's next candidates and ask each target about its own."""
    state, active, count = _counted(state)
    if not len(active):
        return replace(state, ballot=Ballot({})), no_questions()
    rules, shard = state.rules, state.shard
    search = np.repeat(active, count)
    offset = np.arange(len(search)) - np.repeat(np.cumsum(count) - count, count)
    step = state.tally.candidates[search] + offset
    offer, realistic = _made(state, search, step)
    proposals = Proposals(search, step, shard.target[search], state.labels[search], offer, realistic)
    rows = np.flatnonzero(realistic)
    asked = {peer: rows[proposals.target[rows] == peer] for peer in range(rules.peers)}
    state = replace(state, proposals=proposals, ballot=Ballot({}))
    return _ask(state, proposals, asked, TakeGradient.IF_CORRECT)


def _made(state: ShardState, search: Ints, step: Ints) -> tuple[Offer, Bools]:
    """Make candidates and tell which are realistic, in pieces that stay in the processor's cache.

    Every row depends on itself alone, so the pieces are as good as the whole.
    """
    rules, transform, proposer = state.rules, state.rules.transform, state.rules.strategy.proposer
    search_id, draws = state.shard.search_id[search], proposer.draws(transform)
    offers, realistic = [], np.empty(len(search), bool)
    for first in range(0, len(search), _PIECE):
        rows = slice(first, first + _PIECE)
        uniform = uniforms(rules.run_seed, Purpose.MOVE, search_id[rows], step[rows], draws)
        offer = proposer.propose(transform, state.memory, state.position, search[rows], uniform)
        realistic[rows] = transform.within_budget(offer.composed)
        offers.append(offer)
    return offers[0] if len(offers) == 1 else Offer.joined(offers), realistic


def _ask(
    state: ShardState, proposals: Proposals, asked: Mapping[int, Ints], take: TakeGradient
) -> tuple[ShardState, Questions]:
    """Put rows of the proposals to peers; those that have nothing to answer are left out."""
    asked = {peer: rows for peer, rows in asked.items() if len(rows)}
    seeds = state.shard.seed_id[proposals.search]
    questions = state.rules.questions(asked, seeds, proposals.offer.composed, take)
    return replace(state, ballot=replace(state.ballot, asked=asked)), questions


def _counted(state: ShardState) -> tuple[ShardState, Ints, Ints]:
    """End the searches that are over; return the others and how many candidates each tries next."""
    strategy, outcome = state.rules.strategy, state.outcome.copy()
    active = np.flatnonzero(outcome == Outcome.CLIMBING)
    successful = np.zeros(len(outcome), bool)
    successful[state.finds.search] = True
    stale, found = state.tally.stale[active], successful[active]
    wanted = strategy.proposer.count(state.memory, active, stale)
    count = strategy.acceptance.tries(wanted, np.maximum(state.rules.patience - stale, 0), found)
    over = count == 0
    outcome[active[over]] = np.where(found[over], Outcome.MISTAKE, Outcome.EXHAUSTED)
    return replace(state, outcome=outcome), active[~over], count[~over]


def _ask_voters(state: ShardState, proposals: Proposals) -> tuple[ShardState, Questions]:
    """Put what looks promising from the targets' answers to the voters, in turn until one objects."""
    strategy, evidence, shard = state.rules.strategy, state.ballot.evidence(len(proposals)), state.shard
    promising = strategy.acceptance.promising(state.position, proposals, evidence)
    rows = np.flatnonzero(promising & np.isfinite(evidence.score))
    state = replace(state, ballot=replace(state.ballot, promising=rows, unopposed=rows))
    if not len(rows):
        return state, no_questions()
    search = proposals.search[rows]
    votes = is_voter(state.rules.peers, shard.target[search], shard.voters[search])
    sittings = strategy.proposer.sittings(state.lease.order)
    turn = {peer: number for number, voters in enumerate(sittings) for peer in voters}
    state, questions = _ask(
        state, proposals, {peer: rows[votes[peer]] for peer in turn}, TakeGradient.IF_WRONG
    )
    of = {peer: np.full(len(asked), turn[peer]) for peer, asked in questions.rows.items()}
    return state, replace(questions, turns=InTurn(proposals.label[rows[votes.any(axis=0)]], of))


def _decide(state: ShardState, proposals: Proposals) -> ShardState:
    """Accept candidates, record mistakes and learn.

    A network that answers without sense fails the search, but only if the search gets as far as the
    candidate: what lies behind an accepted one was speculative.
    """
    rules, position, ballot = state.rules, state.position, state.ballot
    acceptance, transform, m = rules.strategy.acceptance, rules.transform, len(proposals)
    assert ballot.promising is not None
    votes = ballot.votes(rules.no_votes(m))
    evidence = ballot.evidence(m)
    broken = np.asarray((votes.asked & ~np.isfinite(votes.score)).any(axis=0))
    consensus = np.zeros(m, bool)
    consensus[ballot.unopposed] = True
    chosen = acceptance.accept(position, proposals, evidence, consensus, broken)
    mistakes = consensus & ~broken & evidence.wrong(proposals.label) & chosen.tried(proposals)
    if len(chosen.failed):
        mistakes &= ~np.isin(proposals.search, proposals.search[chosen.failed])
    kept = acceptance.keep(transform, state.memory, proposals, votes, np.flatnonzero(mistakes))
    return replace(
        _failed(state, proposals, evidence, chosen.failed),
        position=position.moved(proposals, chosen.accepted, evidence.score[chosen.accepted]),
        tally=state.tally.spent(ballot, proposals).counted(proposals, ballot.promising, consensus, chosen),
        finds=state.finds.plus(position, proposals, votes, kept),
        memory=rules.strategy.proposer.learn(transform, state.memory, proposals, votes, consensus & ~broken),
    )


def _failed(state: ShardState, proposals: Proposals, evidence: Evidence, rows: Ints) -> ShardState:
    """Fail searches at some rows of the proposals, and say why."""
    outcome, reason, search = state.outcome.copy(), state.reason.copy(), proposals.search[rows]
    outcome[search] = Outcome.FAILED
    for row, place in zip(rows, search, strict=True):
        why = state.ballot.failure(row)
        whose = "a peer's" if np.isfinite(evidence.score[row]) else "the target's"
        reason[place] = f"{why} (on a candidate)" if why else f"{whose} output for a candidate is not finite"
    return replace(state, outcome=outcome, reason=reason)
