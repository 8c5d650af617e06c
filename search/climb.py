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
from outvoted.search.consensus import unanimous
from outvoted.search.messages import Candidates, Questions, Replies
from outvoted.search.plan import Shard
from outvoted.search.strategies import Evidence, Position, Proposals, Strategy
from outvoted.search.streams import Purpose, uniforms
from outvoted.search.tally import Tally, no_tally, tallied
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
        peers: number of peers in the panel, at least 2.
        transform: the moves.
        strategy: which moves are accepted.
        patience: give up after this many candidates in a row without improvement.
    """

    run_seed: int
    peers: int
    transform: Transform
    strategy: Strategy
    patience: int


@dataclass(frozen=True)
class Pending:
    """Questions that are out, and what their replies will complete; None while the seeds are asked about.

    ``asked`` holds for each peer the rows it was asked about, in order.
    """

    asked: dict[int, Ints]
    proposals: Proposals | None = None
    evidence: Evidence | None = None


@dataclass(frozen=True)
class Climb:
    """The state of a shard's searches between two events.

    Attributes:
        outcome: shape (n,), an Outcome for each search.
        reason: shape (n,), why a search failed or was skipped, else "".
        predicted: shape (n,), the target's wrong class where a mistake was found, else -1.
        start_score: shape (n,), the target's log-odds of the label on the seed; NaN if the seed was
            skipped or a peer's output for it is not finite.
        trail: accepted moves, round by round: (searches, moves).
    """

    rules: Rules
    shard: Shard
    labels: Ints
    position: Position
    tally: Tally
    outcome: NDArray[np.object_]
    reason: NDArray[np.object_]
    predicted: NDArray[np.int16]
    start_score: Singles
    trail: tuple[tuple[Ints, Floats], ...]
    pending: Pending

    def trails(self) -> list[Floats]:
        """Return each search's accepted moves in order, shape (moves, parameters) each."""
        width = len(self.rules.transform.parameters)
        search = np.concatenate([np.empty(0, np.int64), *(rows for rows, _ in self.trail)])
        moves = np.concatenate([np.empty((0, width)), *(moves for _, moves in self.trail)])
        order = np.argsort(search, kind="stable")
        ends = np.searchsorted(search[order], np.arange(len(self.shard) + 1))
        return [moves[order[first:last]] for first, last in pairwise(ends)]


def begin(rules: Rules, shard: Shard, labels: Ints) -> tuple[Climb, Questions]:
    """Start the searches of a shard by asking the whole panel about their seeds; ``labels`` (n,)."""
    n = len(shard)
    asked = dict.fromkeys(range(rules.peers), np.arange(n))
    climb = Climb(
        rules=rules,
        shard=shard,
        labels=labels,
        position=Position(rules.transform.identity(n), np.full(n, np.nan, np.float32)),
        tally=no_tally(n, rules.peers),
        outcome=np.full(n, Outcome.CLIMBING, object),
        reason=np.full(n, "", object),
        predicted=np.full(n, -1, np.int16),
        start_score=np.full(n, np.nan, np.float32),
        trail=(),
        pending=Pending(asked),
    )
    return climb, _questions(asked, climb.shard.seed_id, climb.position.composed)


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
    pending = climb.pending
    if pending.proposals is None:
        return _propose(_judge_seeds(climb, replies))
    if pending.evidence is None:
        return _ask_peers(climb, pending.proposals, pending.asked, replies)
    return _propose(_decide(climb, pending.proposals, pending.evidence, pending.asked, replies))


def _judge_seeds(climb: Climb, replies: Replies) -> Climb:
    """Skip searches whose seed is already disputed, fail those on which a peer's output is not finite."""
    columns = np.arange(len(climb.shard))
    scores = np.stack([replies[peer].score for peer in range(climb.rules.peers)])
    predicted = np.stack([replies[peer].predicted for peer in range(climb.rules.peers)])
    broken = ~np.isfinite(scores).all(axis=0)
    disputed = ~unanimous(predicted, climb.labels) & ~broken
    outcome, reason = climb.outcome.copy(), climb.reason.copy()
    outcome[broken], reason[broken] = Outcome.FAILED, "a peer's output for the seed is not finite"
    outcome[disputed], reason[disputed] = Outcome.SKIPPED, "the panel disputes the seed"
    start = np.where(broken | disputed, np.nan, scores[climb.shard.target, columns]).astype(np.float32)
    position = replace(climb.position, score=start.copy())
    return replace(climb, outcome=outcome, reason=reason, start_score=start, position=position)


