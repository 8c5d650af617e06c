"""The command `outvoted report`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import RenderableType
from rich.text import Text

from outvoted.analysis.comparison.report import comparison_report
from outvoted.analysis.healing.report import healing_report
from outvoted.analysis.mining.report import mining_report
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.report.from_rich import Told, all_from_rich
from outvoted.analysis.report.page import page, write_page
from outvoted.analysis.report.report import Report
from outvoted.analysis.scan.report import scan_report
from outvoted.analysis.studies.opened import OpenedStudy
from outvoted.analysis.studies.study_page import told_by_studying
from outvoted.analysis.studies.study_report import write_study_report
from outvoted.analysis.sweeps.opened import OpenedSweep
from outvoted.analysis.sweeps.sweep_page import told_by_sweeping
from outvoted.analysis.sweeps.sweep_report import write_sweep_report
from outvoted.cluster.command_line.options import (
    DEFAULT_RUNS,
    Debug,
    Runs,
    Trusted,
    console,
    run_store,
    trusted,
)
from outvoted.cluster.console.bars import bars, phase

_REPORTS = {
    "mine": mining_report,
    "scan": scan_report,
    "compare": comparison_report,
    "heal": healing_report,
}


def report(
    run: Annotated[Path, typer.Argument(help="A run's folder, or its name within RUNS.")],
    trust: Trusted = False,
    runs: Runs = DEFAULT_RUNS,
    debug: Debug = False,
) -> None:
    """Write `report.html`, tables and pictures of a run, of whatever it has recorded so far."""
    store = run_store(run, runs)
    opened = OpenedRun(store, trusted(trust))
    record = opened.record
    with phase(console, "drawing the report"):
        found = _reported(opened)
    path = store.path / "report.html"
    with bars(console) as progress:
        bar = progress.add_task("page", total=None, details="images voted on again")
        shown = page(record, found, lambda done, of: progress.update(bar, completed=done, total=of))
        progress.update(bar, visible=progress.tasks[0].total is not None)
    with phase(console, "writing the page"):
        write_page(shown, path)
    found.show(console)
    console.print(
        f"\nWritten to {path} ({path.stat().st_size / 1e6:.1f} MB): open it in a browser.", soft_wrap=True
    )


def _reported(run: OpenedRun) -> Report:
    if run.record.kind == "study":
        studied = write_study_report(OpenedStudy(run.store.path, run.trust))
        told = told_by_studying(studied.tables, run.store.path / "figures", studied.sections())
        return _as_told(told, studied.tables)
    if run.record.kind == "sweep":
        sweep = OpenedSweep(run.store.path, run.trust)
        if not sweep.store.outcomes():
            raise run.without("trained networks")
        swept = write_sweep_report(sweep)
        return _as_told(told_by_sweeping(swept, run.store.path), swept.tables())
    found = _REPORTS[run.record.kind](run)
    found.write(run.store.path)
    return found


def _as_told(told: Told, tables: Sequence[RenderableType]) -> Report:
    remarks = [str(each) for each in tables if isinstance(each, Text)]
    return Report({}, all_from_rich(tables), told.headlines, lambda _: told.sections, remarks=remarks)
