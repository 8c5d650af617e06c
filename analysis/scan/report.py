"""The report of a scan: table, pictures, and the sections of its page with all dissents."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from outvoted.actors.data.checkerboard import Checkerboard, GridSource
from outvoted.actors.data.sources import AnySource
from outvoted.actors.mining.scan_store import ScanStore
from outvoted.actors.runs import png
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.report.drawing import PEERS, TARGET, class_names
from outvoted.analysis.report.gallery import Exhibit, Exhibits, Facet, gallery, varied_order
from outvoted.analysis.report.numbers import COUNT, SHARE
from outvoted.analysis.report.report import OnStep, Plot, Report, Section, pictures
from outvoted.analysis.report.table import Column, Table
from outvoted.analysis.scan.pictures import draw_checkerboard, draw_dissents
from outvoted.analysis.scan.summary import ScanSummary, check_answered, scan_table, summarise_scan
from outvoted.search.arrays import Ints, Singles

KINDS = ("target", "label", "predicted")
MOST = 5_000
"""Dissents in a gallery."""
_CORRECT = ("the others", "the dissenter", "neither", "unknown")
_UNKNOWN = 3
_GALLERY = (
    "Images on which exactly one network disagrees with all others, with the others' answer and its own. "
    "Click one to see what every network predicts."
)


def scan_report(run: OpenedRun) -> Report:
    """Report what a scan has found so far.

    Raises:
        OutvotedError: it has recorded nothing yet, or a file cannot be read.
    """
    if not ScanStore(run.store.path).done():
        raise run.without("scanned images")
    summary = summarise_scan(run)
    grid = _grid(run)
    drawn: dict[str, Callable[[Path], object]] = {}
    if grid is not None:
        drawn["gallery/checkerboard.png"] = partial(draw_checkerboard, run, grid)
    elif summary.dissents:
        drawn["gallery/dissents.png"] = partial(draw_dissents, run)
    tables = _tables(summary)
    return Report(
        summary,
        tables,
        _headlines(summary),
        partial(_sections, run, summary, tables, grid is not None),
        drawn,
        facts=[("Scanning", f"{summary.seconds_scanning:,.1f} s")] if summary.seconds_scanning else (),
        check=partial(check_answered, summary),
        results=partial(_results, run, summary, tables, grid is not None),
    )


def _tables(summary: ScanSummary) -> list[Table]:
    reasons = list(summary.reasons.items())
    columns = Column("not decodable"), Column("images", COUNT)
    return [scan_table(summary), *([Table("", columns, reasons)] if reasons else [])]


def held_report(summary: ScanSummary) -> Report:
    """Report a scan in this process."""
    tables = _tables(summary)
    section = Section("Dissents", parts=tables)
    return Report(summary, tables, _headlines(summary), lambda on_step: (section,))


def _grid(run: OpenedRun) -> GridSource | None:
    """Return the grid whose points were scanned, with its board; None where pictures were scanned."""
    source = run.configured("scan.source", AnySource)
    if not isinstance(source, GridSource):
        return None
    return source.model_copy(update={"board": source.board or run.configured("data", Checkerboard)})


def _headlines(summary: ScanSummary) -> list[tuple[str, str]]:
    found = [
        (COUNT(summary.images), "images scanned"),
        (COUNT(summary.dissents), "on which one network dissents"),
    ]
    if summary.label_correct is not None:
        found.append((SHARE(summary.label_correct), "of these the others are correct"))
        found.append((SHARE(summary.target_correct), "of these the dissenter is correct"))
    elif summary.valid is not None:
        found.append((SHARE(summary.valid), "of these the referee agrees with the others"))
    return found


def _sections(
    run: OpenedRun, summary: ScanSummary, tables: Sequence[Table], board: bool, on_step: OnStep
) -> Iterator[Section]:
    yield from _results(run, summary, tables, board)
    if not board and summary.dissents:
        yield gallery(dissents_exhibits(run), "Dissents", _GALLERY)


def _results(run: OpenedRun, summary: ScanSummary, tables: Sequence[Table], board: bool) -> Iterator[Section]:
    known = summary.label_correct is not None and len(summary.tenths) > 1
    yield Section("Results", parts=(*tables, *([_by_margin(summary)] if known else [])))
    if board:  # its images are points, not pictures
        drawn = {
            "checkerboard.png": "The board, each network's decision regions, and where it alone dissents."
        }
        yield Section("The board", parts=pictures(run.store.path / "gallery", drawn))


def _by_margin(summary: ScanSummary) -> Plot:
    """Draw who is correct against how clear the dissent is."""
    figure = go.Figure()
    names = [f"{tenth.highest:.2f} to {tenth.lowest:.2f}" for tenth in summary.tenths]
    who = (("the others", "label_correct", PEERS), ("the dissenter", "target_correct", TARGET))
    for name, attribute, colour in who:
        shares = [getattr(tenth, attribute) for tenth in summary.tenths]
        figure.add_scatter(x=names, y=shares, name=name, line_color=colour, mode="lines+markers")
    figure.update_layout(
        yaxis={"tickformat": ".0%", "range": [0, 1.02]},
        xaxis={"title": "margin, the clearest tenth first", "type": "category"},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
    )
    return Plot(figure, "Who is correct, by tenth of the dissents.")


def dissents_exhibits(run: OpenedRun, most: int = MOST) -> Exhibits:
    """Read as many of a scan's dissents as ``most``, an even sample over target, label and wrong class."""
    scan = ScanStore(run.store.path)
    every = scan.dissents()
    kept = every.iloc[varied_order(every, KINDS, "margin")[:most]]
    positions = kept["position"].to_numpy(np.int64)
    images, votes = scan.images(positions), scan.votes(positions)
    target, label, predicted = (kept[name].to_numpy(np.int64) for name in KINDS)
    peers = [member.name for member in run.peers]
    voting = np.ones((len(kept), len(peers)), np.int64)
    voting[np.arange(len(kept)), target] = 0
    classes = next(iter(votes.values())).shape[1] if votes else 1
    who = _who_is_correct(kept)
    items = [
        _exhibit(row, correct, images[position], votes[position])
        for row, correct, position in zip(kept.itertuples(), who, positions.tolist(), strict=True)
    ]
    return Exhibits(
        what="dissent",
        of=len(every),
        items=items,
        target=target,
        label=label,
        predicted=predicted,
        voting=voting,
        facets=(Facet("who is correct", _CORRECT, who),) if (who != _UNKNOWN).any() else (),
        peers=peers,
        classes=class_names(run.record, classes),
        measures=(),
    )


def _who_is_correct(rows: pd.DataFrame) -> Ints:
    true = rows["true_label"]
    conditions = [true.isna(), true == rows["label"], true == rows["predicted"]]
    return np.select(conditions, [_UNKNOWN, 0, 1], default=2).astype(np.int64)


def _exhibit(row: Any, correct: int, image: bytes, votes: Singles) -> Exhibit:
    facts = [("margin", f"{row.margin:.3f}"), ("position", f"{row.position:,}")]
    if row.path is not None:
        facts.append(("file", row.path))
    if correct != _UNKNOWN:
        facts.append(("correct:", _CORRECT[correct]))
    return Exhibit(
        name=str(row.position),
        facts=facts,
        steps=np.zeros(1, np.int64),
        moves=0,
        images=png.decode(image)[None],
        votes=votes[:, None],
        measures=np.empty((1, 0), np.float32),
    )
