"""The command `outvoted report`."""

from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import RenderableType

from outvoted.actors.heal_store import HealStore
from outvoted.actors.run_record import RunRecord
from outvoted.actors.store import RunStore
from outvoted.analysis import comparison
from outvoted.analysis.healing import healing_table, write_healing_report
from outvoted.analysis.report import write_report
from outvoted.analysis.scan_report import write_scan_report
from outvoted.analysis.scan_summary import scan_table
from outvoted.analysis.studies.opened import OpenedStudy
from outvoted.analysis.study_report import write_study_report
from outvoted.analysis.summary import table
from outvoted.analysis.sweep_report import write_sweep_report
from outvoted.analysis.sweeps.opened import OpenedSweep
from outvoted.cluster.compare import CompareConfig, write_compared
from outvoted.cluster.options import DEFAULT_RUNS, Debug, Runs, console, run_store
from outvoted.cluster.reading import validated
from outvoted.cluster.scan_config import ScanConfig
from outvoted.search.settings import Settings

Form = TypeVar("Form", bound=Settings)


def report(
    run: Annotated[Path, typer.Argument(help="A run's folder, or its name within RUNS.")],
    runs: Runs = DEFAULT_RUNS,
    debug: Debug = False,
) -> None:
    """Write the tables and pictures of a run again, of whatever it has recorded so far."""
    store = run_store(run, runs)
    record = store.read_record()
    with console.status("drawing the report"):
        tables = _report(store, record)
    for drawn in tables:
        console.print(drawn)
    console.print(f"\nWritten to [b]{store.path}[/].", soft_wrap=True, highlight=False)


def _report(store: RunStore, record: RunRecord) -> list[RenderableType]:
    match record.kind:
        case "mine":
            return [table(write_report(store))]
        case "scan":
            return [scan_table(write_scan_report(store, _config(ScanConfig, store, record).source))]
        case "compare":
            compared = write_compared(_config(CompareConfig, store, record), store.path)
            return [comparison.table(compared, f"{record.name}: strategies on one panel and the same seeds")]
        case "heal":
            return [healing_table(write_healing_report(HealStore(store.path)))]
        case "study":
            return [*write_study_report(OpenedStudy(store.path)).tables()]
        case "sweep":
            return write_sweep_report(OpenedSweep(store.path)).tables()


def _config(form: type[Form], store: RunStore, record: RunRecord) -> Form:
    return validated(form, record.config, store.path / "run.json")
