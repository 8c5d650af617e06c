"""A recorded sweep is read in its own types, and what no sweep writes is refused in one message."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from outvoted.analysis.tuning.opened import OpenedTuning
from outvoted.search.errors import OutvotedError
from tests.analysis.tuning.made_up import TWO, Values, failed, repeated, row, stopped, usual, write_sweep

ONE: dict[str, Any] = {"search.patience": {"grid": [50, 100]}}


def sweep(path: Path, points: list[Values], scores: list[dict[str, float]], **options: Any) -> OpenedTuning:
    trials = [row(k, point, score) for k, (point, score) in enumerate(zip(points, scores, strict=True))]
    return OpenedTuning(write_sweep(path, trials, **options))


def test_each_key_has_a_column_in_its_own_type(tmp_path: Path) -> None:
    frame = OpenedTuning(usual(tmp_path / "sweep")).frame
    types = {name: str(frame[name].dtype) for name in frame}
    assert types["number"] == types["search.patience"] == types["panel.networks.*.hidden"] == "int64"
    assert types["panel.training.learning_rate"] == types["search.strategy.step"] == "float64"
    assert set(frame["search.strategy"]) == {"hillclimb", "gradient", "genetic"}
    assert types["feasible"] == types["on_front"] == "bool"
    gaps = frame["search.strategy.step"].isna()
    assert (gaps == (frame["search.strategy"] != "gradient")).all()
    measured = frame["outcome"] != "failed"
    for name in TWO:
        assert (frame[f"{name}_low"] <= frame[name])[measured].all()
        assert frame[name].isna().sum() == (~measured).sum()


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, None, 3], "Int64"),
        ([True, False], "bool"),
        ([True, None], "boolean"),
        ([1, 2.5], "float64"),
        ([1, "all"], "object"),
        ([{"kind": "a"}, [1]], "object"),
    ],
)
def test_a_column_with_gaps_keeps_its_type(values: list[Any], kind: str, tmp_path: Path) -> None:
    points = [{} if value is None else {"a.b": value} for value in values]
    vary = {"a.b": {"choice": [value for value in values if value is not None]}}
    found = sweep(tmp_path, points, [{"success": 0.5}] * len(values), vary=vary, objectives=["success"])
    assert str(found.frame["a.b"].dtype) == kind


def test_the_best_fulfils_every_constraint_and_ties_go_to_the_earlier(tmp_path: Path) -> None:
    scores = [{"success": s, "validity": v} for s, v in ((0.5, 0.99), (0.9, 0.9), (0.7, 0.97), (0.7, 0.98))]
    points = [{"search.patience": 50}] * 4
    options = {"vary": ONE, "objectives": ["success"], "constraints": ["validity >= 0.97"]}
    found = sweep(tmp_path, points, scores, **options)
    assert (found.best, found.ranked) == (2, (2, 3, 0))
    assert found.feasible.tolist() == [True, False, True, True]


def test_a_trial_that_did_not_go_to_its_end_or_repeats_another_wins_nothing(tmp_path: Path) -> None:
    first, *others = (row(k, {"search.patience": 50}, {"success": 0.1 + 0.1 * k}) for k in range(4))
    trials = [first, stopped(others[0]), failed(others[1]), repeated(others[2], first)]
    found = OpenedTuning(write_sweep(tmp_path, trials, vary=ONE, objectives=["success"]))
    assert found.ranked == (0,)
    assert found.frame["success"].tolist()[3] == found.frame["success"].tolist()[0]


def test_the_front_is_what_nobody_beats_with_each_objective_going_its_own_way(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    scores = [{"success": float(s), "moves": float(m)} for s, m in random.random((40, 2)).round(1)]
    objectives = [{"measure": "success", "goal": "maximise"}, {"measure": "moves", "goal": "minimise"}]
    points = [{"search.patience": 50}] * len(scores)
    found = sweep(tmp_path, points, scores, vary=ONE, objectives=objectives)

    def beaten(one: dict[str, float]) -> bool:
        no_worse = (o for o in scores if o["success"] >= one["success"] and o["moves"] <= one["moves"])
        return any(other != one for other in no_worse)

    assert sorted(found.front) == [k for k, one in enumerate(scores) if not beaten(one)]
    firsts = [scores[number]["success"] for number in found.front]
    assert firsts == sorted(firsts, reverse=True)
    assert found.front == found.ranked[: len(found.front)]


def test_a_sweep_without_winners_has_none(tmp_path: Path) -> None:
    trial = failed(row(0, {"search.patience": 50}, {}))
    found = OpenedTuning(write_sweep(tmp_path, [trial], vary=ONE, objectives=["success"]))
    assert (found.best, found.front, len(found.frame)) == (None, (), 1)


NESTED = '{"a": ' + "[" * 100_000 + "]" * 100_000 + "}"


DEEP = '{"a": ' + "[" * 700 + "]" * 700 + "}"


@pytest.mark.parametrize(
    "text", ["", "[]", "3", "{", '{"a": NaN}', '{"a": 1e999}', '{"a": 1' + "0" * 400 + "}", NESTED, DEEP]
)
def test_a_point_that_no_sweep_writes_is_refused(text: str, tmp_path: Path) -> None:
    trial = replace(row(0, {}, {"success": 0.5}), point=text)
    found = OpenedTuning(write_sweep(tmp_path, [trial], vary=ONE, objectives=["success"]))
    with pytest.raises(OutvotedError, match="point of trial 0"):
        _ = found.frame


@pytest.mark.parametrize("change", [{"number": -1}, {"outcome": "won"}])
def test_a_trial_that_no_sweep_writes_is_refused(change: dict[str, Any], tmp_path: Path) -> None:
    trial = replace(row(0, {}, {"success": 0.5}), **change)
    found = OpenedTuning(write_sweep(tmp_path, [trial], vary=ONE, objectives=["success"]))
    with pytest.raises(OutvotedError, match="trials of a sweep"):
        _ = found.trials


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e308])
def test_a_score_that_is_no_number_is_not_known(value: float, tmp_path: Path) -> None:
    found = sweep(tmp_path, [{"search.patience": 50}], [{"success": value}], vary=ONE, objectives=["success"])
    assert found.frame["success"].isna().all()
    assert found.best is None


@pytest.mark.parametrize(
    "change",
    [
        {"vary": {}},
        {"vary": {"a": {"grid": []}}},
        {"vary": 3},
        {"objectives": 5},
        {"objectives": []},
        {"mine": [1]},
        {"mine": None},
        {"constraints": [5]},
    ],
)
def test_a_configuration_of_no_sweep_is_refused(change: dict[str, Any], tmp_path: Path) -> None:
    run = usual(tmp_path, 2)
    path = tmp_path / "run.json"
    record = json.loads(path.read_text())
    record["config"].update(change)
    path.write_text(json.dumps(record))
    with pytest.raises(OutvotedError, match="configuration"):
        OpenedTuning(run)
