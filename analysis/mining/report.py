"""The report of a mining run: tables, pictures, and the sections of its page."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from outvoted.actors.mining.shards import Shards, check_not_all
from outvoted.analysis.mining.cells import span
from outvoted.analysis.mining.mistakes import mistakes_exhibits, mistakes_measured
from outvoted.analysis.mining.people import PeoplesMistakes, peoples
from outvoted.analysis.mining.people_report import REJECTED, draw_rejected, people_sections
from outvoted.analysis.mining.pictures import draw_climbs, draw_every_network, draw_mistakes, draw_voters
from outvoted.analysis.mining.summary import (
    Summary,
    mistakes_counted,
    summarise,
    summarise_rows,
    summary_table,
)
from outvoted.analysis.mining.surroundings_report import surroundings_sections
from outvoted.analysis.mining.voters import voters_table
from outvoted.analysis.mining.weaknesses import Finders, weaknesses
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.opened.scene import Scene
from outvoted.analysis.report.drawing import PEERS, TARGET, error_bars, plot_text
from outvoted.analysis.report.gallery import gallery
from outvoted.analysis.report.numbers import COUNT, SHARE, proportion
from outvoted.analysis.report.report import OnStep, Plot, Report, Section, pictures
from outvoted.analysis.report.table import Table

_PICTURES = {
    "voters.png": "Results by the number of peers that must agree.",
    "every-network.png": "Seeds from which every network, in turn, was driven to a mistake.",
}
_QUARTILES = (0, 25, 50, 75, 100)
_GALLERY = (
    "Each pair shows a seed and the mistake that its search found, with the label and the target's answer. "
    "Click one to step through its climb and see what every network predicts."
)


def mining_report(run: OpenedRun) -> Report:
    """Report what a run has recorded so far.

    Raises:
        OutvotedError: it has recorded nothing yet, or a file cannot be read.
    """
    if not len(Shards(run.store.path).done()):
        raise run.without("searches")
    summary = summarise(run)
    tables = [summary_table(summary), *([voters_table(summary.voters)] if summary.voters else [])]
    return Report(
        summary,
        tables,
        _headlines(summary),
        partial(_run_sections, run, summary, tables),
        _pictures(run, summary) if summary.mistakes else {},
        facts=[("Mining", f"{summary.seconds_mining:,.1f} s")] if summary.seconds_mining else (),
        check=partial(check_not_all, summary.failures),
        results=partial(_run_results, run, summary, tables),
    )


def held_report(scene: Scene, searches: pd.DataFrame, targets: Sequence[int]) -> Report:
    """Report mining in this process.

    Args:
        scene: what was mined, and its mistakes.
        searches: rows of all searches.
        targets: which networks were searched.
    """
    counted = mistakes_counted(scene.mistakes, searches["voters"].nunique() > 1)
    summary = summarise_rows(searches, counted, scene.names, targets)
    mistakes = mistakes_measured(scene.mistakes)
    tables = [summary_table(summary), *([voters_table(summary.voters)] if summary.voters else [])]

    def sections(on_step: OnStep) -> Iterator[Section]:
        yield from _sections(scene, mistakes, summary, tables, on_step)

    return Report(
        summary, tables, _headlines(summary), sections, check=partial(check_not_all, summary.failures)
    )


def _pictures(run: OpenedRun, summary: Summary) -> dict[str, Callable[[Path], object]]:
    drawn: dict[str, Callable[[Path], object]] = {
        "gallery/mistakes.png": partial(draw_mistakes, run),
        "gallery/climbs.png": partial(draw_climbs, run),
    }
    if summary.voters:
        drawn["gallery/voters.png"] = partial(draw_voters, summary.voters)
    if summary.people is not None:
        drawn[REJECTED] = partial(draw_rejected, run)
    whole = summary.every_network
    if whole is not None and whole.replicas:
        names = [member.name for member in run.peers]
        drawn["gallery/every-network.png"] = partial(
            draw_every_network, run.mistakes, whole, names, run.record
        )
    return drawn


def _headlines(summary: Summary) -> list[tuple[str, str]]:
    found = [
        (COUNT(summary.mistakes), "high-value mistakes"),
        (COUNT(sum(row.searches for row in summary.targets)), "searches"),
    ]
    if summary.validity is not None:
        found.append((SHARE(summary.validity), _validity_said(summary)))
    if summary.people is not None and summary.people.validity.value is not None:
        seen = SHARE(summary.people.validity.value)
        found.append((seen, f"of {summary.people.mistakes:,} labelled mistakes: people still see the label"))
    if summary.realistic is not None:
        found.append((SHARE(summary.realistic), "of the mistakes are realistic, as far as their voters see"))
    if summary.seconds_mining:
        found.append((COUNT(summary.mistakes / summary.seconds_mining), "mistakes per second"))
    return found


def _validity_said(summary: Summary) -> str:
    if summary.weak_referee is None:
        return "of the mistakes are valid: the referee agrees with the label"
    return f"of the mistakes are valid by a referee no better than {summary.weak_referee}, which shows little"


def _run_sections(
    run: OpenedRun, summary: Summary, tables: list[Table], on_step: OnStep
) -> Iterator[Section]:
    mistakes = mistakes_measured(run.mistakes)
    yield from _sections(run, mistakes, summary, tables, on_step, peoples(run))
    if mistakes.empty:
        return
    if summary.people is not None:
        yield from people_sections(summary.people, run.store.path)
    yield from surroundings_sections(run)
    yield from _drawn(run)


def _run_results(run: OpenedRun, summary: Summary, tables: list[Table]) -> Iterator[Section]:
    yield _results(run, pd.DataFrame(run.mistakes.select("target", "moves").to_pandas()), summary, tables)
    yield from _drawn(run)


def _drawn(run: OpenedRun) -> Iterator[Section]:
    found = pictures(run.store.path / "gallery", _PICTURES)
    if found:
        yield Section("Pictures", parts=found)


def _sections(
    run: Scene,
    mistakes: pd.DataFrame,
    summary: Summary,
    tables: list[Table],
    on_step: OnStep,
    people: PeoplesMistakes | None = None,
) -> Iterator[Section]:
    yield _results(run, mistakes, summary, tables)
    if mistakes.empty:
        return
    yield gallery(mistakes_exhibits(run, on_step, people=people), "Mistakes", _GALLERY)
    target = Finders("target", run.names, mistakes["target"].to_numpy(np.int64))
    over = span(run.transform, [mistakes])
    yield weaknesses(mistakes, run.transform, over, (target,), run.classes, gallery=True)


def _results(run: Scene, mistakes: pd.DataFrame, summary: Summary, tables: list[Table]) -> Section:
    plots = [_shares(summary), *([_moves(run, mistakes)] if len(mistakes) else [])]
    return Section("Results", parts=(*tables, *plots))


def _shares(summary: Summary) -> Plot:
    """Draw success and validity by target, with intervals."""
    figure = go.Figure()
    wins = [proportion(round(row.success * row.searches), row.searches) for row in summary.targets]
    judged = [
        proportion(
            round((row.validity or 0.0) * row.mistakes), row.mistakes if row.validity is not None else 0
        )
        for row in summary.targets
    ]
    targets = [plot_text(row.target) for row in summary.targets]
    figure.add_bar(x=targets, **error_bars(wins), name="searches that end in a mistake", marker_color=TARGET)
    if any(each.value is not None for each in judged):
        figure.add_bar(x=targets, **error_bars(judged), name="mistakes that are valid", marker_color=PEERS)
    figure.update_layout(
        barmode="group",
        yaxis={"tickformat": ".0%", "range": [0, 1.02]},
        xaxis={"type": "category"},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        height=340,
    )
    return Plot(figure, "Shares by target, with Wilson's 95 % intervals.")


def _moves(run: Scene, mistakes: pd.DataFrame) -> Plot:
    figure = go.Figure()
    for index, name in enumerate(run.names):
        moves = mistakes["moves"][mistakes["target"] == index]
        if len(moves):
            least, low, middle, high, most = ([float(end)] for end in np.percentile(moves, _QUARTILES))
            figure.add_box(
                x=[plot_text(name)],
                lowerfence=least,
                q1=low,
                median=middle,
                q3=high,
                upperfence=most,
                name=plot_text(name),
                marker_color=TARGET,
            )
    figure.update_layout(
        yaxis={"title": "moves", "rangemode": "tozero"},
        xaxis={"type": "category"},
        showlegend=False,
        height=320,
    )
    return Plot(figure, "Moves from the seed to the mistake, by target: median, quartiles and range.")
