"""The acceptances that most strategies use: the first candidate that will do, or the best of a generation."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from outvoted.search.arrays import Bools, Ints
from outvoted.search.strategies.base import Acceptance, Chosen, Evidence, Memory, Position, Proposals, Votes
from outvoted.search.transforms import Transform

Judgement = Callable[[Position, Proposals, Evidence], Bools]
"""Tells which proposals are promising; (m,)."""


def lower(position: Position, proposals: Proposals, evidence: Evidence) -> Bools:
    """Tell where the target is less sure of the label than where the search stands."""
    return np.asarray(evidence.score < position.score[proposals.search])


def wrong(position: Position, proposals: Proposals, evidence: Evidence) -> Bools:
    """Tell where the target is wrong."""
    return evidence.wrong(proposals.label)


def lower_or_wrong(position: Position, proposals: Proposals, evidence: Evidence) -> Bools:
    """Tell where the target is less sure of the label, or wrong."""
    return wrong(position, proposals, evidence) | lower(position, proposals, evidence)


@dataclass(frozen=True)
class FirstOfAll(Acceptance):
    """Candidates are tried one after another; the first promising one with consensus is taken.

    Those behind it were speculative. A search ends at its first mistake, or exactly when patience is spent.
    """

    judge: Judgement

    def promising(self, position: Position, proposals: Proposals, evidence: Evidence) -> Bools:
        """Ask the judge."""
        return self.judge(position, proposals, evidence)

    def accept(
        self, position: Position, proposals: Proposals, evidence: Evidence, consensus: Bools, broken: Bools
    ) -> Chosen:
        """Take the first with consensus; fail at a broken one before it."""
        last = first_of_each(proposals.search, consensus | broken)
        return Chosen(last[~broken[last]], last, last[broken[last]])

    def keep(
        self, transform: Transform, memory: Memory, proposals: Proposals, votes: Votes, mistakes: Ints
    ) -> Ints:
        """Record the mistake that ends the search: no search has two."""
        return mistakes

    def tries(self, wanted: Ints, left: Ints, found: Bools) -> Ints:
        """Try what patience allows, until a mistake is found."""
        return np.where(found, 0, np.minimum(wanted, left))


@dataclass(frozen=True)
class JudgedTogether(Acceptance):
    """A round is one generation: all of it counts, and the best with consensus is accepted if it is better.

    Mistakes are better than others, and lower scores than higher ones.
    """

    judge: Judgement

    def promising(self, position: Position, proposals: Proposals, evidence: Evidence) -> Bools:
        """Ask the judge."""
        return self.judge(position, proposals, evidence)

    def accept(
        self, position: Position, proposals: Proposals, evidence: Evidence, consensus: Bools, broken: Bools
    ) -> Chosen:
        """Take each search's best; fail searches with a broken candidate."""
        failed = first_of_each(proposals.search, broken)
        usable = consensus & lower_or_wrong(position, proposals, evidence)
        if len(failed):
            usable &= ~np.isin(proposals.search, proposals.search[failed])
        rows = np.flatnonzero(usable)
        search, right = proposals.search[rows], ~evidence.wrong(proposals.label)[rows]
        rank = rows[np.lexsort((evidence.score[rows], right, search))]
        return Chosen(rank[first_of_each(proposals.search[rank], usable[rank])], failed, failed)


@dataclass(frozen=True)
class BestOfGeneration(JudgedTogether):
    """A search ends with the first generation that has mistakes, the clearest of which is recorded.

    Or with the generation in which patience is spent.
    """

    def keep(
        self, transform: Transform, memory: Memory, proposals: Proposals, votes: Votes, mistakes: Ints
    ) -> Ints:
        """Record the one with the lowest score, the first of several."""
        search = proposals.search[mistakes]
        rank = np.lexsort((votes.of(proposals.target).score[mistakes], search))
        return np.asarray(mistakes[rank][first_of_each(search[rank], np.ones(len(rank), bool))])

    def tries(self, wanted: Ints, left: Ints, found: Bools) -> Ints:
        """Try whole generations, until a mistake is found."""
        return np.where(found | (left == 0), 0, wanted)


def first_of_each(search: Ints, chosen: Bools) -> Ints:
    """Return the first chosen row of each search; ``search`` is ascending."""
    rows = np.flatnonzero(chosen)
    return rows[np.unique(search[rows], return_index=True)[1]]
