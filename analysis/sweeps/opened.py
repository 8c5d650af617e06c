"""A sweep as it lies on disk, opened to be read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import pandas as pd
import pyarrow as pa

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.networks import members
from outvoted.actors.networks.members import Member
from outvoted.actors.runs.run_folder import RunRecord
from outvoted.actors.sweeps.mined_settings import Mining
from outvoted.actors.sweeps.sweep_store import FINISHED, SweepStore
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.report.claims import Claim
from outvoted.analysis.report.report import Plot
from outvoted.analysis.report.table import Table
from outvoted.analysis.sweeps.base import Experiment, Setting, Unit, peer_name


@dataclass(frozen=True)
class ExperimentReport:
    """What an experiment has shown so far.

    Attributes:
        values: the same as plain values, for ``summary.json``.
        tables: those of the terminal, without the claims.
        claims: what the paper claims, checked on the sweep.
        note: is added to what is said below the claims.
        plot: of a page.
        figures: the names of the pictures in ``figures/``.
    """

    values: Mapping[str, Any]
    tables: Sequence[Table]
    claims: Sequence[Claim]
    note: str
    plot: Plot
    figures: Sequence[str]


class OpenedSweep:
    """Reads a sweep's configuration, data, rows, votes and networks."""

    def __init__(self, experiment: Experiment, run: OpenedRun) -> None:
        """Take an experiment and the run that recorded it."""
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
        """All networks of the sweep: by setting, then by seed, whether they are there or not."""
        return tuple(Unit(setting, seed) for setting in self.settings for seed in self.seeds)

    @cached_property
    def finished(self) -> tuple[Unit, ...]:
        """The networks that were trained to their end."""
        outcomes = self.store.outcomes()
        return tuple(unit for unit in self.units if outcomes.get(unit.name) == FINISHED)

    @property
    def data(self) -> Dataset:
        """The data set of the sweep, whose fingerprint must be that of the sweep.

        Of a setting with noise or a selection see ``Experiment.data``.
        """
        return self.run.data

    @cached_property
    def trials(self) -> pd.DataFrame:
        """All rows of the units that have ended, stopped and failed ones too (schema.TRIALS)."""
        return self.store.trials(unit.name for unit in self.units)

    def votes(self, unit: Unit) -> pa.Table:
        """Read what a trained network answered (schema.VOTES)."""
        return self.store.votes(unit.name)

    def member(self, unit: Unit) -> Member:
        """Read a trained network."""
        return members.load(self.store.networks(unit.name), self.run.trust)[0]

    def panel(self, setting: Setting) -> tuple[Member, ...] | None:
        """Read the networks of a setting as a panel, called by their seeds; None unless all are trained."""
        units = [Unit(setting, seed) for seed in self.seeds]
        if not set(units) <= set(self.finished):
            return None
        return tuple(replace(self.member(unit), name=peer_name(unit.seed)) for unit in units)
