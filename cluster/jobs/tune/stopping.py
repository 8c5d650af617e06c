"""Ending trials that lag behind: Tune's own schedulers over a trial's milestones."""

from math import inf
from typing import TYPE_CHECKING

from outvoted.analysis.tuning.objectives import Goal
from outvoted.cluster.jobs.heal import HealConfig
from outvoted.cluster.jobs.tune import TrialStopping, TuneConfig
from outvoted.search.errors import OutvotedError

if TYPE_CHECKING:
    from ray.tune.schedulers import TrialScheduler

MILESTONE, SCORE = "milestone", "score"
"""What a trial reports at each of its milestones: its number, and the value of the first objective so far."""


def scheduler_of(stopping: TrialStopping, goal: Goal, milestones: int) -> "TrialScheduler":
    """Return what decides, report by report, whether a trial goes on.

    Asynchronous successive halving (Li et al., "A System for Massively Parallel Hyperparameter Tuning"), or
    the median rule (Golovin et al., "Google Vizier"). Which trials end early hangs on who is there first.

    Args:
        goal: of the first objective.
        milestones: how many a trial reports at most, the last one its end.
    """
    from ray.tune.schedulers import ASHAScheduler, FIFOScheduler, MedianStoppingRule

    mode = "max" if goal == "maximise" else "min"
    if stopping.rule == "asha":
        grace = min(stopping.grace, milestones)
        return ASHAScheduler(MILESTONE, SCORE, mode, milestones, grace, stopping.reduction)
    if stopping.rule == "median":  # which never pauses a trial for others: that would begin it anew
        return MedianStoppingRule(MILESTONE, SCORE, mode, stopping.grace, min_time_slice=inf)
    return FIFOScheduler()


def check_stopping(config: TuneConfig) -> None:
    """Refuse a rule for trials that have nothing to stop at.

    Raises:
        OutvotedError: runs of the kind have no milestones, or none that the rule can judge by.
    """
    rule, kind, base = config.stopping.rule, config.base_kind, config.base
    if rule == "none":
        return
    if kind == "study":
        _refuse(f"stopping.rule: {rule}", "a study, which has no figures before its end", "none")
    if kind == "heal" and rule == "race":
        found = "runs of heal, of which an early round says nothing certain about the last"
        _refuse("stopping.rule: race", found, "asha, median or none")
    if isinstance(base, HealConfig) and base.heal.rounds == 0 and "heal.rounds" not in config.vary:
        _refuse(f"stopping.rule: {rule}", "heal.rounds: 0, runs that end with their first figures", "none")


def _refuse(rule: str, found: str, rules: str) -> None:
    raise OutvotedError(
        expected=f"trials that can be stopped at a milestone, as {rule} wants",
        found=found,
        remedy=f"set stopping.rule to {rules}",
    )
