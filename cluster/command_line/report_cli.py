"""The command `outvoted report`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import RenderableType

from outvoted.actors.healing.heal_store import HealStore
from outvoted.actors.mining.scan_store import ScanStore
from outvoted.actors.runs.run_record import RunRecord
from outvoted.actors.runs.store import RunStore
from outvoted.analysis.comparison import comparison
from outvoted.analysis.comparison.compare_report import told_by_comparing
from outvoted.analysis.healing.heal_report import told_by_healing
from outvoted.analysis.healing.healing import healing_table, write_healing_report
from outvoted.analysis.mining.mine_report import told_by_mining
from outvoted.analysis.mining.mistakes import OnStep
from outvoted.analysis.mining.report import write_report
from outvoted.analysis.mining.summary import table
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.opened.stored import configured
from outvoted.analysis.report.html.page import write_page
from outvoted.analysis.report.html.run_page import page_of
from outvoted.analysis.report.html.told import Told
from outvoted.analysis.scan.scan_page import told_by_scanning
from outvoted.analysis.scan.scan_report import write_scan_report
from outvoted.analysis.scan.scan_summary import scan_table
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
from outvoted.cluster.console.terminal import command as typed
from outvoted.cluster.jobs.compare import CompareConfig
from outvoted.cluster.jobs.compare.kind import mined_with, write_compared
from outvoted.cluster.jobs.scan import ScanConfig
from outvoted.search.errors import OutvotedError
from outvoted.search.settings import Settings

Form = TypeVar("Form", bound=Settings)


@dataclass(frozen=True)
class _Drawn:
    """Tables for the terminal, and how to tell the same to a page."""

    tables: Sequence[RenderableType]
    tell: Callable[[OnStep], Told]


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
        drawn = _drawn(opened)
    path = store.path / "report.html"
    with bars(console) as progress:
        bar = progress.add_task("page", total=None, details="images voted on again")
        told = drawn.tell(lambda done, of: progress.update(bar, completed=done, total=of))
        progress.update(bar, visible=progress.tasks[0].total is not None)
    with phase(console, "writing the page"):
        write_page(page_of(record, told), path)
    for table_ in drawn.tables:
        console.print(table_)
    console.print(
        f"\nWritten to {path} ({path.stat().st_size / 1e6:.1f} MB): open it in a browser.", soft_wrap=True
    )


def _drawn(run: OpenedRun) -> _Drawn:
    path = run.store.path
    match run.record.kind:
        case "mine":
            return _mined(run)
        case "scan":
            return _scanned(run)
        case "compare":
            return _compared(run)
        case "heal":
            return _healed(HealStore(path), run.record)
        case "study":
            found = write_study_report(OpenedStudy(path, run.trust))
            told = told_by_studying(found.tables, path / "figures", found.sections())
            return _Drawn(found.tables, lambda _: told)
        case "sweep":
            return _swept(OpenedSweep(path, run.trust), run.record)


def _mined(run: OpenedRun) -> _Drawn:
    _check(len(run.store.done()) > 0, "searches", run.store, run.record)
    summary = write_report(run)
    return _Drawn([table(summary)], partial(told_by_mining, run, summary))


def _scanned(run: OpenedRun) -> _Drawn:
    _check(bool(ScanStore(run.store.path).done()), "scanned images", run.store, run.record)
    source = _config(ScanConfig, run).source
    summary = write_scan_report(run, source)
    return _Drawn([scan_table(summary)], lambda _: told_by_scanning(run, summary, source))


def _compared(run: OpenedRun) -> _Drawn:
    config, path = _config(CompareConfig, run), run.store.path
    mined = mined_with(config, path, run.trust)
    _check(bool(mined), "searches", run.store, run.record)
    rows = write_compared(config, path, run.trust)
    missing = [name for name, _ in config.parts() if name not in mined]
    drawn = comparison.table(rows, f"{run.record.name}: strategies on one panel and the same seeds")
    return _Drawn([drawn], lambda _: told_by_comparing(rows, mined, missing))


def _healed(store: HealStore, record: RunRecord) -> _Drawn:
    _check(not store.rounds().empty, "rounds", store, record)
    summary = write_healing_report(store)
    return _Drawn([healing_table(summary)], lambda _: told_by_healing(summary))


def _swept(sweep: OpenedSweep, record: RunRecord) -> _Drawn:
    _check(bool(sweep.store.outcomes()), "trained networks", sweep.store, record)
    found = write_sweep_report(sweep)
    return _Drawn(found.tables(), lambda _: told_by_sweeping(found, sweep.store.path))


def _check(there: bool, what: str, store: RunStore, record: RunRecord) -> None:
    """Refuse to report of a run that has recorded nothing yet."""
    if not there:
        again = typed("outvoted", record.kind, "CONFIG", "--name", store.path.name, "--resume")
        raise OutvotedError(
            expected=f"{what} in {store.path}",
            found="a run without results so far",
            remedy=f"go on with it: `{again}`",
        )


def _config(form: type[Form], run: OpenedRun) -> Form:
    found: Form = configured(form, run.record, None, run.store.path, run.trust)
    return found
