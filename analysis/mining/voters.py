"""How many peers it takes: the same seeds searched against panels of different sizes.

Baluja et al., Table 2, and the second question of their section 6: does adding more peers increase
reliability at the expense of mistake coverage?
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from outvoted.actors.panel.realism import REALISTIC
from outvoted.analysis.report.numbers import COUNT, DECIMAL, PERCENT, SHARE
from outvoted.analysis.report.table import Column, Table, table_of
from outvoted.search.arrays import Ints
from outvoted.search.consensus import is_voter
from outvoted.search.outcome import Outcome


@dataclass(frozen=True)
class VotersSummary:
    """Searches in which a number of peers had to agree, over all targets.

    Attributes:
        searches: searches that began; skipped and failed ones are not among them.
        success: share of them that found a mistake.
        moves: mean over mistakes.
        validity: share of mistakes on which the referee agrees with the label.
        held_out_correct: share of answers of held-out peers that are correct; None if all voted.
        inferences: forward inferences of all these searches, and those on their seeds, for each mistake.
    """

    voters: int
    searches: int
    mistakes: int
    success: float
    moves: float | None
    validity: float | None
    held_out_correct: float | None
    inferences: float | None


def by_voters(searches: pd.DataFrame, mistakes: pd.DataFrame, seeds: int = 0) -> tuple[VotersSummary, ...]:
    """Summarise the tables of a run by the number of voters, fewest first.

    Args:
        mistakes: with a column ``answers``, each network's class: see :func:`answers`.
        seeds: inferences spent on seeds, which each number of voters would need alone too.
    """
    if searches.empty:
        return ()
    return tuple(
        _summary(voters, seeds, *(_of(table, voters) for table in (searches, mistakes)))
        for voters in sorted(map(int, searches["voters"].unique()))
    )


def _summary(voters: int, seeds: int, searches: pd.DataFrame, mistakes: pd.DataFrame) -> VotersSummary:
    began = begun(searches)
    count, won = len(mistakes), int((began["outcome"] == Outcome.MISTAKE).sum())
    spent = seeds + int(inferences(began).sum())
    return VotersSummary(
        voters=voters,
        searches=len(began),
        mistakes=count,
        success=won / len(began) if len(began) else 0.0,
        moves=float(mistakes["moves"].mean()) if count else None,
        validity=validity(mistakes),
        held_out_correct=_held_out_correct(mistakes) if count else None,
        inferences=spent / count if count else None,
    )


def begun(searches: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of searches that began: neither skipped nor failed."""
    return searches[searches["outcome"].isin([Outcome.MISTAKE, Outcome.EXHAUSTED])]


def inferences(searches: pd.DataFrame) -> "pd.Series[int]":
    """Return the forward inferences of each search, by whichever network; a backward pass counts as two."""
    return searches["inferences_target"] + searches["inferences_peers"]


def validity(mistakes: pd.DataFrame) -> float | None:
    """Return the share of mistakes on which the referee agrees with the label, of those it has judged."""
    return _share(judged_valid(mistakes))


def judged_valid(mistakes: pd.DataFrame) -> "pd.Series[bool]":
    """Return of each mistake that the referee has judged whether it agrees with the label."""
    return mistakes["valid"].dropna().astype(bool) if len(mistakes) else pd.Series(dtype=bool)


def realistic(mistakes: pd.DataFrame) -> float | None:
    """Return the share of mistakes that are realistic, of those whose realism is known."""
    return _share(judged_realistic(mistakes))


def judged_realistic(mistakes: pd.DataFrame) -> "pd.Series[bool]":
    """Return of each mistake whose realism is known whether it is realistic."""
    return mistakes["realism"].dropna() >= REALISTIC if len(mistakes) else pd.Series(dtype=bool)


def _share(found: "pd.Series[bool]") -> float | None:
    return float(found.to_numpy().mean()) if len(found) else None


def answers(mistakes: pa.Table) -> Ints:
    """Return the class of each network on each mistake, shape (n, networks), from their probabilities."""
    votes = mistakes["probabilities"].combine_chunks()
    if not len(votes):
        return np.empty((0, 0), np.int64)
    networks, classes = len(votes[0]), len(votes[0][0])
    flat = votes.flatten().flatten().to_numpy(zero_copy_only=False)
    return np.asarray(flat.reshape(len(votes), networks, classes).argmax(axis=2))


def _of(table: pd.DataFrame, voters: int) -> pd.DataFrame:
    return table[table["voters"] == voters] if len(table) else table


def _held_out_correct(mistakes: pd.DataFrame) -> float | None:
    """Return the share of held-out peers' answers that are the label."""
    right, asked = held_out_answers(mistakes)
    return float(right.sum() / asked.sum()) if asked.any() else None


def held_out_answers(mistakes: pd.DataFrame) -> tuple[Ints, Ints]:
    """Return of each mistake how many held-out peers answer its label, and how many there are; both (n,).

    Args:
        mistakes: with a column ``answers``, each network's class.
    """
    if mistakes.empty:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    right = mistakes["label"].to_numpy() == np.stack(list(mistakes["answers"])).T
    target, voters = (mistakes[name].to_numpy(np.int64) for name in ("target", "voters"))
    held_out = ~is_voter(len(right), target, voters)
    held_out[target, np.arange(len(target))] = False
    return (right & held_out).sum(0), held_out.sum(0)


def voters_table(rows: Sequence[VotersSummary]) -> Table:
    """Return a row for each number of voters."""
    columns = (
        Column("peers", COUNT, "voters"),
        Column("searches", COUNT),
        Column("% success", PERCENT, "success"),
        Column("moves", DECIMAL),
        Column("inf./mistake", COUNT, "inferences"),
        Column("valid", SHARE, "validity"),
        Column("held-out correct", SHARE, "held_out_correct"),
    )
    return table_of("by the number of peers that must agree", columns, rows)
