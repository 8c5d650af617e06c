"""What a sweep leaves for its reader: `summary.json`, pictures, tables, sections of a page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
from rich.console import RenderableType

from outvoted.actors.runs.files import write_json
from outvoted.analysis.report.claims import claims_table
from outvoted.analysis.report.drawing import PEERS, TARGET, plot_text
from outvoted.analysis.report.from_rich import Told, all_from_rich
from outvoted.analysis.report.numbers import Proportion, Spread
from outvoted.analysis.report.report import Plot, Section, pictures, titled
from outvoted.analysis.sweeps.noise_class.pictures import OnStep
from outvoted.analysis.sweeps.noise_class.report import (
    NoiseReport,
    Row,
    noise_table,
    selection_table,
    write_noise_report,
)
from outvoted.analysis.sweeps.opened import OpenedSweep
from outvoted.analysis.sweeps.outvoted_settings import MiningReport, outvoted_table, write_mining_report
from outvoted.analysis.sweeps.temperature import report
from outvoted.analysis.sweeps.temperature.experiment import TemperatureExperiment
from outvoted.analysis.sweeps.temperature.measurements import temperature_name
from outvoted.analysis.sweeps.temperature.report import TemperatureReport, write_temperature_report


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


_VERDICTS = {"holds": "claims hold", "does not hold here": "do not hold here", "undecided": "are undecided"}
_OF_LINES = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")


def told_by_sweeping(report: SweepReport, folder: Path) -> Told:
    """Say what a sweep has shown so far; its pictures lie in ``figures/`` of its folder."""
    claims = report.experiment.claims
    verdicts = [str(claim.verdict) for claim in claims if not claim.single]
    headlines = [(f"{len(verdicts):,}", "tests of the paper's claims")]
    headlines += [(f"{verdicts.count(verdict)}", said) for verdict, said in _VERDICTS.items()]
    return Told(headlines, tuple(_sections(report, folder)))


def _sections(report: SweepReport, folder: Path) -> Iterator[Section]:
    found = report.experiment
    plots = [_temperatures(found) if isinstance(found, TemperatureReport) else _accuracies(found)]
    if report.mined is not None:
        plots.append(_mined(report.mined))
    yield Section("Results", parts=(*all_from_rich(report.tables()), *plots))
    names = [Path(name).name for name in found.figures]
    if report.mined is not None:
        names.append("outvoted.png")
    drawn = pictures(folder / "figures", {name: titled(name) for name in names})
    if drawn:
        yield Section("Pictures", parts=drawn)


def _temperatures(report: TemperatureReport) -> Plot:
    """Draw accuracy, and robustness for each epsilon, against the temperature."""
    figure = go.Figure()
    names = [temperature_name(row.temperature) for row in report.rows]
    lines = {"without an attack": [row.test_accuracy for row in report.rows]}
    for place, epsilon in enumerate(report.epsilons):
        lines[f"FGSM, ε {epsilon:g}"] = [row.robustness[place] for row in report.rows]
    for index, (name, values) in enumerate(lines.items()):
        figure.add_scatter(x=names, name=name, line_color=_OF_LINES[index % len(_OF_LINES)], **_means(values))
    _shares_up(figure, "temperature T")
    return Plot(figure, "Test images right after the last epoch: mean over seeds, ± one standard deviation.")


def _accuracies(report: NoiseReport) -> Plot:
    """Draw the accuracy of every setting."""
    figure = go.Figure()
    rows: Sequence[Row] = (report.baseline, *report.table_2, *report.table_3, *report.noises)
    for added, name, colour in ((False, "without noise", TARGET), (True, "with a class of noise", PEERS)):
        shown = [row for row in rows if row.added == added]
        values = [Spread(row.test_accuracy, row.accuracy_std) for row in shown]
        if shown:
            names = [plot_text(row.setting) for row in shown]
            figure.add_scatter(x=names, name=name, line_color=colour, **_means(values, "markers"))
    _shares_up(figure, "")
    return Plot(figure, "Test images right: mean over networks, ± one standard deviation.")


def _mined(report: MiningReport) -> Plot:
    """Draw how often the networks of each setting are outvoted."""
    figure = go.Figure()
    mined = [(row.setting, row.outvoted.success) for row in report.settings if row.outvoted is not None]
    shares: list[Proportion] = [share for _, share in mined]
    above = [(share.high or 0.0) - (share.value or 0.0) for share in shares]
    below = [(share.value or 0.0) - (share.low or 0.0) for share in shares]
    figure.add_scatter(
        x=[plot_text(setting) for setting, _ in mined],
        y=[share.value for share in shares],
        error_y={"type": "data", "symmetric": False, "array": above, "arrayminus": below},
        mode="markers",
        marker={"color": TARGET, "size": 9},
    )
    _shares_up(figure, "")
    return Plot(figure, "Searches that end in a mistake, by setting, with Wilson's 95 % intervals.")


def _means(values: Sequence[Spread], mode: str = "lines+markers") -> dict[str, object]:
    return {
        "y": [value.mean for value in values],
        "error_y": {"type": "data", "array": [value.std or 0.0 for value in values], "thickness": 1},
        "mode": mode,
        "marker": {"size": 7},
    }


def _shares_up(figure: go.Figure, along: str) -> None:
    figure.update_layout(
        yaxis={"tickformat": ".1~%"},
        xaxis={"type": "category", "title": along},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
    )