def _propose(climb: Climb) -> tuple[Climb, Questions]:
    """Make every climbing search's next candidates and ask each target about its own."""
    rules, tally = climb.rules, climb.tally
    active = np.flatnonzero(climb.outcome == Outcome.CLIMBING)
    if not len(active):
        return replace(climb, pending=Pending({})), {}
    ahead = np.minimum(rules.strategy.lookahead(tally.stale[active]), rules.patience - tally.stale[active])
    search = np.repeat(active, ahead)
    offset = np.arange(len(search)) - np.repeat(np.cumsum(ahead) - ahead, ahead)
    step = tally.candidates[search] + offset
    ids = climb.shard.search_id[search]
    moves = rules.transform.sample(uniforms(rules.run_seed, Purpose.MOVE, ids, step, rules.transform.draws))
    composed = rules.strategy.compose(rules.transform, climb.position, search, moves)
    proposals = Proposals(search, step, moves, composed, rules.transform.within_budget(composed))
    realistic = np.flatnonzero(proposals.realistic)
    targets = climb.shard.target[search[realistic]]
    asked = {peer: realistic[targets == peer] for peer in range(rules.peers)}
    climb = replace(climb, pending=Pending(_busy(asked), proposals))
    return climb, _questions(climb.pending.asked, climb.shard.seed_id[search], composed)


def _ask_peers(
    climb: Climb, proposals: Proposals, asked: dict[int, Ints], replies: Replies
) -> tuple[Climb, Questions]:
    """Collect the targets' answers; ask the other peers about the promising candidates."""
    m = len(proposals)
    evidence = Evidence(np.full(m, np.nan, np.float32), np.full(m, -1, np.int16))
    for peer, rows in asked.items():
        evidence.score[rows], evidence.predicted[rows] = replies[peer].score, replies[peer].predicted
    climb = _count(climb, "inferences_target", proposals.search[proposals.realistic], 1)
    worth = climb.rules.strategy.promising(climb.position, proposals, evidence, climb.labels)
    promising = np.flatnonzero(worth & np.isfinite(evidence.score))
    targets = climb.shard.target[proposals.search[promising]]
    others = _busy({peer: promising[targets != peer] for peer in range(climb.rules.peers)})
    climb = _count(climb, "inferences_peers", proposals.search[promising], climb.rules.peers - 1)
    climb = replace(climb, pending=Pending(others, proposals, evidence))
    return climb, _questions(others, climb.shard.seed_id[proposals.search], proposals.composed)


def _decide(
    climb: Climb, proposals: Proposals, evidence: Evidence, asked: dict[int, Ints], replies: Replies
) -> Climb:
    """Accept each search's first promising candidate with consensus; end searches that are over.

    A network that answers without sense fails the search, but only if the search gets as far as the
    candidate: what lies behind an accepted one was looked at ahead of its time.
    """
    labels = climb.labels[proposals.search]
    broken = proposals.realistic & ~np.isfinite(evidence.score)
    consensus = np.zeros(len(proposals), bool)
    consensus[_joined(asked)] = True
    for peer, rows in asked.items():
        broken[rows] |= ~np.isfinite(replies[peer].score)
        consensus[rows] &= replies[peer].predicted == labels[rows]
    last = _first_of_each(proposals.search, consensus | broken)
    accepted, failed = last[~broken[last]], proposals.search[last[broken[last]]]
    search = proposals.search[accepted]
    tally = tallied(climb.tally, proposals, consensus, accepted, last)
    outcome, reason, predicted = climb.outcome.copy(), climb.reason.copy(), climb.predicted.copy()
    wrong = evidence.predicted[accepted] != labels[accepted]
    outcome[search[wrong]] = Outcome.MISTAKE
    predicted[search[wrong]] = evidence.predicted[accepted][wrong]
    outcome[failed] = Outcome.FAILED
    whose = np.where(np.isfinite(evidence.score[last[broken[last]]]), "a peer's", "the target's")
    reason[failed] = [f"{who} output for a candidate is not finite" for who in whose]
    outcome[(outcome == Outcome.CLIMBING) & (tally.stale >= climb.rules.patience)] = Outcome.EXHAUSTED
    return replace(
        climb,
        position=climb.position.moved(search, proposals.composed[accepted], evidence.score[accepted]),
        tally=tally,
        outcome=outcome,
        reason=reason,
        predicted=predicted,
        trail=(*climb.trail, (search, proposals.moves[accepted])) if len(search) else climb.trail,
    )


def _first_of_each(search: Ints, chosen: Bools) -> Ints:
    """Return the first chosen row of each search; ``search`` is ascending."""
    rows = np.flatnonzero(chosen)
    return rows[np.unique(search[rows], return_index=True)[1]]


def _count(climb: Climb, what: str, search: Ints, each: int) -> Climb:
    """Add ``each`` to a count, once for every occurrence of a search."""
    more = np.bincount(search, minlength=len(climb.shard)) * each
    return replace(climb, tally=replace(climb.tally, **{what: getattr(climb.tally, what) + more}))


def _questions(asked: dict[int, Ints], seed_id: Ints, composed: Floats) -> Questions:
    """Put the rows that each peer is asked about into the form that travels."""
    every = Candidates(seed_id.astype(np.int32), composed.astype(np.float32))
    return {peer: every.rows(rows) for peer, rows in asked.items()}


def _busy(asked: dict[int, Ints]) -> dict[int, Ints]:
    """Leave out peers that have nothing to answer."""
    return {peer: rows for peer, rows in asked.items() if len(rows)}


def _joined(asked: dict[int, Ints]) -> Ints:
    """Return all rows asked about."""
    return np.concatenate([np.empty(0, np.int64), *asked.values()])
