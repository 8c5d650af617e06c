"""Strategies side by side: what a mistake costs each, and how varied its mistakes are."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from rich.table import Table

from outvoted.actors.runs.failures import Failed, failures
from outvoted.actors.runs.files import write_json
from outvoted.actors.runs.store import RunStore
from outvoted.analysis.mining.map_of_weaknesses import Cell, Grid, Span, cells, span
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.search.climb import Outcome


@dataclass(frozen=True)
class Compared:
    """One strategy's run.

    Attributes:
        searches: searches that began; skipped and failed ones are not among them.
        success: share of them that found a mistake.
        inferences: forward inferences of all these searches, successful or not, for each mistake; backward
            passes count as two.
        mistakes_per_second: over the time of mining, on the machine it ran on.
        moves: median over mistakes; strategies that place candidates by knobs make one.
        validity: share of mistakes on which the referee agrees with the label.
        pairs: distinct (label, wrong class) pairs.
        cells: distinct cells of the map of weaknesses.
        coverage: ``cells`` as a share of those that any of the strategies compared has filled.
        failures: the targets some of whose searches failed.
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


def compare(runs: Mapping[str, OpenedRun], grid: Grid) -> list[Compared]:
    """Compare finished runs, named by their strategies, of one panel on the same seeds."""
    over = common_span(runs.values())
    found = {name: cells(run.mistakes.to_pandas(), run.transform, grid, over) for name, run in runs.items()}
    known = set[Cell]().union(*found.values())
    return [_compared(name, run, found[name], len(known)) for name, run in runs.items()]


def common_span(runs: Iterable[OpenedRun]) -> Span:
    """Return the span of the measures of runs that all search the same transform, at least one."""
    every = list(runs)
    return span(every[0].transform, [run.mistakes.to_pandas() for run in every])


def _compared(name: str, run: OpenedRun, found: set[Cell], known: int) -> Compared:
    searches, mistakes = run.store.frame("searches"), run.mistakes.to_pandas()
    begun = searches[searches["outcome"].isin([Outcome.MISTAKE, Outcome.EXHAUSTED])]
    spent = int(begun["inferences_target"].sum() + begun["inferences_peers"].sum())
    seconds, count = run.record.seconds_mining, len(mistakes)
    judged = mistakes["valid"].dropna().astype(bool) if count else pd.Series(dtype=bool)
    return Compared(
        strategy=name,
        searches=len(begun),
        mistakes=count,
        success=float(np.mean(begun["outcome"] == Outcome.MISTAKE)) if len(begun) else 0.0,
        inferences=spent / count if count else None,
        mistakes_per_second=count / seconds if seconds else None,
        moves=float(mistakes["moves"].median()) if count else None,
        validity=float(judged.mean()) if len(judged) else None,
        pairs=len(mistakes.groupby(["label", "predicted"])) if count else 0,
        cells=len(found),
        coverage=len(found) / known if known else 0.0,
        failures=failures(searches),
    )


def table(rows: Sequence[Compared], title: str) -> Table:
    """Draw a comparison for the terminal, 80 columns wide."""
    drawn = Table(title=title, title_justify="left")
    for name in ("strategy", "% succ", "cost", "per s", "moves", "valid", "pairs", "cells", "map"):
        drawn.add_column(name, justify="left" if name == "strategy" else "right", no_wrap=True)
    for row in rows:
        drawn.add_row(
            row.strategy,
            f"{100 * row.success:.1f}",
            _figure(row.inferences, ".0f"),
            _figure(row.mistakes_per_second, ".0f"),
            _figure(row.moves, ".0f"),
            _figure(row.validity, ".1%"),
            str(row.pairs),
            str(row.cells),
            f"{row.coverage:.0%}",
        )
    caption = (
        "% succ: searches that found a mistake; cost: forward inferences of all\n"
        "searches, in vain or not, for each mistake, a backward pass as two; per s:\n"
        "mistakes a second; moves: median; pairs: label → wrong class; cells: of the\n"
        "map of weaknesses; map: their share of the cells that any has filled"
    )
    failed = [f"{row.strategy}: {one}" for row in rows for one in row.failures]
    drawn.caption, drawn.caption_justify = "\n".join([caption, *failed]), "left"
    return drawn


def write_comparison(store: RunStore, rows: Sequence[Compared]) -> None:
    """Write ``comparison.json`` into the folder of the comparison."""
    write_json(store.path / "comparison.json", [asdict(row) for row in rows])


def _figure(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)
