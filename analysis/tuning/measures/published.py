"""How far a run of mining is from the published Table 1 (Baluja, Covell & Sukthankar)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from outvoted.analysis.mining.summary import PAPER, TargetSummary, as_in_the_paper, hidden_units
from outvoted.analysis.report.numbers import DECIMAL, SHARE
from outvoted.analysis.tuning.measures.base import Lack, Measure
from outvoted.analysis.tuning.measures.mined import MiningKeys, RecordedMining
from outvoted.analysis.tuning.objectives import Measured


@dataclass(frozen=True)
class PublishedRow:
    """A row of Table 1: share of successful searches, and means of moves and inferences over these."""

    success: float
    moves: float
    inferences: float


Apart = Callable[[TargetSummary, PublishedRow], float | None]


def _rows(config: MiningKeys) -> dict[int, PublishedRow]:
    """Return the row of each network of the panel, by its place, that is in the table."""
    hidden = map(hidden_units, config.panel.networks)
    known = {place: PAPER[units] for place, units in enumerate(hidden) if units in PAPER}
    return {place: PublishedRow(row[0] / 100, row[1], row[2]) for place, row in known.items()}


def _targets(run: RecordedMining) -> Iterator[tuple[TargetSummary, PublishedRow]]:
    """Give what came of each target that was searched beside its row."""
    for place, row in _rows(run.config).items():
        if place in run.targets:
            yield run.targets[place], row


def _mean(values: Sequence[float | None]) -> Measured:
    known = [value for value in values if value is not None]
    whole = len(known) == len(values) > 0
    return Measured(sum(known) / len(known) if whole else None, of=len(values))


def _distance(apart: Apart) -> Callable[[RecordedMining], Measured]:
    return lambda run: _mean([apart(*each) for each in _targets(run)])


def _success(found: TargetSummary, row: PublishedRow) -> float | None:
    return abs(found.success - row.success) if found.searches else None


def _moves(found: TargetSummary, row: PublishedRow) -> float | None:
    return None if found.moves is None else abs(found.moves - row.moves)


def _inferences(found: TargetSummary, row: PublishedRow) -> float | None:
    return None if found.inferences is None else abs(found.inferences - row.inferences) / row.inferences


def _another_experiment(config: MiningKeys) -> Lack | None:
    if not as_in_the_paper(config.search, config.data.name):
        return Lack(
            "another experiment",
            "search MNIST, or its packaged sample, with affine moves and hillclimb, with all peers as voters",
        )
    if not _rows(config):
        return Lack(
            "none of the table's networks on the panel", "put an mlp of 10, 20, 30, 40 or 50 units on it"
        )
    return None


Mines = Measure[RecordedMining, MiningKeys]
_MEAN = ", mean over networks"
MEASURES: tuple[Mines, ...] = (
    Mines(
        "table1_success",
        "success, off Table 1",
        "absolute difference of a network's success rate from the published one" + _MEAN,
        "minimise",
        SHARE,
        _distance(_success),
        None,
        lack=_another_experiment,
    ),
    Mines(
        "table1_moves",
        "moves, off Table 1",
        "absolute difference of the mean number of moves of a network's mistakes from the published one"
        + _MEAN,
        "minimise",
        DECIMAL,
        _distance(_moves),
        None,
        lack=_another_experiment,
    ),
    Mines(
        "table1_inferences",
        "inferences, off Table 1",
        "absolute difference of the mean number of inferences, as the paper counts them, from the published "
        "one, as a share of the latter" + _MEAN,
        "minimise",
        SHARE,
        _distance(_inferences),
        None,
        lack=_another_experiment,
    ),
)
"""Each None where one of the networks has found no mistake to take it from."""
