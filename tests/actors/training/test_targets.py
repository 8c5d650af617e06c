"""Targets: what counts as reached, what is kept, and when the next check is due."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from outvoted.actors.networks import Weights
from outvoted.actors.training.target_training import Check, Stop, TargetChecks, TargetWatch


def seen(rights: list[int], targets: tuple[float, ...], images: int = 10_000) -> tuple[Stop, ...]:
    """Show a watch one check after another; the weights of check i are the number i."""
    watch = TargetWatch(targets, TargetChecks(), images)
    for number, right in enumerate(rights, 1):
        watch.see(check_of(number, right / images), lambda number=number: weights_of(number))  # type: ignore[misc]
    return watch.stops("in 3 epochs")


def check_of(number: int, accuracy: float, step: int | None = None) -> Check:
    return Check(number, 10 * number if step is None else step, 1, 0.5, accuracy)


def weights_of(number: int) -> Weights:
    return {"weight": torch.tensor(float(number))}


@pytest.mark.parametrize(
    ("right", "reached"), [(9744, False), (9745, True), (9750, True), (9755, True), (9756, False)]
)
def test_a_target_is_reached_within_a_twentieth_of_a_per_cent(right: int, reached: bool) -> None:
    (stop,) = seen([right], (0.975,))
    assert stop.reached == reached


@given(images=st.integers(1, 2000), target=st.floats(0.01, 0.99))
def test_of_few_test_images_the_nearest_number_reaches_a_target(images: int, target: float) -> None:
    (stop,) = seen([round(target * images)], (target,), images)
    assert stop.reached


def test_the_first_check_within_the_window_is_kept() -> None:
    (stop,) = seen([9000, 9748, 9750, 9752], (0.975,))
    assert stop.check == check_of(2, 0.9748)
    assert stop.weights == weights_of(2)
    assert stop.reason == ""


def test_each_target_has_a_check_of_its_own_whatever_their_order() -> None:
    stops = seen([9500, 9851, 9749, 9800], (0.985, 0.975, 0.98))
    assert [stop.target for stop in stops] == [0.985, 0.975, 0.98]
    assert [stop.check and stop.check.number for stop in stops] == [2, 3, 4]


def test_one_check_may_reach_two_targets() -> None:
    assert all(stop.reached for stop in seen([9750], (0.9748, 0.9752)))


def test_of_a_target_that_is_not_reached_the_closest_check_is_told() -> None:
    (stop,) = seen([9500, 9700, 9650], (0.975,))
    assert stop.check == check_of(2, 0.97)
    assert stop.weights is None
    assert stop.reason == "not reached in 3 epochs: best 97.00 %"


def test_a_target_between_two_checks_is_said_to_be_passed_over() -> None:
    (stop,) = seen([9700, 9770], (0.975,))
    assert stop.reason == "passed over between two checks in 3 epochs: best 97.70 %"
    assert stop.check == check_of(2, 0.977)


def test_targets_between_two_checks_are_those_that_neither_has_found() -> None:
    watch = TargetWatch((0.97, 0.975, 0.98, 0.985), TargetChecks(), 10_000)
    one, other = check_of(1, 0.9752), check_of(2, 0.984)
    for check in (one, other):
        watch.see(check, lambda: weights_of(1))
    assert watch.between(one, other) == watch.between(other, one) == (0.98,)


def test_without_a_check_there_is_none_to_tell() -> None:
    (stop,) = seen([], (0.975,))
    assert (stop.check, stop.reason) == (None, "not reached in 3 epochs")


@given(
    step=st.integers(1, 10**5),
    right=st.integers(0, 10_000),
    targets=st.lists(st.floats(0.5, 0.999), min_size=1, max_size=4).map(tuple),
)
def test_pauses_keep_within_their_bounds(step: int, right: int, targets: tuple[float, ...]) -> None:
    watch = TargetWatch(targets, TargetChecks(often=7, seldom=90), 10_000)
    assert 7 <= watch.pause(check_of(1, right / 10_000, step)) <= 90


@given(st.lists(st.integers(5000, 9700), min_size=2, max_size=2).map(sorted), st.integers(10, 5000))
def test_the_nearer_a_target_the_sooner_the_next_check(rights: list[int], step: int) -> None:
    watch = TargetWatch((0.975,), TargetChecks(), 10_000)
    far, near = (watch.pause(check_of(1, right / 10_000, step)) for right in rights)
    assert near <= far


def test_a_target_that_was_reached_hurries_no_check() -> None:
    watch = TargetWatch((0.975, 0.995), TargetChecks(seldom=10_000), 10_000)
    near = check_of(1, 0.975, 1000)
    before = watch.pause(near)
    watch.see(near, lambda: weights_of(1))
    assert before == TargetChecks().often < watch.pause(near)
    assert watch.open == (0.995,)


def test_a_network_without_errors_is_checked_too() -> None:
    assert TargetWatch((0.9,), TargetChecks(), 50).pause(check_of(1, 1.0)) >= TargetChecks().often


def test_a_target_with_twice_the_errors_of_the_best_check_is_given_up() -> None:
    watch = TargetWatch((0.97, 0.98, 0.995), TargetChecks(), 10_000)
    watch.see(check_of(1, 0.9851), lambda: weights_of(1))
    assert watch.open == (0.98, 0.995)
    stop = watch.stops("in 1 epochs")[0]
    assert stop.check == check_of(1, 0.9851)
    assert stop.reason == "passed over between two checks in 1 epochs: best 98.51 %"
