"""The report of a sweep of any keys: its best trials, pictures, and what kept others from winning."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from outvoted.actors.sweeps.tuned_store import FAILED, FINISHED, STOPPED
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.report.numbers import COUNT
from outvoted.analysis.report.report import OnStep, Part, Report, Section
from outvoted.analysis.report.sorted_table import sortable
from outvoted.analysis.tuning.importances import Importances, importances
from outvoted.analysis.tuning.opened import OpenedTuning
from outvoted.analysis.tuning.pictures.front import draw_front, front_plot
from outvoted.analysis.tuning.pictures.parallel import draw_parallel, parallel_plot
from outvoted.analysis.tuning.pictures.progress import draw_progress, progress_plot
from outvoted.analysis.tuning.pictures.seconds import seconds_plot
from outvoted.analysis.tuning.pictures.shown import ShownTrials
from outvoted.analysis.tuning.pictures.slices import draw_slices, slices_plot
from outvoted.analysis.tuning.pictures.two_keys import draw_map, has_map, map_plot
from outvoted.analysis.tuning.pictures.weights import by_importance, draw_weights, weights_plot
from outvoted.analysis.tuning.tables import best_of, best_table, keys_table, outcomes_table, trials_table, why
from outvoted.search.errors import OutvotedError

_OUTCOMES = (FINISHED, STOPPED, FAILED)
_WEIGHED = 3  # objectives whose importances are computed
_BEST_OF_A_PAGE = 20


def tuning_report(run: OpenedRun) -> Report:
    """Report what a sweep of any keys, finished or under way, has found.

    Raises:
        OutvotedError: no trial has ended yet, or a table is damaged.
    """
    sweep = OpenedTuning(run)
    if not sweep.trials:
        raise run.without("trials")
    shown, weights = ShownTrials.of(sweep), tuple(_weights(sweep))
    best = best_table(sweep)
    tables = [best] if best.rows else []
    return Report(
        _summary(sweep, weights),
        [*tables, *filter(None, [outcomes_table(sweep)])],
        _headlines(sweep),
        partial(_sections, shown, weights),
        _pictures(shown, weights),
        facts=_facts(sweep),
        remarks=sweep.remarks,
        check=partial(_check_not_all, sweep),
        results=partial(_results, shown, weights),
    )


def _weights(sweep: OpenedTuning) -> Iterator[Importances]:
    """Compute which keys objectives depend on, from trials that went to their ends."""
    rows, points = sweep.trials, sweep.points
    ran = np.array([row.outcome == FINISHED and row.same_as is None for row in rows], bool)
    places = np.stack([axis.places(points[row.number] for row in rows) for axis in sweep.axes], axis=1)
    for aim in sweep.objectives[:_WEIGHED]:
        values = sweep.scores[aim.name][:, 0]
        yield importances(aim.name, sweep.axes, places[ran], values[ran])


def _summary(sweep: OpenedTuning, weights: Sequence[Importances]) -> dict[str, Any]:
    outcomes = [row.outcome for row in sweep.trials]
    return {
        "run": sweep.run.record.name,
        "kind": sweep.base_kind,
        "trials": {"all": len(outcomes), **{name: outcomes.count(name) for name in _OUTCOMES}},
        "best": None if sweep.best is None else _told(sweep, sweep.best),
        "front": [_told(sweep, number) for number in sweep.front],
        "importances": [asdict(one) for one in weights],
    }


def _told(sweep: OpenedTuning, number: int) -> dict[str, Any]:
    place = next(k for k, row in enumerate(sweep.trials) if row.number == number)
    scores = {
        name: [None if np.isnan(value) else float(value) for value in values[place]]
        for name, values in sweep.scores.items()
    }
    return {"number": number, "point": dict(sweep.points[number]), "scores": scores}


def _headlines(sweep: OpenedTuning) -> list[tuple[str, str]]:
    several = len(sweep.objectives) > 1
    found = [(COUNT(len(sweep.trials)), "trial" if len(sweep.trials) == 1 else "trials")]
    for aim in sweep.objectives:
        best = (best_of(sweep, aim) if sweep.front else None) or (None, None, None)
        found.append((aim.form(best[0]), f"best {aim.title}"))
    if several:
        found.append((COUNT(len(sweep.front)), "trials on the Pareto front"))
    failed = sum(row.outcome == FAILED for row in sweep.trials)
    return [*found, (COUNT(failed), "failed")] if failed else found


def _facts(sweep: OpenedTuning) -> list[tuple[str, str]]:
    goals = "; ".join(aim.wanted for aim in sweep.objectives)
    found = [
        ("Trials", f"runs of outvoted {sweep.base_kind}"),
        ("Varied", ", ".join(sweep.keys)),
        ("Objectives", goals),
    ]
    if sweep.constraints:
        found.append(("Constraints", ", ".join(str(one) for one in sweep.constraints)))
    found.append(("Algorithm", sweep.algorithm))
    if sweep.seeds:
        found.append(("Runs of each trial", f"{len(sweep.seeds)}: seeds {', '.join(map(str, sweep.seeds))}"))
    seconds = sum(row.seconds or 0 for row in sweep.trials if row.same_as is None)
    return [*found, ("Time of all trials", f"{seconds:,.0f} s")]


def _check_not_all(sweep: OpenedTuning, where: str) -> None:
    """Raise if every trial failed."""
    if all(row.outcome == FAILED for row in sweep.trials):
        raise OutvotedError(
            expected=f"trials that go to their ends in {where}",
            found=f"{len(sweep.trials)} that failed, the first with: {why(sweep.trials[0]) or 'no reason'}",
            remedy="fix that and continue with --resume, which tries them again",
        )


def _pictures(shown: ShownTrials, weights: Sequence[Importances]) -> dict[str, Callable[[Path], object]]:
    """Return what draws each picture, but for those with nothing to show."""
    if not _has_values(shown):
        return {}
    found: dict[str, Callable[[Path], object]] = {"trials": partial(draw_progress, shown)}
    if len(shown.aims) > 1:
        found["front"] = partial(draw_front, shown)
    found["parallel"] = partial(draw_parallel, shown)
    found["slices"] = partial(draw_slices, shown, by_importance(shown, weights))
    if has_map(shown):
        found["map"] = partial(draw_map, shown)
    if any(one.keys for one in weights):
        found["importances"] = partial(draw_weights, shown, weights)
    return {f"figures/{name}.png": draw for name, draw in found.items()}


def _has_values(shown: ShownTrials) -> bool:
    return any(np.isfinite(shown.values(aim)[:, 0]).any() for aim in shown.aims)


def _sections(shown: ShownTrials, weights: Sequence[Importances], on_step: OnStep) -> Iterator[Section]:
    yield from _results(shown, weights)
    every = trials_table(shown, shown.sweep.run.store.path)
    yield Section("All trials", "Click a column's head to sort by it.", (sortable(every),))


def _results(shown: ShownTrials, weights: Sequence[Importances]) -> Iterator[Section]:
    sweep = shown.sweep
    best = best_table(sweep, _BEST_OF_A_PAGE)
    parts: list[Part] = [best] if best.rows else []
    if _has_values(shown):
        parts += [front_plot(shown)] if len(shown.aims) > 1 else []
        parts.append(progress_plot(shown))
    yield Section("Results", "" if best.rows else "No trial can win yet.", parts)
    if _has_values(shown):
        yield from _keys(shown, weights)
    lost = outcomes_table(sweep)
    if lost is not None:
        yield Section("Trials that can't win", parts=(lost,))
    seconds = seconds_plot(shown)
    said = " ".join([f"Algorithm: {sweep.algorithm}.", *sweep.remarks])
    yield Section("What was tried", said, [keys_table(sweep), *([seconds] if seconds else [])])


def _keys(shown: ShownTrials, weights: Sequence[Importances]) -> Iterator[Section]:
    titles = {aim.name: aim.title for aim in shown.aims}
    silent = [f"{titles[one.objective].capitalize()}: {one.silent}." for one in weights if one.silent]
    bars = [weights_plot(shown, weights)] if any(one.keys for one in weights) else []
    yield Section("Which keys matter", " ".join(silent), [*bars, parallel_plot(shown)])
    maps = [map_plot(shown)] if has_map(shown) else []
    yield Section("Key by key", parts=[*maps, slices_plot(shown, by_importance(shown, weights))])
