"""A sweep as it lies on disk, opened to be read."""

from dataclasses import replace
from functools import cached_property
from pathlib import Path

import pandas as pd
import pyarrow as pa
from pydantic import TypeAdapter, ValidationError

from outvoted.actors import datasets, members
from outvoted.actors.datasets import Dataset, DataSource
from outvoted.actors.member import Member
from outvoted.actors.mined_settings import Mining
from outvoted.actors.run_record import RunRecord
from outvoted.actors.store import RunStore
from outvoted.actors.sweep_store import FINISHED, SweepStore
from outvoted.analysis.sweeps import AnyExperiment, Experiment, Setting, Unit, peer_name
from outvoted.search.errors import OutvotedError

_EXPERIMENT: TypeAdapter[AnyExperiment] = TypeAdapter(AnyExperiment)
_DATA: TypeAdapter[DataSource] = TypeAdapter(DataSource)


class OpenedSweep:
    """Reads a sweep's configuration, data, rows, votes and networks."""

    def __init__(self, path: Path) -> None:
        """Open a folder.

        Raises:
            OutvotedError: it holds no sweep, or one of another version.
        """
        self.record: RunRecord = RunStore(path).read_record()
        if self.record.kind != "sweep":
            raise OutvotedError(
                expected=f"a run of `outvoted sweep` in {path}",
                found=f"a run of `outvoted {self.record.kind}`",
                remedy="choose another run: `outvoted runs` lists them",
            )
        try:
            self.experiment: Experiment = _EXPERIMENT.validate_python(self.record.config["experiment"])
            self.seeds = tuple(int(seed) for seed in self.record.config["seeds"])
        except (KeyError, TypeError, ValidationError) as error:
            raise OutvotedError(
                expected=f"a sweep of this version of Outvoted in {path}",
                found=f"another configuration: {str(error).splitlines()[0]}",
                remedy="read it with the version that wrote it: run.json says which",
            ) from error
        self.store = SweepStore(path, self.experiment.fields())

    @property
    def mining(self) -> Mining | None:
        """How the sweep's networks are mined, if they are."""
        given = self.record.config.get("mining")
        return None if given is None else Mining.model_validate(given)

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
        """The data set of the sweep; of a setting with noise or a selection see ``Experiment.data``."""
        return datasets.load(_DATA.validate_python(self.record.config["data"]))

    @cached_property
    def trials(self) -> pd.DataFrame:
        """All rows of the units that have ended, stopped and failed ones too (schema.trials)."""
        return self.store.trials(unit.name for unit in self.units)

    def votes(self, unit: Unit) -> pa.Table:
        """Read what a trained network answered (schema.votes)."""
        return self.store.votes(unit.name)

    def member(self, unit: Unit) -> Member:
        """Read a trained network."""
        return members.load(self.store.networks(unit.name))[0]

    def panel(self, setting: Setting) -> tuple[Member, ...] | None:
        """Read the networks of a setting as a panel, called by their seeds; None unless all are trained."""
        units = [Unit(setting, seed) for seed in self.seeds]
        if not set(units) <= set(self.finished):
            return None
        return tuple(replace(self.member(unit), name=peer_name(unit.seed)) for unit in units)
