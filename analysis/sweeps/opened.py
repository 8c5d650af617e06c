"""A sweep on disk, opened to be read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.networks import members
from outvoted.actors.networks.members import Member
from outvoted.actors.runs.run_folder import RunRecord
from outvoted.actors.sweeps.mined_settings import Mining
from outvoted.actors.sweeps.sweep_store import FINISHED, SweepStore
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.report.claims import Claim
from outvoted.analysis.report.table import Table
from outvoted.analysis.sweeps.base import Experiment, Setting, Unit, peer_name

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Findings:
    """What an experiment has shown so far.

    Attributes:
        values: its figures, for ``summary.json``.
        tables: those of the terminal, without the claims.
        claims: the paper's claims, tested on the sweep.
        note: appended to the caption of the claims.
        pictures: draws each picture, by its name in ``figures/``, without the ending.
    """

    values: Mapping[str, Any]
    tables: Sequence[Table]
    claims: Sequence[Claim]
    note: str
    pictures: Mapping[str, Callable[[Path], object]]


class OpenedSweep:
    """Reads a sweep's configuration, data, rows, votes and networks."""

    def __init__(self, experiment: Experiment, run: OpenedRun) -> None:
        """Open the run that recorded an experiment."""
        self.experiment, self.run = experiment, run
        self.seeds: tuple[int, ...] = run.configured("seeds", tuple[int, ...])
        self.store = SweepStore(run.store.path, experiment.fields())

    @property
    def record(self) -> RunRecord:
        """What ``run.json`` says."""
        return self.run.record

    @property
    def mining(self) -> Mining | None:
        """How the sweep's networks are mined, if they are."""
        given = self.record.config.get("mining")
        if given is None:
            return None
        found: Mining = self.run.configured("mining", Mining)
        return found

    @property
    def settings(self) -> tuple[Setting, ...]:
        """All settings of the sweep, in order."""
        return tuple(setting for stage in self.experiment.stages() for setting in stage)

    @property
    def units(self) -> tuple[Unit, ...]:
        """All networks of the sweep, by setting and seed, trained or not."""
        return tuple(Unit(setting, seed) for setting in self.settings for seed in self.seeds)

    @cached_property
    def finished(self) -> tuple[Unit, ...]:
        """The networks that were trained to the last epoch."""
        outcomes = self.store.outcomes()
        return tuple(unit for unit in self.units if outcomes.get(unit.name) == FINISHED)

    @property
    def data(self) -> Dataset:
        """The sweep's data set, its fingerprint verified; see ``Experiment.data`` for that of a setting."""
        return self.run.data

    @cached_property
    def trials(self) -> "pd.DataFrame":
        """All rows of the units that have ended, including stopped and failed ones (schema.TRIALS)."""
        return self.store.trials(unit.name for unit in self.units)

    def votes(self, unit: Unit) -> pa.Table:
        """Read a trained network's votes (schema.VOTES)."""
        return self.store.votes(unit.name)

    def member(self, unit: Unit) -> Member:
        """Read a trained network."""
        return members.load(self.store.networks(unit.name), self.run.trust)[0]

    def panel(self, setting: Setting) -> tuple[Member, ...] | None:
        """Read a setting's networks as a panel, named by their seeds; None unless all are trained."""
        units = [Unit(setting, seed) for seed in self.seeds]
        if not set(units) <= set(self.finished):
            return None
        return tuple(replace(self.member(unit), name=peer_name(unit.seed)) for unit in units)
