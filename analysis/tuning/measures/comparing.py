"""What a comparison is measured by: the measures of mining, of one of its strategies."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from outvoted.analysis.mining.cells import Grid
from outvoted.analysis.tuning.measures import mining, published
from outvoted.analysis.tuning.measures.base import Lack, Measure
from outvoted.analysis.tuning.measures.mined import MiningKeys, RecordedMining
from outvoted.analysis.tuning.objectives import Measured


class ComparingKeys(Protocol):
    """The keys of a comparison's configuration by which it is measured."""

    @property
    def map(self) -> Grid:
        """The map whose cells are counted."""

    def parts(self) -> Iterator[tuple[str, MiningKeys]]:
        """Return a name and a configuration of mining for each strategy."""


@dataclass(frozen=True)
class RecordedComparison:
    """A comparison: what each of its strategies has recorded so far.

    Attributes:
        held: tables in hand, by ``STRATEGY/TABLE``; strategies without any are read.
    """

    config: ComparingKeys
    folder: Path
    held: Mapping[str, pa.Table] | None = None

    @cached_property
    def runs(self) -> Mapping[str, RecordedMining]:
        """The run of each strategy, by its name."""
        alone = {name: self._mined(name, config) for name, config in self.config.parts()}
        every = tuple(alone.values())
        return {
            name: replace(run, beside=[one for one in every if one is not run]) for name, run in alone.items()
        }

    def _mined(self, name: str, config: MiningKeys) -> RecordedMining:
        head = f"{name}/"
        held = {
            key.removeprefix(head): rows for key, rows in (self.held or {}).items() if key.startswith(head)
        }
        return RecordedMining(config, self.folder / name, held or None, self.config.map)


Compares = Measure[RecordedComparison, ComparingKeys]
MINING = {one.name: one for one in (*mining.MEASURES, *published.MEASURES)}


def of_strategy(name: str, measure: Measure[RecordedMining, MiningKeys]) -> Compares:
    """Return a measure of mining, taken of a strategy called ``name``."""

    def taken(run: RecordedComparison) -> Measured:
        return measure.of(run.runs[name])

    return Compares(
        f"{name}.{measure.name}",
        f"{measure.title}, {name}",
        measure.meaning,
        measure.goal,
        measure.form,
        taken,
        measure.interval,
        measure.over,
        measure.early,
        measure.reproducible,
        _lack_of(name, measure.lack),
    )


def _lack_of(name: str, lack: Callable[[MiningKeys], Lack | None]) -> Callable[[ComparingKeys], Lack | None]:
    def lacking(config: ComparingKeys) -> Lack | None:
        parts = dict(config.parts())
        if name not in parts:
            return Lack(f"no strategy {name}", f"take one of: {', '.join(parts)}")
        return lack(parts[name])

    return lacking
