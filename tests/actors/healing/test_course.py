"""The order of healing's steps, with rounds that nobody has run."""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pytest

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.healing.arms import ARMS, HELD_OUT, Arm, HealSettings, Step
from outvoted.actors.healing.believed import BELIEVED
from outvoted.actors.healing.course import Course, steady_since
from outvoted.actors.healing.healing import Round, Task
from outvoted.actors.networks.members import Member
from outvoted.actors.runs import png

REPEATS = (0, 4)
IMAGE = {"bytes": png.encode(np.zeros((1, 28, 28), np.uint8)), "path": None}


def ran(task: Task, success: float | None = 0.5) -> Round:
    """Return what a step might give: a mistake of each peer, and of the start one held out."""
    step, peers = task.step, range(len(task.panel))
    arms = (step.arm, HELD_OUT) if step.arm == Arm.START else (step.arm,)
    place = {"repeat": step.repeat, "round": step.round, "number": 0, "label": 3, "moves": 2, "image": IMAGE}
    mistakes = [
        place | {"arm": str(arm), "target": peer, "search_id": peer} for arm in arms for peer in peers
    ]
    rows = pa.table({"success": pa.array([success] * len(peers), pa.float64())})
    return Round(step, rows, pa.Table.from_pylist(mistakes), task.panel[::-1])


@pytest.fixture
def panels(trained: list[Member]) -> Mapping[int, tuple[Member, ...]]:
    return {repeat: tuple(trained[:2]) for repeat in REPEATS}


def begun(
    panels: Mapping[int, tuple[Member, ...]],
    data: Dataset,
    success: Sequence[float | None] = (),
    **keys: object,
) -> Course:
    """Return the course of three rounds at most, of which some have been run with these success rates."""
    course = Course(HealSettings.model_validate({"rounds": 3, "seeds": REPEATS, **keys}), data, panels)
    for rate in success:
        course.take([ran(task, rate) for task in course.tasks()])
    return course


Panels = Mapping[int, tuple[Member, ...]]


def test_the_start_of_each_repeat_comes_first_and_then_every_arm(panels: Panels, digits: Dataset) -> None:
    course, steps = begun(panels, digits), []
    while not course.ended:
        tasks = course.tasks()
        steps += [task.step for task in tasks]
        course.take([ran(task) for task in tasks])
    starts = [Step(repeat, Arm.START, 0) for repeat in REPEATS]
    assert steps == starts + [
        Step(repeat, arm, number) for number in (1, 2, 3) for repeat in REPEATS for arm in ARMS
    ]
    assert len(steps) == course.most


def test_a_step_has_what_the_mined_arm_found_in_all_rounds_before(panels: Panels, digits: Dataset) -> None:
    course = begun(panels, digits, (0.5, 0.5))
    for task in course.tasks():
        assert [[len(peer.moves) for peer in found] for found in task.found] == [[1, 1], [1, 1]]
        assert [len(peer.moves) for peer in task.held_out] == [1, 1]
        assert task.panel == panels[task.step.repeat]  # turned round by two steps


def test_the_order_in_which_steps_end_changes_nothing(panels: Panels, digits: Dataset) -> None:
    one, other = begun(panels, digits, (0.5,)), begun(panels, digits, (0.5,))
    one.take([ran(task) for task in one.tasks()])
    other.take([ran(task) for task in reversed(other.tasks())])
    assert [task.step for task in one.tasks()] == [task.step for task in other.tasks()]
    assert [len(task.found) for task in one.tasks()] == [len(task.found) for task in other.tasks()]


@pytest.mark.parametrize(
    ("success", "keys", "ended"),
    [
        ((), {}, False),
        ((), {"rounds": 0}, False),
        ((0.5,), {"rounds": 0}, True),
        ((0.5, 0.4, 0.3, 0.2), {}, True),
        ((0.5, 0.4, 0.4), {"least": 1}, False),
        ((0.4, 0.4, 0.4), {"least": 1}, True),
        ((0.4, 0.4, 0.4), {"least": 3}, False),
        ((0.4, 0.4, 0.4), {"least": 1, "steady": 0}, False),
        ((None, None, None), {"least": 1}, True),
    ],
)
def test_it_ends_with_the_last_round_or_once_the_rate_is_steady(
    success: Sequence[float | None], keys: Mapping[str, object], ended: bool, panels: Panels, digits: Dataset
) -> None:
    assert begun(panels, digits, success, **keys).ended == ended


def test_the_last_bits_of_a_rate_decide_nothing() -> None:
    assert steady_since([0.3, 0.1 + 0.2, 0.32], 0.02) is None
    assert steady_since([0.3, 0.1 + 0.2, 0.28 + 1e-12], 0.02) is None


def test_what_people_leave_out_is_trained_on_by_no_arm(panels: Panels, digits: Dataset) -> None:
    course = begun(panels, digits, (0.5,))
    left_out = {"repeat": 0, "arm": "start", "round": 0, "search_id": 1, "number": 0, "label": None}
    course.heed(BELIEVED.of_rows([left_out]))
    added = {task.step.repeat: [len(peer.moves) for peer in task.found[0]] for task in course.tasks()}
    assert added == {0: [1, 0], 4: [1, 1]}
