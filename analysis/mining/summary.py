"""The table of a run: what each target cost and gave, beside the paper's figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from outvoted.actors.mining.planning import MiningFigures
from outvoted.actors.mining.shards import Failed, Shards, failures
from outvoted.actors.networks import MLP, Architecture
from outvoted.actors.networks.members import Member
from outvoted.actors.runs.run_folder import State
from outvoted.analysis.mining.every_network import EveryNetwork, every_network
from outvoted.analysis.mining.people import PeopleSummary, people_said, peoples, summarise_people
from outvoted.analysis.mining.voters import VotersSummary, answers, by_voters, realistic, validity
from outvoted.analysis.opened.mistakes import Mistakes
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.report.numbers import COUNT, DECIMAL, PERCENT, SHARE, Beside, Form, Proportion
from outvoted.analysis.report.table import Cell, Column, Table
from outvoted.search.outcome import Outcome
from outvoted.search.search_settings import SearchSettings
from outvoted.search.strategies import Hillclimb
from outvoted.search.transforms import Affine

SEARCHED = (
    *("search_id", "replica", "target", "target_name", "voters", "outcome", "reason"),
    *("inferences_target", "inferences_peers"),
)
"""What a summary counts of searches."""
_COUNTED = (
    *("target", "voters", "label", "moves", "candidates", "unrealistic", "inferences_target"),
    *("inferences_peers", "valid", "realism"),
)

PAPER = {10: (63, 5, 507), 20: (25, 5, 640), 30: (9, 6, 852), 40: (5, 6, 801), 50: (7, 6, 819)}
"""Baluja et al., Table 1: hidden units to (% successful trials, moves, forward inferences)."""


@dataclass(frozen=True)
class TargetSummary:
    """One target's searches. Means are over successful searches, None where there are none.

    Attributes:
        searches: climbs begun; skipped and failed ones are not among them.
        inferences: forward inferences per success as the paper counts them: every candidate that was
            put to a network counts once for each network of the panel.
        inferences_run: forward inferences per success that were really run for these searches: the target
            is asked first and the peers only where it pays, but speculation is included; seeds are not.
        validity: share of mistakes on which the referee agrees with the label.
        realistic: share of mistakes of a realism of at least 0.05.
        people: share of the mistakes that people labelled on which a majority sees the label.
    """

    target: str
    hidden: int | None
    test_accuracy: float | None
    searches: int
    skipped: int
    failed: int
    mistakes: int
    success: float
    moves: float | None
    inferences: float | None
    inferences_run: float | None
    validity: float | None
    realistic: float | None
    paper: tuple[int, int, int] | None
    people: Proportion | None = None


@dataclass(frozen=True)
class Summary:
    """A run's headline figures and one row for each target.

    Attributes:
        weak_referee: the most accurate peer, where the referee is no more accurate; None where it is.
        people: what people make of a sample of the mistakes; None where nobody has labelled.
        seed_inferences: spent on seeds, once for all searches from them.
    """

    run: str
    state: str
    targets: tuple[TargetSummary, ...]
    mistakes: int
    validity: float | None
    realistic: float | None
    referee_accuracy: float | None
    weak_referee: str | None
    voters: tuple[VotersSummary, ...]
    every_network: EveryNetwork | None
    failures: tuple[Failed, ...]
    seed_inferences: int
    seconds_mining: float
    searches_per_second: float | None
    people: PeopleSummary | None = None


def summarise(run: OpenedRun) -> Summary:
    """Summarise what a run has recorded so far."""
    searches = Shards(run.store.path).frame("searches", SEARCHED)
    names = [member.name for member in run.peers]
    several = len(run.search.turns(names).voters) > 1
    mistakes = mistakes_counted(run.mistakes, several)
    data = run.record.data
    same = data is not None and as_in_the_paper(run.search, data.name)
    turns, paper = run.search.turns(names), PAPER if same else {}
    targets = tuple(
        _target(run.peers[index], len(names), _of(searches, index), _of(mistakes, index), paper)
        for index in turns.targets
    )
    said = peoples(run)
    if said is not None:
        by_target = dict(zip(turns.targets, targets, strict=True))
        targets = tuple(replace(row, people=said.by_target(index)) for index, row in by_target.items())
    whole = every_network(searches, len(turns.targets)) if len(turns.targets) == len(names) else None
    referee = next((member for member in run.members if member.role == "referee"), None)
    figures = MiningFigures.of(run.record)
    seconds, seeds = figures.seconds, figures.seed_inferences
    return Summary(
        run=run.record.name,
        state=run.record.state,
        targets=targets,
        mistakes=len(mistakes),
        validity=validity(mistakes),
        realistic=realistic(mistakes),
        referee_accuracy=None if referee is None else referee.test_accuracy,
        weak_referee=_weak_referee(referee, run.peers),
        voters=by_voters(searches, mistakes, seeds) if several else (),
        every_network=whole,
        failures=failures(searches),
        seed_inferences=seeds,
        seconds_mining=seconds,
        searches_per_second=len(searches) / seconds if seconds else None,
        people=None if said is None else summarise_people(said),
    )


def mistakes_counted(mistakes: Mistakes, several: bool) -> pd.DataFrame:
    """Read what a summary counts of mistakes; of ``several`` numbers of voters all answers too."""
    found = pd.DataFrame(mistakes.select(*_COUNTED).to_pandas())
    return found.assign(answers=list(mistakes.each(["probabilities"], answers))) if several else found


def summarise_rows(
    searches: pd.DataFrame, mistakes: pd.DataFrame, names: Sequence[str], targets: Sequence[int]
) -> Summary:
    """Summarise mining in this process, of which there are rows alone: accuracies and times are unknown.

    Args:
        searches: all rows.
        mistakes: see :func:`mistakes_counted`.
        names: of the panel's networks.
        targets: which of them were searched.
    """
    found = [
        searched(names[index], len(names), _of(searches, index), _of(mistakes, index)) for index in targets
    ]
    several = searches["voters"].nunique() > 1
    return Summary(
        run="",
        state=State.FINISHED,
        targets=tuple(found),
        mistakes=len(mistakes),
        validity=validity(mistakes),
        realistic=realistic(mistakes),
        referee_accuracy=None,
        weak_referee=None,
        voters=by_voters(searches, mistakes, 0) if several else (),
        every_network=every_network(searches, len(targets)) if len(targets) == len(names) else None,
        failures=failures(searches),
        seed_inferences=0,
        seconds_mining=0.0,
        searches_per_second=None,
    )


def _weak_referee(referee: Member | None, peers: Sequence[Member]) -> str | None:
    """Name the most accurate peer where the referee is no more accurate: its judgement shows little then."""
    known = [peer for peer in peers if peer.test_accuracy is not None]
    if referee is None or referee.test_accuracy is None or not known:
        return None
    best = max(known, key=lambda peer: peer.test_accuracy or 0.0)
    return best.name if referee.test_accuracy <= (best.test_accuracy or 0.0) else None


def as_in_the_paper(search: SearchSettings, data: str) -> bool:
    """Return whether a search of data of that name is the paper's, on its data or the packaged sample."""
    affine, climb = isinstance(search.transform, Affine), isinstance(search.strategy, Hillclimb)
    return affine and climb and search.voters is None and data.startswith("mnist")


