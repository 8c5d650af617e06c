"""The command `outvoted report`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import RenderableType

from outvoted.actors.heal_store import HealStore
from outvoted.actors.run_record import RunRecord
from outvoted.actors.scan_store import ScanStore
from outvoted.actors.store import RunStore
from outvoted.analysis import comparison
from outvoted.analysis.healing import healing_table, write_healing_report
from outvoted.analysis.html.compare_report import told_by_comparing
from outvoted.analysis.html.heal_report import told_by_healing
from outvoted.analysis.html.mine_report import told_by_mining
from outvoted.analysis.html.mistakes import OnStep
from outvoted.analysis.html.page import write_page
from outvoted.analysis.html.run_page import page_of
from outvoted.analysis.html.scan_report import told_by_scanning
from outvoted.analysis.html.study_report import told_by_studying
from outvoted.analysis.html.sweep_report import told_by_sweeping
from outvoted.analysis.html.told import Told
from outvoted.analysis.opened import OpenedRun
from outvoted.analysis.report import write_report
from outvoted.analysis.scan_report import write_scan_report
from outvoted.analysis.scan_summary import scan_table
from outvoted.analysis.studies.opened import OpenedStudy
from outvoted.analysis.study_report import write_study_report
from outvoted.analysis.summary import table
from outvoted.analysis.sweep_report import write_sweep_report
from outvoted.analysis.sweeps.opened import OpenedSweep
from outvoted.cluster.bars import bars
from outvoted.cluster.compare import CompareConfig, mined_with, write_compared
from outvoted.cluster.options import DEFAULT_RUNS, Debug, Runs, console, run_store
from outvoted.cluster.reading import validated
from outvoted.cluster.scan_config import ScanConfig
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
    runs: Runs = DEFAULT_RUNS,
    debug: Debug = False,
) -> None:
    """Write `report.html`, tables and pictures of a run, of whatever it has recorded so far."""
    store = run_store(run, runs)
    record = store.read_record()
    with console.status("drawing the report"):
        drawn = _drawn(store, record)
    path = store.path / "report.html"
    with bars(console) as progress:
        bar = progress.add_task("page", total=None, details="images voted on again")
        told = drawn.tell(lambda done, of: progress.update(bar, completed=done, total=of))
        progress.update(bar, visible=progress.tasks[0].total is not None)
    with console.status("writing the page"):
        write_page(page_of(record, told), path)
    for table_ in drawn.tables:
        console.print(table_)
    console.print(
        f"\nWritten to [b]{path}[/] ({path.stat().st_size / 1e6:.1f} MB): open it in a browser.",
        soft_wrap=True,
        highlight=False,
    )


def _drawn(store: RunStore, record: RunRecord) -> _Drawn:
    match record.kind:
        case "mine":
            return _mined(store, record)
        case "scan":
            return _scanned(store, record)
        case "compare":
            return _compared(store, record)
        case "heal":
            return _healed(HealStore(store.path), record)
        case "study":
            found = write_study_report(OpenedStudy(store.path))
            told = told_by_studying(found.tables, store.path / "figures", found.sections())
            return _Drawn(found.tables, lambda _: told)
        case "sweep":
            return _swept(OpenedSweep(store.path), record)


def _mined(store: RunStore, record: RunRecord) -> _Drawn:
    _check(len(store.done()) > 0, "searches", store, record)
    summary = write_report(store)
    return _Drawn([table(summary)], partial(told_by_mining, OpenedRun(store), summary))


def _scanned(store: RunStore, record: RunRecord) -> _Drawn:
    _check(bool(ScanStore(store.path).done()), "scanned images", store, record)
    source = _config(ScanConfig, store, record).source
    summary = write_scan_report(store, source)
    return _Drawn([scan_table(summary)], lambda _: told_by_scanning(store, summary, source))


def _compared(store: RunStore, record: RunRecord) -> _Drawn:
    config = _config(CompareConfig, store, record)
    stores = mined_with(config, store.path)
    _check(bool(stores), "searches", store, record)
    rows = write_compared(config, store.path)
    missing = [name for name, _ in config.parts() if name not in stores]
    drawn = comparison.table(rows, f"{record.name}: strategies on one panel and the same seeds")
    return _Drawn([drawn], lambda _: told_by_comparing(rows, stores, missing))


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
        raise OutvotedError(
            expected=f"{what} in {store.path}",
            found="a run without results so far",
            remedy=f"go on with it: `outvoted {record.kind} CONFIG --name {store.path.name} --resume`",
        )


def _config(form: type[Form], store: RunStore, record: RunRecord) -> Form:
    return validated(form, record.config, store.path / "run.json")
