"""What a sweep leaves for its reader: `summary.json`, pictures, and tables for the terminal."""

from dataclasses import dataclass
from typing import Any

from rich.console import RenderableType

from outvoted.actors.runs.files import write_json
from outvoted.analysis.report.claims import claims_table
from outvoted.analysis.sweeps import TemperatureExperiment
from outvoted.analysis.sweeps.mining_report import write_mining_report
from outvoted.analysis.sweeps.opened import OpenedSweep
from outvoted.analysis.sweeps.outvoted_settings import MiningReport, outvoted_table
from outvoted.analysis.sweeps.temperature import report
from outvoted.analysis.sweeps.temperature.report import TemperatureReport, write_temperature_report
from outvoted.analysis.sweeps.training_value import (
    NoiseReport,
    noise_table,
    selection_table,
    write_noise_report,
)
from outvoted.analysis.sweeps.training_value.pictures import OnStep


@dataclass(frozen=True)
class SweepReport:
    """What a sweep has shown so far; ``mined`` is None where its networks are not to be mined."""

    experiment: TemperatureReport | NoiseReport
    mined: MiningReport | None

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        mined = None if self.mined is None else self.mined.to_json()
        return {"experiment": self.experiment.to_json(), "mined": mined}

    def tables(self) -> list[RenderableType]:
        """Draw all tables for the terminal."""
        found = self.experiment
        mined = [] if self.mined is None else [outvoted_table(self.mined)]
        if isinstance(found, TemperatureReport):
            return [
                report.temperature_table(found),
                *mined,
                claims_table(found.claims, report.trained_note(found)),
            ]
        return [*_noise_tables(found), *mined, claims_table(found.claims)]


def write_sweep_report(sweep: OpenedSweep, on_step: OnStep | None = None) -> SweepReport:
    """Write `summary.json` and ``figures/`` of a sweep, finished or under way.

    Raises:
        OutvotedError: its data or a file is missing, or the disk refuses.
    """
    temperatures = isinstance(sweep.experiment, TemperatureExperiment)
    found = write_temperature_report(sweep) if temperatures else write_noise_report(sweep, on_step)
    report = SweepReport(found, None if sweep.mining is None else write_mining_report(sweep))
    write_json(sweep.store.path / "summary.json", report.to_json())
    return report


def _noise_tables(found: NoiseReport) -> list[RenderableType]:
    drawn: list[RenderableType] = []
    for rows, title in ((found.table_2, "selections"), (found.table_3, f"selections with {found.beside}")):
        if rows:
            drawn.append(selection_table(rows, found.baseline, title, found.seeds))
    if found.noises:
        drawn.append(noise_table(found.noises, found.baseline, found.seeds))
    return drawn
