"""What people make of a run's mistakes, on the page: tables, and the mistakes whose label they don't see."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from outvoted.actors.labelling.judgements import Judgement
from outvoted.actors.labelling.label_form import NONE
from outvoted.actors.runs import png
from outvoted.analysis.mining.people import PeopleSummary, peoples
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.report.drawing import class_names, save, shortened, show
from outvoted.analysis.report.numbers import COUNT, PERCENT, Form
from outvoted.analysis.report.report import Section, pictures
from outvoted.analysis.report.table import Cell, Column, Table, table_of

REJECTED = "gallery/rejected.png"
_COLUMNS, _MOST = 8, 32
_KAPPA = Form(2)
_TEXT = (
    "People were shown a random sample of the mistakes, and untouched seeds among them, without being told "
    "which was which, what any network answered, or what the label is. A mistake counts as seen where more "
    "than half of those who answered gave its label."
)


def people_sections(found: PeopleSummary, folder: Path) -> Iterator[Section]:
    """Show what people said, where anybody has labelled."""
    tables = [_figures(found), _labellers(found)]
    if found.referee is not None:
        tables.insert(1, _beside(found))
    rejected = (
        "No majority sees these labels; those with most answers first: label, network's answer, people."
    )
    drawn = pictures(folder, {REJECTED: rejected})
    yield Section("What people see", _TEXT, (*tables, *drawn))


def _figures(found: PeopleSummary) -> Table:
    rows: list[tuple[Cell, ...]] = [
        ("validity by people, %", found.validity.percent(), found.mistakes),
        ("errors on untouched seeds, %", found.controls.percent(), found.controls.of),
        ("agreement between people (Fleiss' κ)", _with_ends(found.kappa), found.compared),
    ]
    if found.referee is not None:
        by_referee = found.referee.validity
        rows.insert(1, ("validity by the referee, %", by_referee.percent(), by_referee.of))
    gone = f"; {found.vanished} labelled images are not in the run any more" if found.vanished else ""
    note = (
        "in brackets: 95 % intervals, Wilson's of shares and by bootstrap of κ; both validities are of the "
        "same mistakes; of: mistakes, answers on seeds, or images that several people have answered"
    )
    return Table(
        "validity by people", (Column(""), Column("value"), Column("of", COUNT)), rows, f"{note}{gone}"
    )


def _beside(found: PeopleSummary) -> Table:
    assert found.referee is not None
    beside = found.referee
    rows: list[tuple[Cell, ...]] = [
        ("people see the label", beside.both, beside.people_only),
        ("people do not", beside.referee_only, beside.neither),
    ]
    note = (
        f"the same verdict on {beside.agree.percent()} % of the mistakes; Cohen's κ "
        f"{_with_ends(beside.kappa)}"
    )
    columns = (Column("mistakes"), Column("referee agrees", COUNT), Column("referee does not", COUNT))
    return Table("is the referee a good judge?", columns, rows, note)


def _labellers(found: PeopleSummary) -> Table:
    columns = (
        Column("labeller", None, "name"),
        Column("mistakes", COUNT),
        Column("% label seen", PERCENT, "seen"),
        Column("% wrong on seeds", PERCENT, "controls"),
        Column("skipped", COUNT),
    )
    return table_of("who labelled", columns, found.labellers)


def _with_ends(interval: tuple[float | None, float | None, float | None]) -> str:
    value, low, high = interval
    return _KAPPA(value) if low is None else f"{_KAPPA(value)} ({_KAPPA.span(low, high)})"


def draw_rejected(run: OpenedRun, path: Path) -> None:
    """Draw mistakes whose label most people do not see, those with most answers first; if there are any."""
    found = peoples(run)
    rejected = [] if found is None else found.rejected
    clearest = sorted(rejected, key=lambda pair: -pair[0].votes)[:_MOST]
    if found is None or not clearest:
        path.unlink(missing_ok=True)
        return
    rows = run.mistakes.take(np.array([place for _, place in clearest], np.int64))
    lines = -(-len(rows) // _COLUMNS)
    figure = Figure(figsize=(1.5 * _COLUMNS, 1.75 * lines + 0.5), layout="constrained")
    figure.suptitle(
        f"{len(rejected):,} of {int(found.rows['seen'].notna().sum()):,} labelled mistakes: no "
        "majority sees the label",
        fontsize=11,
    )
    axes = figure.subplots(lines, _COLUMNS, squeeze=False).ravel()
    for axis, (judgement, _), row in zip(axes, clearest, rows, strict=False):
        names = class_names(run.record, len(row["probabilities"][0]))
        show(axis, png.decode(row["image"]["bytes"]))
        label, answer = (shortened(names[row[one]], 12) for one in ("label", "predicted"))
        axis.set_title(f"{label} → {answer}\npeople: {_said(judgement, names)}", fontsize=8)
    for axis in axes[len(rows) :]:
        axis.set_axis_off()
    save(figure, path)


def _said(judgement: Judgement, names: Sequence[str]) -> str:
    """Say what most people see."""
    seen, none = judgement.majority, judgement.agreeing(NONE)
    if seen is not None:
        return f"{shortened(names[seen], 12)} ({judgement.agreeing(seen)} of {judgement.votes})"
    return f"no class ({none} of {judgement.votes})" if 2 * none > judgement.votes else "divided"
