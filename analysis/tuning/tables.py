"""The tables of a sweep's report."""

import re
import shlex
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from markupsafe import Markup

from outvoted.actors.sweeps.tuned_store import FINISHED, TrialRow, trial_name
from outvoted.analysis.report.numbers import COUNT, DECIMAL, Form, Interval
from outvoted.analysis.report.table import Cell, Column, Table
from outvoted.analysis.tuning.aims import Aim
from outvoted.analysis.tuning.key_axes import KeyAxis
from outvoted.analysis.tuning.opened import OpenedTuning
from outvoted.analysis.tuning.pictures.shown import ShownTrials
from outvoted.analysis.tuning.value_texts import value_text
from outvoted.search.shown import visible

_TEXT = Form(None)
_BEST = 10  # trials on the terminal
_REASONS = 20
_LONGEST = 240  # characters of a reason
_RUN = re.compile(r"trial-\d{4,18}(-[a-z0-9-]{1,60})?")


def best_table(sweep: OpenedTuning, count: int = _BEST) -> Table:
    """Return a table of the best trials: of several objectives the front first."""
    numbers = sweep.ranked[:count]
    place = {row.number: k for k, row in enumerate(sweep.trials)}
    several = len(sweep.objectives) > 1
    columns = [Column("trial", COUNT), *([Column("front")] if several else []), *_columns(sweep)]
    rows: list[list[Cell]] = []
    for number in numbers:
        on = ["yes" if number in sweep.front else ""] if several else []
        rows.append([number, *on, *_cells(sweep, place[number])])
    left = len(sweep.ranked) - len(numbers)
    more = f"{left:,} more are in the report" if left else ""
    return Table("best trials", columns, rows, "; ".join(filter(None, [_note(sweep), more])))


def _columns(sweep: OpenedTuning) -> list[Column]:
    keys = [Column(axis.name, _TEXT if axis.numbers else None) for axis in sweep.axes]
    return [*keys, *(Column(aim.title, aim.form) for aim in sweep.judged)]


def _cells(sweep: OpenedTuning, place: int) -> list[Cell]:
    point = sweep.points[sweep.trials[place].number]
    keys = [_value(axis, point[axis.key]) if axis.key in point else None for axis in sweep.axes]
    return [*keys, *(_score(sweep, aim, place) for aim in sweep.judged)]


def _value(axis: KeyAxis, value: object) -> Cell:
    return float(f"{value:.4g}") if axis.numbers else axis.text(value)


def _score(sweep: OpenedTuning, aim: Aim, place: int) -> Interval:
    value, low, high = (None if np.isnan(one) else float(one) for one in sweep.scores[aim.name][place])
    return value, low, high


def best_of(sweep: OpenedTuning, aim: Aim) -> Interval:
    """Return the best value of an objective among the trials on the front, with its interval."""
    on = np.flatnonzero(np.isin([row.number for row in sweep.trials], sweep.front))
    values = sweep.scores[aim.name][on, 0] * aim.sign
    return _score(sweep, aim, int(on[np.argmax(values)]))


def _note(sweep: OpenedTuning) -> str:
    goals = "; ".join(aim.wanted for aim in sweep.objectives)
    runs = f"over {len(sweep.seeds)} runs of each trial" if len(sweep.seeds) > 1 else "of the trial's one run"
    return f"wanted: {goals}; ± or in brackets: 95 % intervals {runs}"


def trials_table(shown: ShownTrials, path: Path) -> Table:
    """Return a table of all trials that are shown, the best first, each with its run's report or command."""
    sweep = shown.sweep
    rank = {number: k for k, number in enumerate(sweep.ranked)}
    places = sorted(shown.places.tolist(), key=lambda k: (rank.get(sweep.trials[k].number, len(rank)), k))
    columns = [
        *(Column("trial", COUNT), *_columns(sweep), Column("came to")),
        *(Column("seconds", DECIMAL), Column("report")),
    ]
    rows: list[list[Cell]] = []
    for place in places:
        row = sweep.trials[place]
        rows.append(
            [row.number, *_cells(sweep, place), _came_to(sweep, place), row.seconds, _look(row, path)]
        )
    left = len(sweep.trials) - len(rows)
    return Table("", columns, rows, f"{left:,} more are in points/ and scores/" if left else "")


