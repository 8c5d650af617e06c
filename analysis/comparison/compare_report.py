"""What a run of `outvoted compare` has to say."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from plotly.subplots import make_subplots

from outvoted.analysis.comparison import comparison
from outvoted.analysis.comparison.comparison import Compared, common_span
from outvoted.analysis.comparison.comparison_picture import PANELS
from outvoted.analysis.mining.mistakes import mistakes_measured
from outvoted.analysis.mining.weaknesses import Finders, weaknesses
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.report.drawing import PEERS, TARGET
from outvoted.analysis.report.html.escaping import plot_text
from outvoted.analysis.report.html.from_rich import from_rich
from outvoted.analysis.report.html.naming import class_names
from outvoted.analysis.report.html.parts import Plot, Section
from outvoted.analysis.report.html.told import Told

_TEXT = (
    "One panel, the same seeds, one strategy after the other. Each strategy's run is a folder within this "
    "one: `outvoted report` writes a page of its own for it, with its mistakes."
)


def told_by_comparing(
    rows: Sequence[Compared], runs: Mapping[str, OpenedRun], missing: Sequence[str] = ()
) -> Told:
    """Say how strategies compare.

    Args:
        rows: a row for each strategy that was mined with, at least one.
        runs: their runs by their names.
        missing: strategies that were not mined with yet.
    """
    text = f"{_TEXT} Not mined with yet: {', '.join(missing)}." if missing else _TEXT
    return Told(_headlines(rows), tuple(_sections(rows, runs, text)))


def _headlines(rows: Sequence[Compared]) -> list[tuple[str, str]]:
    found = [
        (f"{len(rows)}", "strategies" if len(rows) > 1 else "strategy"),
        (f"{sum(row.mistakes for row in rows):,}", "mistakes in all"),
    ]
    priced = [row for row in rows if row.inferences is not None]
    if priced:
        cheapest = min(priced, key=lambda row: row.inferences or 0.0)
        found.append(
            (f"{cheapest.inferences:,.0f}", f"inferences for a mistake, the fewest: {cheapest.strategy}")
        )
    widest = max(rows, key=lambda row: row.coverage)
    found.append((f"{widest.coverage:.0%}", f"of the known map of weaknesses, the most: {widest.strategy}"))
    return found


def _sections(rows: Sequence[Compared], runs: Mapping[str, OpenedRun], text: str) -> Iterator[Section]:
    yield Section("Strategies", text, (from_rich(comparison.table(rows, "")), _bars(rows)))
    found = {name: mistakes_measured(run.store) for name, run in runs.items()}
    every = pd.concat(found.values(), ignore_index=True)
    if every.empty:
        return
    run = next(iter(runs.values()))
    who = np.repeat(np.arange(len(found)), [len(frame) for frame in found.values()])
    finders = (
        Finders("strategy", list(found), who),
        Finders("target", [member.name for member in run.peers], every["target"].to_numpy(np.int64)),
    )
    names = class_names(run.record, run.data.classes)
    yield weaknesses(every, run.transform, common_span(runs.values()), finders, names, gallery=False)


def _bars(rows: Sequence[Compared]) -> Plot:
    """Draw a row of bars for each figure; the cheapest strategy in blue, as in ``comparison.png``."""
    heights = 70 + 26 * len(rows)  # pixels of one figure, of which 60 are for its title and axis
    figure = make_subplots(
        rows=len(PANELS),
        cols=1,
        subplot_titles=[title for title, *_ in PANELS],
        vertical_spacing=60 / (heights * len(PANELS)),
    )
    cheapest = min(rows, key=lambda row: row.inferences if row.inferences is not None else np.inf)
    colours = [TARGET if row is cheapest else PEERS for row in rows]
    names = [plot_text(row.strategy) for row in rows]
    for place, (_, name, factor, form) in enumerate(PANELS, 1):
        values = [None if getattr(row, name) is None else factor * getattr(row, name) for row in rows]
        written = ["–" if value is None else form.format(value) for value in values]
        figure.add_bar(
            y=names,
            x=values,
            text=written,
            textposition="outside",
            cliponaxis=False,
            orientation="h",
            marker_color=colours,
            hovertemplate="%{y}: %{x:.4g}<extra></extra>",
            row=place,
            col=1,
        )
    figure.update_yaxes(autorange="reversed", type="category")
    figure.update_layout(showlegend=False, height=len(PANELS) * heights)
    return Plot(figure, "Blue: the strategy that pays the fewest inferences for a mistake.")
