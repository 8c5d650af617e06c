"""What a sweep shows: its experiment's tables, claims and pictures, and how easily networks are outvoted."""

from collections.abc import Iterator
from pathlib import Path

import plotly.graph_objects as go

from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.report.claims import claims_table
from outvoted.analysis.report.drawing import TARGET, plot_text
from outvoted.analysis.report.numbers import Proportion
from outvoted.analysis.report.report import Plot, Report, Section, pictures, titled
from outvoted.analysis.report.table import Table
from outvoted.analysis.sweeps.kinds import open_sweep
from outvoted.analysis.sweeps.opened import ExperimentReport
from outvoted.analysis.sweeps.outvoted_settings import MiningReport, outvoted_table, write_mining_report
from outvoted.analysis.sweeps.plots import shares_up

_VERDICTS = {"holds": "claims hold", "does not hold here": "do not hold here", "undecided": "are undecided"}


def sweep_report(run: OpenedRun) -> Report:
    """Report what a sweep, finished or under way, has shown; its pictures are drawn.

    Raises:
        OutvotedError: nothing is trained yet, its data or a file is missing, or the disk refuses.
    """
    sweep = open_sweep(run)
    if not sweep.store.outcomes():
        raise run.without("trained networks")
    found = sweep.experiment.report(sweep)
    mined = None if sweep.mining is None else write_mining_report(sweep)
    tables = [*found.tables, *([] if mined is None else [outvoted_table(mined)])]
    tables.append(claims_table(found.claims, found.note))
    verdicts = [str(claim.verdict) for claim in found.claims if not claim.single]
    headlines = [(f"{len(verdicts):,}", "tests of the paper's claims")]
    headlines += [(f"{verdicts.count(verdict)}", said) for verdict, said in _VERDICTS.items()]
    return Report(
        {"experiment": found.values, "mined": None if mined is None else mined.to_json()},
        tables,
        headlines,
        lambda _: _sections(found, mined, tables, run.store.path / "figures"),
    )


def _sections(
    found: ExperimentReport, mined: MiningReport | None, tables: list[Table], folder: Path
) -> Iterator[Section]:
    plots = [found.plot, *([] if mined is None else [_mined(mined)])]
    yield Section("Results", parts=(*tables, *plots))
    names = [*found.figures, *([] if mined is None else ["outvoted.png"])]
    drawn = pictures(folder, {name: titled(name) for name in names})
    if drawn:
        yield Section("Pictures", parts=drawn)


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
    shares_up(figure, "")
    return Plot(figure, "Searches that end in a mistake, by setting, with Wilson's 95 % intervals.")
