"""What a finished scan leaves for its reader: `summary.json` and pictures."""

from outvoted.actors.data.sources import GridSource, Source
from outvoted.actors.runs.files import write_json
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.scan.checkerboard import draw_checkerboard
from outvoted.analysis.scan.scan_gallery import draw_dissents
from outvoted.analysis.scan.scan_summary import ScanSummary, summarise_scan


def write_scan_report(run: OpenedRun, source: Source) -> ScanSummary:
    """Write a scan's summary and gallery and return the summary."""
    summary = summarise_scan(run)
    write_json(run.store.path / "summary.json", summary.to_json())
    if isinstance(source, GridSource):
        draw_checkerboard(run, source, run.store.path / "gallery" / "checkerboard.png")
    elif summary.dissents:
        draw_dissents(run, run.store.path / "gallery" / "dissents.png")
    return summary