def summary_table(summary: Summary) -> Table:
    """Return a row for each target; the paper's figures stand in brackets."""
    columns = [
        Column("target"),
        Column("accuracy", SHARE),
        Column("searches", COUNT),
        Column("failed", COUNT),
        Column("% success", Form(0, 100)),
        Column("moves", DECIMAL),
        Column("inferences", COUNT),
        Column("run", COUNT),
        Column("valid", SHARE),
        Column("people", PERCENT),
    ]
    some = any(row.failed for row in summary.targets)
    rows = [_row(row, row.paper or (None, None, None), some) for row in summary.targets]
    title = f"{summary.run}: {summary.mistakes:,} high-value mistakes".removeprefix(": ")
    if summary.weak_referee is not None:
        title += f"; validity not shown: the referee is no better than {summary.weak_referee}"
    return Table(title, columns, rows, "\n".join(_caption(summary))).without_empty(
        "accuracy", "failed", "valid", "people"
    )


def _row(
    row: TargetSummary, paper: tuple[int, int, int] | tuple[None, None, None], some_failed: bool
) -> tuple[Cell, ...]:
    success, moves, inferences = paper
    return (
        row.target,
        row.test_accuracy,
        row.searches,
        row.failed if some_failed else None,
        Beside(row.success, success),
        Beside(row.moves, moves),
        Beside(row.inferences, inferences),
        row.inferences_run,
        row.validity,
        row.people,
    )


