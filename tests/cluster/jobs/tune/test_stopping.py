"""Which trials end early: the worse ones, whichever way is better, and none before its grace is over."""

from dataclasses import dataclass
from typing import Any, Literal

import pytest

from outvoted.analysis.tuning.objectives import Goal
from outvoted.cluster.jobs.tune import TrialStopping, TuneConfig
from outvoted.cluster.jobs.tune.stopping import check_stopping, scheduler_of
from outvoted.search.errors import OutvotedError

MILESTONES = 9
Rule = Literal["none", "race", "asha", "median"]


@dataclass(frozen=True)
class Reporting:
    """A trial as far as a scheduler knows it, with the same score at every milestone."""

    trial_id: str
    score: float


def reached(stopping: TrialStopping, goal: Goal, scores: list[float]) -> list[int]:
    """Return the milestone that each trial gets to, where all go on side by side, the first one ahead."""
    scheduler: Any = scheduler_of(stopping, goal, MILESTONES)
    trials = [Reporting(f"trial-{number}", score) for number, score in enumerate(scores)]
    for trial in trials:
        scheduler.on_trial_add(None, trial)
    far, running = dict.fromkeys(trials, 0), trials
    for milestone in range(1, MILESTONES + 1):
        for trial in running:
            far[trial] = milestone
        report = {"milestone": milestone}
        running = [
            trial
            for trial in running
            if scheduler.on_trial_result(None, trial, report | {"score": trial.score}) == "CONTINUE"
        ]
    return list(far.values())


@pytest.mark.parametrize("goal", ["maximise", "minimise"])
@pytest.mark.parametrize("rule", ["asha", "median"])
def test_the_best_goes_to_the_end_and_the_worst_does_not(rule: Rule, goal: Goal) -> None:
    scores = [9.0, 8.0, 7.0, 6.0, 5.0, 4.0] if goal == "maximise" else [4.0, 5.0, 6.0, 7.0, 8.0, 9.0]
    far = reached(TrialStopping(rule=rule, grace=2), goal, scores)
    assert far[0] == MILESTONES
    assert far[-1] < MILESTONES
    assert far == sorted(far, reverse=True)
    assert min(far) >= 2


def test_of_the_trials_at_a_rung_one_in_so_many_goes_on() -> None:
    scores = [9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0]
    kept = [
        sum(last > 1 for last in reached(TrialStopping(rule="asha", reduction=n), "maximise", scores))
        for n in (2, 9)
    ]
    assert kept == [1, 1]  # the best came first
    some = reached(TrialStopping(rule="asha", reduction=3), "maximise", scores[::-1])
    assert some == [MILESTONES] * 9  # each was the best so far


@pytest.mark.parametrize("rule", ["none", "race"])
def test_other_rules_leave_every_trial_to_itself(rule: Rule) -> None:
    assert reached(TrialStopping(rule=rule), "maximise", [3.0, 2.0, 1.0, 0.0]) == [MILESTONES] * 4


def tuning(rule: Rule, **base: Any) -> TuneConfig:
    values = {"vary": {"search.seed": [0, 1]}, "objectives": "success", "stopping": {"rule": rule}}
    return TuneConfig.model_validate(values | base)


@pytest.mark.parametrize(
    ("rule", "base", "said"),
    [
        ("asha", {"study": {"study": {"kind": "morphs"}}}, "set stopping.rule to none"),
        ("race", {"study": {"study": {"kind": "morphs"}}}, "a study"),
        ("race", {"heal": {}}, "set stopping.rule to asha, median or none"),
        ("median", {"heal": {"heal": {"rounds": 0}}}, "heal.rounds: 0"),
    ],
)
def test_a_rule_that_has_nothing_to_stop_at_is_refused(rule: Rule, base: dict[str, Any], said: str) -> None:
    with pytest.raises(OutvotedError, match="stopping") as caught:
        check_stopping(tuning(rule, **base))
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("rule", "base"),
    [
        ("asha", {"heal": {}}),
        ("median", {"mine": {}}),
        ("race", {"mine": {}}),
        ("none", {"study": {"study": {"kind": "morphs"}}}),
    ],
)
def test_a_rule_that_fits_is_taken(rule: Rule, base: dict[str, Any]) -> None:
    check_stopping(tuning(rule, **base))
