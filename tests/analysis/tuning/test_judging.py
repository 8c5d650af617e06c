"""What a sweep is judged by: refused in one message, before anything starts, where a run does not have it."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outvoted.actors.networks import CNN, MLP
from outvoted.analysis.tuning.constraints import Constraint
from outvoted.analysis.tuning.judging import check_measures, constraints_of, names_of, objectives_of
from outvoted.analysis.tuning.measures import measure_called, measures_of
from outvoted.analysis.tuning.objectives import Measured, Objective, ObjectiveSettings, pooled
from outvoted.cluster.jobs.compare import CompareConfig
from outvoted.cluster.jobs.heal import HealConfig
from outvoted.cluster.jobs.mine import MineConfig
from outvoted.cluster.jobs.run_settings import RunSettings
from outvoted.cluster.jobs.study import StudyConfig
from outvoted.search.errors import OutvotedError

NUMBERS = st.floats(-1e6, 1e6)
FEW = MineConfig.model_validate({"search": {"voters": [2]}})
OWN = MineConfig.model_validate({"panel": {"networks": [CNN(), MLP(hidden=7)]}, "referee": None})
BOUNDARY = StudyConfig.model_validate({"study": {"kind": "boundary"}})
MORPHS = StudyConfig.model_validate({"study": {"kind": "morphs"}})


def objectives(kind: str, *names: str) -> tuple[Objective, ...]:
    """Take objectives with their usual goals."""
    return objectives_of(kind, [ObjectiveSettings(measure=name) for name in names])


@pytest.mark.parametrize(
    "text", ["validity >= 0.97", " validity>=.97 ", "validity >= 97e-2", "gradient.validity < 1"]
)
def test_a_constraint_reads_as_it_is_written(text: str) -> None:
    found = Constraint.of(text)
    assert Constraint.of(str(found)) == found
    assert found.measure.endswith("validity")


@pytest.mark.parametrize(
    "text",
    [
        *("", "validity", "validity >= ", ">= 0.9", "validity = 0.9", "validity => 0.9", "0.9 <= validity"),
        *("validity >= 97 %", "validity >= 0.9 or moves < 3", "validity >= nan", "validity >= inf"),
        *("validity >= 1e999", "validity >= 0.9.1"),
    ],
)
def test_what_is_no_constraint_is_refused(text: str) -> None:
    with pytest.raises(OutvotedError, match="a constraint: a measure, one of"):
        Constraint.of(text)


@given(st.sampled_from([">=", "<=", ">", "<"]), NUMBERS, NUMBERS)
def test_a_bound_is_violated_exactly_where_it_does_not_hold(sign: str, bound: float, value: float) -> None:
    for at in (value, bound):
        one = Constraint("validity", sign, bound)
        beyond = one.violation(at)
        assert beyond is not None
        assert one.holds(at) == (beyond <= 0) == eval(f"{at!r} {sign} {bound!r}")


def test_what_was_not_measured_keeps_no_bound() -> None:
    one = Constraint.of("validity >= 0")
    assert not one.holds(None)
    assert one.violation(None) is None


def test_of_one_run_a_trial_has_its_own_interval_of_several_that_of_their_mean() -> None:
    one = Measured(0.5, 0.4, 0.6, 90)
    assert pooled([one]) == one
    both = pooled([one, Measured(0.7, 0.6, 0.8, 90)])
    assert both.value == pytest.approx(0.6)
    assert both.of == 2
    assert both.low is not None
    assert both.low < 0
    assert pooled([one, Measured(None)]) == Measured(None, of=2)


@given(NUMBERS, NUMBERS)
def test_one_of_two_that_differ_is_better_and_nothing_is_better_than_none(one: float, other: float) -> None:
    for goal in ("maximise", "minimise"):
        objective = Objective("success", goal)
        assert objective.better(one, other) + objective.better(other, one) == (one != other)
        assert objective.better(one, None)
        assert not objective.better(None, one)
        assert math.isinf(objective.worst)


def test_goals_that_are_left_out_are_the_usual_ones() -> None:
    asked = [ObjectiveSettings(measure="success", goal="minimise"), ObjectiveSettings(measure="moves")]
    assert objectives_of("mine", asked) == (Objective("success", "minimise"), Objective("moves", "minimise"))
    assert names_of(objectives("mine", "success"), [Constraint.of("success > 0.1")]) == ("success",)


@pytest.mark.parametrize(
    ("kind", "name", "told"),
    [
        ("mine", "sucess", "did you mean 'success'?"),
        ("mine", "moved_accuracy", "which `outvoted heal` has"),
        ("mine", "gradient.success", "'gradient.success'"),
        ("compare", "success", "STRATEGY.success"),
        ("compare", "gradient.sucess", "STRATEGY.success"),
        ("heal", "margin", "which `outvoted mine` has"),
        ("study", "", "choose from"),
    ],
)
def test_an_unknown_measure_is_refused_with_what_there_is(kind: str, name: str, told: str) -> None:
    with pytest.raises(OutvotedError) as error:
        measure_called(kind, name)
    assert told in str(error.value)
    with pytest.raises(OutvotedError):
        objectives_of(kind, [ObjectiveSettings(measure=name)])
    with pytest.raises(OutvotedError):
        constraints_of(kind, [f"{name} > 1"])


def test_an_objective_twice_is_refused() -> None:
    with pytest.raises(OutvotedError, match="'success' more than once"):
        objectives("mine", "success", "success")


@pytest.mark.parametrize(
    ("kind", "config", "name", "told"),
    [
        ("mine", OWN, "validity", "`referee: {}`"),
        ("mine", MineConfig(), "held_out_agreement", "search.voters: [3]"),
        ("mine", MineConfig.model_validate({"search": {"realism": False}}), "realism", "search.realism"),
        ("mine", OWN, "table1_success", "an mlp of 10, 20, 30, 40 or 50 units"),
        ("mine", FEW, "table1_moves", "with all peers as voters"),
        ("compare", CompareConfig(), "genetic.success", "random, hillclimb, gradient"),
        ("compare", CompareConfig(referee=None), "gradient.validity", "`referee: {}`"),
        ("heal", HealConfig(referee=None), "validity", "`referee: {}`"),
        ("heal", HealConfig.model_validate({"heal": {"rounds": 0}}), "success_fall", "heal.rounds"),
        ("heal", HealConfig.model_validate({"heal": {"steady": 0}}), "rounds_until_steady", "heal.steady"),
        ("study", BOUNDARY, "detour", "agreement, lone_dissent"),
        ("study", MORPHS, "agreement", "detour"),
    ],
)
def test_a_measure_that_the_run_lacks_is_refused_with_the_reason(
    kind: str, config: RunSettings, name: str, told: str
) -> None:
    for given_as in ("objective", "constraint"):
        known = "gradient.success" if kind == "compare" else next(iter(measures_of(kind)))
        asked = objectives(kind, name if given_as == "objective" else known)
        kept = constraints_of(kind, [f"{name} > 0"] if given_as == "constraint" else [])
        if given_as == "constraint" and kind == "study" and config is BOUNDARY:
            asked = objectives(kind, "agreement")
        with pytest.raises(OutvotedError) as error:
            check_measures(kind, config, asked, kept)
        assert told in str(error.value)
        assert name in str(error.value)


@pytest.mark.parametrize(
    ("kind", "config", "names"),
    [
        ("mine", MineConfig(), ["success", "validity", "realistic", "table1_moves", "cells"]),
        ("mine", FEW, ["held_out_agreement", "disputed"]),
        ("compare", CompareConfig(), ["gradient.success", "random.cells"]),
        ("heal", HealConfig(), list(measures_of("heal"))),
        ("study", BOUNDARY, ["agreement", "lone_dissent"]),
        ("study", MORPHS, ["detour", "dissent"]),
    ],
)
def test_measures_that_a_run_has_are_taken(kind: str, config: RunSettings, names: list[str]) -> None:
    check_measures(kind, config, objectives(kind, *names))


def test_trials_end_early_only_by_what_is_known_early() -> None:
    for name in ("mistakes", "cells", "mistakes_per_second"):
        with pytest.raises(OutvotedError, match="known only at a run's end"):
            check_measures("mine", MineConfig(), objectives("mine", name, "success"), early=True)
    with pytest.raises(OutvotedError, match="has no interval"):
        check_measures("mine", MineConfig(), objectives("mine", "table1_success"), early=True, racing=True)
    check_measures("mine", MineConfig(), objectives("mine", "success", "cells"), early=True)


def test_trials_race_only_by_objectives_that_are_all_known_early_and_have_intervals() -> None:
    for name, told in (("mistakes", "known only at a run's end"), ("accuracy", "has no interval")):
        with pytest.raises(OutvotedError, match=told):
            check_measures("mine", MineConfig(), objectives("mine", "success", name), racing=True)
    check_measures("mine", MineConfig(), objectives("mine", "success", "moves"), early=True, racing=True)