def _caption(summary: Summary) -> list[str]:
    paper = "; in brackets: the paper's figures" if any(row.paper for row in summary.targets) else ""
    lines = [
        "accuracy: on test images; moves, inferences: means over successful searches; inferences: counted as "
        "in the paper, where every network sees every candidate; run: those actually run, a backward pass "
        f"counting as two; valid: the referee agrees with the label{paper}",
    ]
    if summary.validity is not None and summary.referee_accuracy is not None:
        judged = f"{summary.validity:.1%} of all mistakes are valid"
        lines.append(f"{judged}; the referee's test accuracy is {summary.referee_accuracy:.1%}")
    if summary.people is not None:
        lines.append(people_said(summary.people))
    if summary.realistic is not None:
        lines.append(
            f"{summary.realistic:.1%} of all mistakes are realistic: their voters see them no farther from "
            "real images of the label than 1 in 20 of these is from the others"
        )
    if summary.searches_per_second is not None:
        per, unit = (1, "second") if summary.searches_per_second >= 1 else (60, "minute")
        mistakes = per * summary.mistakes / summary.seconds_mining
        lines.append(
            f"mistakes per {unit}: {mistakes:.0f}; searches per {unit}: "
            f"{per * summary.searches_per_second:.0f}; time spent mining: {summary.seconds_mining:.1f} s"
        )
    if summary.seed_inferences:
        spent = summary.seed_inferences
        lines.append(f"{spent:,} inferences on seeds, asked once for all searches, are not counted under run")
    if summary.every_network is not None and summary.every_network.tried:
        whole = summary.every_network
        lines.append(f"{len(whole.replicas)} of {whole.tried} seeds drove every network to a mistake")
    return [*lines, *(str(one) for one in summary.failures)]


def _target(
    member: Member,
    peers: int,
    searches: pd.DataFrame,
    mistakes: pd.DataFrame,
    paper: Mapping[int, tuple[int, int, int]],
) -> TargetSummary:
    hidden = hidden_units(member.architecture)
    return replace(
        searched(member.name, peers, searches, mistakes),
        hidden=hidden,
        test_accuracy=member.test_accuracy,
        paper=paper.get(hidden) if hidden is not None else None,
    )


def searched(name: str, peers: int, searches: pd.DataFrame, mistakes: pd.DataFrame) -> TargetSummary:
    """Summarise what the rows of a target say, without what is known of the network itself."""
    outcomes = searches["outcome"].value_counts()
    skipped, failed = int(outcomes.get(Outcome.SKIPPED, 0)), int(outcomes.get(Outcome.FAILED, 0))
    climbed = len(searches) - skipped - failed
    won = len(mistakes) > 0
    return TargetSummary(
        target=name,
        hidden=None,
        test_accuracy=None,
        searches=climbed,
        skipped=skipped,
        failed=failed,
        mistakes=len(mistakes),
        success=int(outcomes.get(Outcome.MISTAKE, 0)) / climbed if climbed else 0.0,
        moves=_mean(mistakes["moves"]) if won else None,
        inferences=_mean(mistakes["candidates"] - mistakes["unrealistic"]) * peers if won else None,
        inferences_run=_mean(mistakes["inferences_target"] + mistakes["inferences_peers"]) if won else None,
        validity=validity(mistakes),
        realistic=realistic(mistakes),
        paper=None,
    )


def hidden_units(network: Architecture) -> int | None:
    """Return the units of a network with one hidden layer, else None."""
    return network.widths[0] if isinstance(network, MLP) and len(network.widths) == 1 else None


def _of(frame: pd.DataFrame, target: int) -> pd.DataFrame:
    return frame[frame["target"] == target] if len(frame) else frame


def _mean(column: "pd.Series[Any]") -> float:
    return float(column.to_numpy(dtype=np.float64).mean())
