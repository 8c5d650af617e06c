"""What a run of mining is measured by."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from outvoted.analysis.mining.cells import cells
from outvoted.analysis.mining.voters import held_out_answers, judged_realistic, judged_valid
from outvoted.analysis.report.grouped import independent, mean_in_groups, rate
from outvoted.analysis.report.numbers import COUNT, DECIMAL, SHARE, Form, proportion, wilson
from outvoted.analysis.tuning.measures.base import Lack, Measure, of_interval, of_share
from outvoted.analysis.tuning.measures.mined import MiningKeys, RecordedMining
from outvoted.analysis.tuning.objectives import Measured
from outvoted.search.arrays import AnyArray, Floats, Ints
from outvoted.search.outcome import Outcome

_THOUSAND = 1000
_FINE = Form(3)


def _share(hits: Ints, of: Ints, seeds: AnyArray) -> Measured:
    """Return the share of hits among all, by rows of which each has so many, from so many seeds."""
    hit, each = _by_seeds(seeds, hits, of)
    if not each.sum():
        return Measured(None)
    worth, value = int(max(independent(hit, each), 1)), float(hit.sum() / each.sum())
    return Measured(value, *wilson(value, worth), worth)


def _by_seeds(seeds: AnyArray, *values: AnyArray) -> Iterator[Floats]:
    """Add values of rows up by their seeds, each to shape (seeds,)."""
    index = np.unique(seeds, return_inverse=True)[1]
    return (np.asarray(np.bincount(index, one) if len(one) else (), np.float64) for one in values)


def _success(run: RecordedMining) -> Measured:
    won = np.asarray(run.begun["outcome"] == Outcome.MISTAKE, np.int64)
    return _share(won, np.ones_like(won), run.begun["replica"].to_numpy())


def _share_of(judged: Callable[[pd.DataFrame], "pd.Series[bool]"]) -> Callable[[RecordedMining], Measured]:
    """Take a share of the mistakes that are ``judged``."""

    def taken(run: RecordedMining) -> Measured:
        found = judged(run.mistakes)
        hits = np.asarray(found, np.int64)
        return _share(hits, np.ones_like(hits), run.mistakes["replica"].loc[found.index].to_numpy())

    return taken


def _mean_of(column: str) -> Callable[[RecordedMining], Measured]:
    """Take the mean of a column over mistakes."""

    def taken(run: RecordedMining) -> Measured:
        found = run.mistakes[column].dropna()
        values, seeds = np.asarray(found, np.float64), run.mistakes["replica"].loc[found.index].to_numpy()
        totals, each = _by_seeds(seeds, values, np.ones_like(values))
        return of_interval(mean_in_groups(totals, each), len(each))

    return taken


def _held_out(run: RecordedMining) -> Measured:
    return _share(*held_out_answers(run.answered), run.mistakes["replica"].to_numpy())


def _per(run: RecordedMining, spent: Floats, times: float) -> Measured:
    """Return how many mistakes there are for ``times`` of what was ``spent``, seed by seed.

    Where none was found, the upper end is that of the success rate: as if the next search had found one.
    """
    value, low, high = rate(run.effort.mistakes, spent)
    searches = len(run.begun)
    if value == 0:
        most = proportion(0, searches).high
        low, high = 0.0, None if most is None else most * searches / float(spent.sum())
    value, low, high = (None if end is None else times * end for end in (value, low, high))
    return Measured(value, low, high, len(spent))


def _mistakes(run: RecordedMining) -> Measured:
    found = _per(run, run.effort.searches, len(run.begun))
    return replace(found, value=float(len(run.mistakes)))


def _per_1000(run: RecordedMining) -> Measured:
    return _per(run, run.effort.inferences, _THOUSAND)


def _inferences_per_mistake(run: RecordedMining) -> Measured:
    found = _per(run, run.effort.inferences, 1)
    value, high, low = (1 / end if end else None for end in (found.value, found.low, found.high))
    return Measured(value, low, high, found.of)


def _per_second(run: RecordedMining) -> Measured:
    seconds = run.figures.seconds
    return Measured(len(run.mistakes) / seconds if seconds else None, of=len(run.begun))


def _pairs(run: RecordedMining) -> Measured:
    found = run.mistakes[["label", "predicted"]].drop_duplicates()
    return Measured(float(len(found)), of=len(run.mistakes))


def _cells(run: RecordedMining) -> Measured:
    count = len(run.mistakes)
    filled = cells(run.described, run.config.search.transform, run.grid, run.span) if count else ()
    return Measured(float(len(filled)), of=count)


def _disputed(run: RecordedMining) -> Measured:
    drawn = run.searches.drop_duplicates("replica")["outcome"]
    return of_share(proportion(int((drawn == Outcome.SKIPPED).sum()), len(drawn)))


def _accuracy(run: RecordedMining) -> Measured:
    known = run.accuracies
    return Measured(float(known.mean()) if len(known) else None, of=len(known))


def no_referee(config: MiningKeys) -> Lack | None:
    """Say that there is no referee, if there is none."""
    if config.referee is not None:
        return None
    return Lack("no referee, who would judge mistakes", "set `referee: {}` to have one trained")


def _no_realism(config: MiningKeys) -> Lack | None:
    return None if config.search.realism else Lack("search.realism: false", "set search.realism to true")


def _all_vote(config: MiningKeys) -> Lack | None:
    most = len(config.panel.names) - 1
    if config.search.voters is not None and min(config.search.voters, default=most) < most:
        return None
    return Lack(
        "all peers as voters, none held out",
        f"let fewer vote: search.voters: [{max(most - 1, 1)}]",
    )


Mines = Measure[RecordedMining, MiningKeys]
MEASURES: tuple[Mines, ...] = (
    Mines(
        "success",
        "success rate",
        "share of searches that found a mistake",
        "maximise",
        SHARE,
        _success,
        "binomial",
    ),
    Mines(
        "mistakes",
        "verified mistakes",
        "how many",
        "maximise",
        COUNT,
        _mistakes,
        over="seeds",
        early=False,
    ),
    Mines(
        "mistakes_per_1000",
        "mistakes per 1,000 inferences",
        "inferences of all searches, successful or not, and on their seeds; a backward pass counts as two",
        "maximise",
        Form(2),
        _per_1000,
        over="seeds",
    ),
    Mines(
        "inferences_per_mistake",
        "inferences per mistake",
        "the reciprocal of the same",
        "minimise",
        COUNT,
        _inferences_per_mistake,
        over="seeds",
    ),
    Mines(
        "mistakes_per_second",
        "mistakes per second",
        "of mining, on the machine it ran on",
        "maximise",
        DECIMAL,
        _per_second,
        None,
        early=False,
        reproducible=False,
    ),
    Mines(
        "moves",
        "moves per mistake",
        "accepted moves, mean",
        "minimise",
        DECIMAL,
        _mean_of("moves"),
        over="seeds",
    ),
    Mines(
        "validity",
        "validity",
        "share of mistakes whose label the referee sees, of those it judged",
        "maximise",
        SHARE,
        _share_of(judged_valid),
        "binomial",
        lack=no_referee,
    ),
    Mines(
        "realism",
        "realism",
        "share of real images of the label that lie farther out than a mistake, mean",
        "maximise",
        _FINE,
        _mean_of("realism"),
        over="seeds",
        lack=_no_realism,
    ),
    Mines(
        "realistic",
        "realistic",
        "share of mistakes of a realism of at least 0.05",
        "maximise",
        SHARE,
        _share_of(judged_realistic),
        "binomial",
        lack=_no_realism,
    ),
    Mines(
        "margin",
        "margin",
        "the least voter's probability of the label minus the target's, mean",
        "maximise",
        _FINE,
        _mean_of("margin"),
        over="seeds",
    ),
    Mines(
        "held_out_agreement",
        "held-out agreement",
        "share of held-out peers' answers to mistakes that are the label",
        "maximise",
        SHARE,
        _held_out,
        "binomial",
        lack=_all_vote,
    ),
    Mines(
        "pairs",
        "label → class pairs",
        "distinct pairs of a label and the wrong class",
        "maximise",
        COUNT,
        _pairs,
        None,
        early=False,
    ),
    Mines(
        "cells",
        "cells of the map",
        "distinct cells of the map of weaknesses: label, wrong class, and four bins of each of the "
        "transform's first three measures (of a comparison, as its `map` says)",
        "maximise",
        COUNT,
        _cells,
        None,
        early=False,
    ),
    Mines(
        "disputed",
        "disputed seeds",
        "share of drawn seeds that not all peers classify correctly",
        "minimise",
        SHARE,
        _disputed,
        "binomial",
    ),
    Mines("accuracy", "test accuracy", "of the panel's peers, mean", "maximise", SHARE, _accuracy, None),
)
