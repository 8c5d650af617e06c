"""What is read of a run of mining that is measured: each table once, whatever is asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd
import pyarrow as pa

from outvoted.actors.data.datasets import DataSource
from outvoted.actors.mining.planning import MiningFigures
from outvoted.actors.mining.shards import Shards
from outvoted.actors.networks import members
from outvoted.actors.panel.panel_settings import PanelSettings, RefereeSettings
from outvoted.actors.runs import schema, tables
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.analysis.mining.cells import Grid, Span, flattened, span
from outvoted.analysis.mining.summary import SEARCHED, TargetSummary, searched
from outvoted.analysis.mining.voters import answers, begun, inferences
from outvoted.analysis.opened.mistakes import HeldMistakes, Mistakes, StoredMistakes
from outvoted.search.arrays import AnyArray, Floats
from outvoted.search.outcome import Outcome
from outvoted.search.search_settings import SearchSettings

_COUNTED = (
    *("replica", "target", "voters", "label", "predicted", "moves", "candidates", "unrealistic"),
    *("inferences_target", "inferences_peers", "valid", "realism", "margin"),
)
_MAP = Grid()


class MiningKeys(Protocol):
    """The keys of a mining run's configuration by which it is measured."""

    @property
    def data(self) -> DataSource:
        """The images."""

    @property
    def panel(self) -> PanelSettings:
        """The networks."""

    @property
    def referee(self) -> RefereeSettings | None:
        """The referee, if there is one."""

    @property
    def search(self) -> SearchSettings:
        """What is searched, and how."""


@dataclass(frozen=True)
class Effort:
    """What independent units, the seeds on which a search began, gave and took; each of shape (seeds,).

    Attributes:
        searches: that began.
        mistakes: that they found.
        inferences: forward inferences of these searches, and an equal share of those on all seeds.
    """

    searches: Floats
    mistakes: Floats
    inferences: Floats


@dataclass(frozen=True)
class RecordedMining:
    """A run of mining: what it has recorded so far.

    Attributes:
        config: how it was configured.
        folder: its own.
        held: its tables `searches` and `mistakes`, where they are in hand; else they are read.
        grid: the map whose cells are counted.
        beside: other runs whose mistakes lie on the same map.
    """

    config: MiningKeys
    folder: Path
    held: Mapping[str, pa.Table] | None = None
    grid: Grid = _MAP
    beside: "Sequence[RecordedMining]" = ()

    @cached_property
    def searches(self) -> pd.DataFrame:
        """All searches, by their ids."""
        if self.held is None:
            return Shards(self.folder).frame("searches", SEARCHED)
        rows = self.held["searches"].select(SEARCHED)
        found: pd.DataFrame = _sorted(rows, schema.SEARCHES).to_pandas()
        return found

    @cached_property
    def targets(self) -> Mapping[int, TargetSummary]:
        """What came of each target, by its place in the panel."""
        names, searches, mistakes = self.config.panel.names, self.searches, self.mistakes

        def of(place: int) -> TargetSummary:
            own, found = searches[searches["target"] == place], mistakes[mistakes["target"] == place]
            return searched(names[place], len(names), own, found)

        return {place: of(place) for place in map(int, searches["target"].unique())}

    @cached_property
    def begun(self) -> pd.DataFrame:
        """The searches that began."""
        return begun(self.searches)

    @cached_property
    def won(self) -> int:
        """How many of them found a mistake."""
        return int((self.begun["outcome"] == Outcome.MISTAKE).sum())

    @cached_property
    def found(self) -> Mistakes:
        """All mistakes, by their searches."""
        if self.held is None:
            return StoredMistakes(Shards(self.folder).units)
        some = [*schema.MISTAKES.key, *_COUNTED, "probabilities", "measures"]
        return HeldMistakes(_sorted(self.held["mistakes"].select(some), schema.MISTAKES))

    @cached_property
    def mistakes(self) -> pd.DataFrame:
        """What is counted of mistakes."""
        return pd.DataFrame(self.found.select(*_COUNTED).to_pandas())

    @cached_property
    def answered(self) -> pd.DataFrame:
        """The same with all networks' answers."""
        said = list(self.found.each(["probabilities"], answers)) if len(self.mistakes) else []
        return self.mistakes.assign(answers=said)

    @cached_property
    def described(self) -> pd.DataFrame:
        """Of each mistake label, wrong class, and what the transform measures."""
        return flattened(self.found.select("label", "predicted", "measures"))

    @property
    def span(self) -> Span:
        """What the map's bins divide."""
        return span(self.config.search.transform, (one.described for one in (self, *self.beside)))

    @cached_property
    def figures(self) -> MiningFigures:
        """What the run counts of itself; nothing where it has not begun."""
        folder = RunFolder(self.folder)
        return MiningFigures() if folder.changed_at() is None else MiningFigures.of(folder.glance())

    @cached_property
    def seed_inferences(self) -> float:
        """Forward inferences on seeds: before the run's end, as many as belong to the searches so far."""
        planned = self.figures.searches
        part = len(self.searches) / planned if planned else 1.0
        return self.figures.seed_inferences * min(part, 1.0)

    @cached_property
    def effort(self) -> Effort:
        """What was found and spent, seed by seed."""
        seeds, index = np.unique(self.begun["replica"].to_numpy(), return_inverse=True)
        each = inferences(self.begun).to_numpy(np.float64)
        spent = np.asarray(np.bincount(index, each, len(seeds)), np.float64)
        began, found = self.begun["replica"].to_numpy(), self.mistakes["replica"].to_numpy()
        searches, mistakes = (_counted(one, seeds) for one in (began, found))
        return Effort(searches, mistakes, spent + self.seed_inferences / max(len(seeds), 1))

    @cached_property
    def accuracies(self) -> Floats:
        """The peers' test accuracies, those that are known."""
        path = self.folder / "peers" / members.TABLE
        if not path.is_file():
            return np.empty(0)
        rows = tables.read(path, schema.PEERS, ["role", "test_accuracy"]).to_pandas()
        return np.asarray(rows["test_accuracy"][rows["role"] == "peer"].dropna(), np.float64)


def _counted(values: AnyArray, among: AnyArray) -> Floats:
    """Count each of some sorted values, shape (among,)."""
    return np.bincount(np.searchsorted(among, values), minlength=len(among)).astype(np.float64)


def _sorted(rows: pa.Table, form: schema.TableSchema) -> pa.Table:
    return rows.sort_by([(name, "ascending") for name in form.key])
