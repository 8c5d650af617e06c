"""The trials of a sweep as its page shows them, each with the pages of its runs."""

from dataclasses import replace

from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.tuning.opened import OpenedTuning
from outvoted.cluster.console.trial_table import point_said
from outvoted.cluster.jobs.tune.configurations import run_names
from outvoted.cluster.service.pages.presented import Presented, ShownTrial
from outvoted.cluster.service.pages.told import figure

_MOST = 200


def with_trials(presented: Presented, run: OpenedRun) -> Presented:
    """Return what is presented of a sweep with its trials, best first, and then the latest of the others."""
    found = OpenedTuning(run)
    order = dict.fromkeys((*found.ranked, *sorted((row.number for row in found.trials), reverse=True)))
    measures = [one.name for one in found.objectives]
    places = {row.number: place for place, row in enumerate(found.trials)}
    front = frozenset(found.front)
    shown = [_shown(found, places[number], number in front) for number in list(order)[:_MOST]]
    return replace(presented, trials=shown, measures=measures, more=max(0, len(order) - _MOST))


def _shown(found: OpenedTuning, place: int, on_front: bool) -> ShownTrial:
    row = found.trials[place]
    return ShownTrial(
        row.number,
        row.outcome,
        list(run_names(found, row)),
        point_said(found.point(row.number)),
        [figure(found.scores[one.name][place][0]) for one in found.objectives],
        on_front,
    )