def _came_to(sweep: OpenedTuning, place: int) -> str:
    row = sweep.trials[place]
    if row.same_as is not None:
        return f"the same as trial {row.same_as}"
    if row.outcome != FINISHED:
        after = f" after {row.milestones} of {row.milestones_of}" if row.milestones_of > 1 else ""
        return f"{row.outcome}{after}"
    if not sweep.feasible[place]:
        return "violates a constraint"
    return "front" if row.number in sweep.front and len(sweep.objectives) > 1 else "finished"


def _look(row: TrialRow, path: Path) -> Markup:
    """Return links to the reports of a trial's runs, or the command that makes the first one's."""
    if row.same_as is not None:
        return Markup()
    names = dict.fromkeys(score.run for score in row.scores if score.run and _RUN.fullmatch(score.run))
    runs = list(names) or [trial_name(row.number)]
    drawn = [name for name in runs if (path / "runs" / name / "report.html").is_file()]
    if drawn:
        link = Markup('<a data-file href="runs/{0}/report.html">{0}</a>')
        return Markup(", ").join(link.format(name) for name in drawn)
    if not (path / "runs" / runs[0] / "run.json").is_file():
        return Markup()
    return Markup("<code>{}</code>").format(shlex.join(("outvoted", "report", str(path / "runs" / runs[0]))))


def keys_table(sweep: OpenedTuning) -> Table:
    """Return a table of the keys: their whole paths, how they are varied, and when."""
    rows: list[list[Cell]] = []
    for axis in sweep.axes:
        varied = sweep.vary.get(axis.key)
        if varied is None:
            rows.append([axis.key, axis.name, "no more", ""])
            continue
        way, values = next((k, v) for k, v in varied if k != "when" and v is not None)
        texts = [axis.text(value) for value in values]
        said = ", ".join(texts) if way in ("grid", "choice") else " to ".join(texts)
        when = "; ".join(f"{key} is {value_text(value)}" for key, value in varied.when.items())
        rows.append([axis.key, axis.name, f"{way.replace('_', ' ')}: {said}", when or "always"])
    return Table("", [Column("key"), Column("called"), Column("varied"), Column("where")], rows)


def outcomes_table(sweep: OpenedTuning) -> Table | None:
    """Return a table of what kept trials from winning, and how many each; None where nothing did."""
    found = Counter(filter(None, (_kept(sweep, k) for k in range(len(sweep.trials)))))
    if not found:
        return None
    rows: list[Sequence[Cell]] = [[text, count] for text, count in found.most_common(_REASONS)]
    left = len(found) - len(rows)
    note = f"{left:,} more reasons are in points/" if left > 0 else ""
    return Table("", [Column("what came of trials that can't win"), Column("trials", COUNT)], rows, note)


def why(row: TrialRow) -> str:
    """Say in a line why a trial failed or was stopped: what was expected and found, without what to do."""
    lines = visible(row.reason or "").strip().splitlines()
    several = bool(lines) and lines[0].startswith("expected: ")
    return "; ".join(line.strip() for line in lines[: 1 + several])[:_LONGEST]


def _kept(sweep: OpenedTuning, place: int) -> str:
    """Say what kept a trial from winning, if anything did."""
    row = sweep.trials[place]
    if row.same_as is not None:
        return "has the point of an earlier trial"
    if row.outcome != FINISHED:
        said = why(row)
        return f"{row.outcome}: {said}" if said else row.outcome
    broken = [str(one) for one in sweep.constraints if not sweep.keeps(one, place)]
    if broken:
        return f"does not keep to {' and '.join(broken)}"
    return "" if sweep.eligible[place] else "has no value of an objective"
