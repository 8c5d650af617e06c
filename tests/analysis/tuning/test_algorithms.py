"""Laws that every algorithm keeps, driven as a sweep drives it."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from random import Random

from outvoted.analysis.tuning.algorithms import GridSearch
from outvoted.analysis.tuning.points import Point
from outvoted.analysis.tuning.schedule import Finished, KnownTrial, Order, RecordedTrial, Schedule, StartTrial
from outvoted.analysis.tuning.space import Space
from tests.analysis.tuning.toys import (
    CASES,
    OPTIONAL,
    begun,
    every_case,
    outcomes,
    points,
    recorded,
    sweep,
    trials_of,
)


@every_case
def test_points_do_not_depend_on_the_order_in_which_trials_end(case: str) -> None:
    of = outcomes(CASES[case][2])
    first = sweep(begun(case), of)
    for seed in range(2):
        assert sweep(begun(case), of, Random(seed)) == first


@every_case
def test_a_sweep_that_is_killed_anywhere_and_taken_up_again_gives_the_trials_of_one_that_was_not(
    case: str,
) -> None:
    of = outcomes(CASES[case][2])
    whole = sweep(begun(case), of, Random(1))
    order = Random(2)
    for kills in ([3, 7], [1, 2, len(whole) - 2]):
        kept = sweep(begun(case), of, order, most=0)
        for kill in kills:
            kept = sweep(begun(case, before=kept), of, order, most=kill, before=kept)
        again = begun(case, before=kept)
        assert sweep(again, of, order, before=kept) == whole
        assert again.remark is None


@every_case
def test_every_point_lies_in_the_space_and_has_the_keys_that_hold(case: str) -> None:
    _, space, goals = CASES[case]
    for point in points(sweep(begun(case), outcomes(goals))):
        assert space.holds(point)


@every_case
def test_an_extended_sweep_goes_on_with_the_same_first_trials(case: str) -> None:
    of = outcomes(CASES[case][2])
    short = sweep(begun(case, trials=trials_of(case) // 2), of)
    longer = sweep(begun(case, before=short), of, before=short)
    assert longer == sweep(begun(case), of)


@every_case
def test_a_trial_that_was_begun_keeps_its_point_and_is_started_again(case: str) -> None:
    algorithm, space, goals = CASES[case]
    other = space.at([0.9] * len(space.dimensions))
    schedule = Schedule(algorithm, space, goals, Order(8, 2, 0), [RecordedTrial(1, other, None)])
    assert isinstance(schedule.next(), StartTrial)
    assert schedule.next() == StartTrial(1, other)
    ended = sweep(begun(case, 8, 2), outcomes(goals), most=1)
    kept = [*recorded(ended), RecordedTrial(1, other, None)]
    assert Schedule(algorithm, space, goals, Order(8, 2, 0), kept).next() == StartTrial(1, other)


@every_case
def test_recorded_points_that_would_not_be_suggested_now_are_kept_and_named(case: str) -> None:
    algorithm, space, goals = CASES[case]
    of = outcomes(goals)
    ended = sweep(begun(case, trials=7), of)
    odd, outside = space.at([0.99] * len(space.dimensions)), Point.of({"removed": 1})
    for number, point in ((4, odd), (6, outside)):
        ended[number] = point, of(number, point)
    schedule = begun(case, before=ended)
    longer = sweep(schedule, of, before=ended)
    assert {number: longer[number] for number in ended} == ended
    grid = isinstance(algorithm, GridSearch)
    assert grid or (schedule.remark or "").startswith("from trial 4 on")
    assert sweep(begun(case, before=longer), of, before=longer) == longer


def test_suggestions_are_the_same_in_another_process_with_other_hashes() -> None:
    cases = [case for case, (algorithm, *_) in CASES.items() if algorithm.adaptive and case != "gp"]
    cases = [
        case for case in cases if case not in OPTIONAL or find_spec(case)
    ]  # gp: torch takes long to import
    code = (
        "import json; from tests.analysis.tuning.toys import *;"
        f"tables = [sweep(begun(case), outcomes(CASES[case][2])) for case in {cases!r}];"
        "print(json.dumps([[point.text for point in points(table)] for table in tables]))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONHASHSEED": "77"},
        check=True,
    )
    here = [points(sweep(begun(case), outcomes(CASES[case][2]))) for case in cases]
    assert json.loads(ran.stdout) == [[point.text for point in table] for table in here]


@every_case
def test_equal_points_are_run_once(case: str) -> None:
    algorithm, space, goals = CASES[case]
    schedule, of = Schedule(algorithm, space, goals, Order(trials_of(case), 3, 0)), outcomes(goals)
    running: list[StartTrial] = []
    began: dict[Point, int] = {}
    ended: set[int] = set()
    while not isinstance(step := schedule.next(), Finished):
        if isinstance(step, StartTrial):
            assert step.point not in began
            began[step.point] = step.number
            running.append(step)
        elif isinstance(step, KnownTrial):
            assert step.same_as == began[step.point]
            assert step.same_as in ended
        else:
            last = running.pop()
            ended.add(last.number)
            schedule.hear(of(last.number, last.point))
    assert ended == set(began.values())
    assert began.keys() == set(points(sweep(begun(case), of)))


def test_a_grid_gives_every_point_once_also_where_it_was_extended() -> None:
    algorithm, space, goals = CASES["grid"]
    of = outcomes(goals)
    whole = sweep(begun("grid"), of)
    assert sorted(point.text for point in points(whole)) == sorted(point.text for point in space.points())
    first, *others = space.dimensions
    narrow = Space(space.form, space.base, (replace(first, values=("gradient", None)), *others))
    before = sweep(Schedule(algorithm, narrow, goals, Order(1, 3, 0)), of)
    after = sweep(Schedule(algorithm, space, goals, Order(1, 3, 0), recorded(before)), of, before=before)
    assert points(after)[: len(before)] == points(before)
    assert sorted(point.text for point in points(after)) == sorted(point.text for point in points(whole))


def test_random_points_depend_on_neither_earlier_trials_nor_other_keys() -> None:
    algorithm, space, goals = CASES["random"]
    drawn = algorithm.begun(space, goals, 3, {})
    late = algorithm.begun(space, goals, 3, {}).suggest(17)
    assert [drawn.suggest(number) for number in range(18)][17] == late
    fewer = Space(space.form, space.base, space.dimensions[-1:])
    alone = algorithm.begun(fewer, goals, 3, {}).suggest(17)
    assert late is not None
    assert alone is not None
    assert alone.values.items() <= late.values.items()
