"""A sweep as it lies on disk, opened to be read."""

from dataclasses import replace
from functools import cached_property
from pathlib import Path

import pandas as pd
import pyarrow as pa
from pydantic import TypeAdapter

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.networks import members
from outvoted.actors.networks.members import Member
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.actors.runs.run_record import RunRecord
from outvoted.actors.sweeps.mined_settings import Mining
from outvoted.actors.sweeps.sweep_store import FINISHED, SweepStore
from outvoted.analysis.opened.stored import configured, data_of, record_of
from outvoted.analysis.sweeps.base import Experiment, Setting, Unit, peer_name
from outvoted.analysis.sweeps.kinds import AnyExperiment
from outvoted.search.errors import OutvotedError
from outvoted.search.trust import NOTHING, Trust

_EXPERIMENT: TypeAdapter[AnyExperiment] = TypeAdapter(AnyExperiment)
_SEEDS: TypeAdapter[tuple[int, ...]] = TypeAdapter(tuple[int, ...])


class OpenedSweep:
    """Reads a sweep's configuration, data, rows, votes and networks."""

    def __init__(self, path: Path, trust: Trust = NOTHING) -> None:
        """Open a folder; ``trust`` says what it names and may be imported.

        Raises:
            OutvotedError: it holds no sweep, or one of another version or with code that is not trusted.
        """
        self._trust = trust
        self.record: RunRecord = record_of(RunFolder(path), trust)
        if self.record.kind != "sweep":
            raise OutvotedError(
                expected=f"a run of `outvoted sweep` in {path}",
                found=f"a run of `outvoted {self.record.kind}`",
                remedy="choose another run: `outvoted runs` lists them",
            )
        self.experiment: Experiment = configured(_EXPERIMENT, self.record, "experiment", path, trust)
        self.seeds: tuple[int, ...] = configured(_SEEDS, self.record, "seeds", path, trust)
        self.store = SweepStore(path, self.experiment.fields())

    @property
    def mining(self) -> Mining | None:
        """How the sweep's networks are mined, if they are."""
        given = self.record.config.get("mining")
        if given is None:
            return None
        found: Mining = configured(Mining, self.record, "mining", self.store.path, self._trust)
        return found

    @property
    def settings(self) -> tuple[Setting, ...]:
        """All settings of the sweep, in order."""
        return tuple(setting for stage in self.experiment.stages() for setting in stage)

    @property
    def units(self) -> tuple[Unit, ...]:
        """All networks of the sweep: by setting, then by seed, whether they are there or not."""
        return tuple(Unit(setting, seed) for setting in self.settings for seed in self.seeds)

    @cached_property
    def finished(self) -> tuple[Unit, ...]:
        """The networks that were trained to their end."""
        outcomes = self.store.outcomes()
        return tuple(unit for unit in self.units if outcomes.get(unit.name) == FINISHED)

    @cached_property
    def data(self) -> Dataset:
        """The data set of the sweep, whose fingerprint must be that of the sweep.

        Of a setting with noise or a selection see ``Experiment.data``.
        """
        return data_of(self.record, self.store.path, self._trust)

    @cached_property
    def trials(self) -> pd.DataFrame:
        """All rows of the units that have ended, stopped and failed ones too (schema.TRIALS)."""
        return self.store.trials(unit.name for unit in self.units)

    def votes(self, unit: Unit) -> pa.Table:
        """Read what a trained network answered (schema.VOTES)."""
        return self.store.votes(unit.name)

    def member(self, unit: Unit) -> Member:
        """Read a trained network."""
        return members.load(self.store.networks(unit.name), self._trust)[0]

    def panel(self, setting: Setting) -> tuple[Member, ...] | None:
        """Read the networks of a setting as a panel, called by their seeds; None unless all are trained."""
        units = [Unit(setting, seed) for seed in self.seeds]
        if not set(units) <= set(self.finished):
            return None
        return tuple(replace(self.member(unit), name=peer_name(unit.seed)) for unit in units)
