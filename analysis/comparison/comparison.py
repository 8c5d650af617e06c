"""Strategies side by side: what a mistake costs each of them, and how varied its mistakes are."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from outvoted.actors.mining.planning import MiningFigures
from outvoted.actors.mining.shards import Failed, Shards, failures
from outvoted.analysis.mining.cells import Cell, Grid, Span, cells, span
from outvoted.analysis.mining.mistakes import mistakes_measured
from outvoted.analysis.mining.summary import SEARCHED
from outvoted.analysis.mining.voters import begun, inferences, validity
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.report.numbers import COUNT, PERCENT, SHARE, Form
from outvoted.analysis.report.table import Column, Table, table_of
from outvoted.search.outcome import Outcome
from outvoted.search.transforms import Transform


@dataclass(frozen=True)
class Compared:
    """One strategy's run.

    Attributes:
        searches: those that began, without skipped and failed ones.
        success: share of them that found a mistake.
        inferences: forward inferences of all these searches, successful or not, and those on their seeds,
            per mistake; a backward pass counts as two.
        mistakes_per_second: of mining time, on the machine it ran on.
        moves: median over mistakes; strategies that place candidates by knobs make one move.
        validity: share of mistakes on which the referee agrees with the label.
        pairs: distinct (label, wrong class) pairs.
        cells: distinct cells of the map of weaknesses.
        coverage: ``cells`` as a share of those that any of the compared strategies filled.
        failures: the targets with failed searches.
    """

    strategy: str
    searches: int
    mistakes: int
    success: float
    inferences: float | None
    mistakes_per_second: float | None
    moves: float | None
    validity: float | None
    pairs: int
    cells: int
    coverage: float
    failures: tuple[Failed, ...] = ()


@dataclass(frozen=True)
class StrategyRun:
    """What one strategy has found, wherever that is kept.

    Attributes:
        mistakes: what is measured of them: see :func:`mistakes_measured`.
        searches: all rows.
        seed_inferences: forward inferences on seeds.
        seconds: of mining, 0 where that was not measured.
    """

    transform: Transform
    mistakes: pd.DataFrame
    searches: pd.DataFrame
    seed_inferences: int
    seconds: float

    @staticmethod
    def of(run: OpenedRun) -> "StrategyRun":
        """Read what a run has found."""
        figures, searches = MiningFigures.of(run.record), Shards(run.store.path).frame("searches", SEARCHED)
        mistakes = mistakes_measured(run.mistakes)
        return StrategyRun(run.transform, mistakes, searches, figures.seed_inferences, figures.seconds)


def compare(runs: Mapping[str, OpenedRun | StrategyRun], grid: Grid) -> list[Compared]:
    """Compare strategies on one panel and the same seeds, by their names."""
    read = {name: StrategyRun.of(run) if isinstance(run, OpenedRun) else run for name, run in runs.items()}
    over = common_span(read.values())
    found = {name: cells(run.mistakes, run.transform, grid, over) for name, run in read.items()}
    known = set[Cell]().union(*found.values())
    return [_compared(name, run, found[name], len(known)) for name, run in read.items()]


def common_span(runs: "Iterable[OpenedRun | StrategyRun]") -> Span:
    """Return the span of the measures of one or more runs that all search the same transform."""
    every = [StrategyRun.of(run) if isinstance(run, OpenedRun) else run for run in runs]
    return span(every[0].transform, [run.mistakes for run in every])


def _compared(name: str, run: StrategyRun, found: set[Cell], known: int) -> Compared:
    searches, mistakes = run.searches, run.mistakes
    began = begun(searches)
    count, seconds = len(mistakes), run.seconds
    spent = int(inferences(began).sum()) + run.seed_inferences
    return Compared(
        strategy=name,
        searches=len(began),
        mistakes=count,
        success=float(np.mean(began["outcome"] == Outcome.MISTAKE)) if len(began) else 0.0,
        inferences=spent / count if count else None,
        mistakes_per_second=count / seconds if seconds else None,
        moves=float(mistakes["moves"].median()) if count else None,
        validity=validity(mistakes),
        pairs=len(mistakes.groupby(["label", "predicted"])) if count else 0,
        cells=len(found),
        coverage=len(found) / known if known else 0.0,
        failures=failures(searches),
    )


def comparison_table(rows: Sequence[Compared], run: str) -> Table:
    """Return a row for each strategy."""
    columns = (
        Column("strategy"),
        Column("% succ", PERCENT, "success"),
        Column("cost", COUNT, "inferences"),
        Column("per s", COUNT, "mistakes_per_second"),
        Column("moves", COUNT),
        Column("valid", SHARE, "validity"),
        Column("pairs", COUNT),
        Column("cells", COUNT),
        Column("map", Form(0, 100, unit="%"), "coverage"),
    )
    note = (
        "% succ: searches that found a mistake; cost: forward inferences of all searches, successful or not, "
        "per mistake, a backward pass counting as two; per s: mistakes per second; moves: median; pairs: "
        "label → wrong class; cells: of the map of weaknesses; map: their share of the cells that any "
        "strategy filled"
    )
    failed = [f"{row.strategy}: {one}" for row in rows for one in row.failures]
    title = f"{run}: strategies on one panel and the same seeds"
    return table_of(title, columns, rows, "\n".join([note, *failed]))
