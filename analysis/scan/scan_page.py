"""What a run of `outvoted scan` has to say."""

from collections.abc import Iterator

import plotly.graph_objects as go

from outvoted.actors.data.sources import GridSource, Source
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.report.drawing import PEERS, TARGET
from outvoted.analysis.report.html.from_rich import from_rich
from outvoted.analysis.report.html.gallery import gallery
from outvoted.analysis.report.html.naming import percent
from outvoted.analysis.report.html.parts import Plot, Section, Table
from outvoted.analysis.report.html.pictures import pictures
from outvoted.analysis.report.html.told import Told
from outvoted.analysis.scan.dissents import dissents_exhibits
from outvoted.analysis.scan.scan_summary import ScanSummary, scan_table

_GALLERY = (
    "Images on which one network alone differs from all others, with the others' answer and its own. Choose "
    "one to see what every network says."
)


def told_by_scanning(run: OpenedRun, summary: ScanSummary, source: Source) -> Told:
    """Say what a scan of ``source`` has found so far."""
    return Told(_headlines(summary), tuple(_sections(run, summary, source)))


def _headlines(summary: ScanSummary) -> list[tuple[str, str]]:
    found = [
        (f"{summary.images:,}", "images scanned"),
        (f"{summary.dissents:,}", "on which one network dissents"),
    ]
    if summary.label_correct is not None:
        found.append((percent(summary.label_correct), "of these the others are right"))
        found.append((percent(summary.target_correct), "of these the dissenter is right"))
    elif summary.valid is not None:
        found.append((percent(summary.valid), "of these the referee agrees with the others"))
    return found


def _sections(run: OpenedRun, summary: ScanSummary, source: Source) -> Iterator[Section]:
    reasons = Table(("not decodable", "images"), list(summary.reasons.items()))
    told = summary.label_correct is not None and len(summary.tenths) > 1
    yield Section(
        "Results",
        parts=(
            from_rich(scan_table(summary)),
            *([reasons] if summary.reasons else []),
            *([_by_margin(summary)] if told else []),
        ),
    )
    if isinstance(source, GridSource):  # its images are points, not pictures
        board = {"checkerboard.png": "The board, each network's regions, and where it dissents alone."}
        yield Section("The board", parts=pictures(run.store.path / "gallery", board))
    elif summary.dissents:
        yield gallery(dissents_exhibits(run), "Dissents", _GALLERY)


def _by_margin(summary: ScanSummary) -> Plot:
    """Draw who is right against how clear the dissent is."""
    figure = go.Figure()
    names = [f"{tenth.highest:.2f} to {tenth.lowest:.2f}" for tenth in summary.tenths]
    who = (("the others", "label_correct", TARGET), ("the dissenter", "target_correct", PEERS))
    for name, attribute, colour in who:
        shares = [getattr(tenth, attribute) for tenth in summary.tenths]
        figure.add_scatter(x=names, y=shares, name=name, line_color=colour, mode="lines+markers")
    figure.update_layout(
        yaxis={"tickformat": ".0%", "range": [0, 1.02]},
        xaxis={"title": "margin, the clearest tenth first", "type": "category"},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
    )
    return Plot(figure, "Who is right, by tenths of the dissents.")
