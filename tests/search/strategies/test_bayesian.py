"""The Bayesian strategy: its processes are those of the textbook, and it asks no place twice."""

import numpy as np
import pytest

from outvoted.search.arrays import Floats
from outvoted.search.outcome import Outcome
from outvoted.search.strategies import Bayesian
from outvoted.search.strategies.gaussian import Places, Process, places
from outvoted.search.transforms import Affine, AffineRange
from tests.search.runs import first, panel_for, rules_of, run

HOME = (0.5, 0.5, 0.0)
TURNS = AffineRange(rotation=10, translation=1, scale=1, shear=0)


@pytest.fixture(scope="module")
def room() -> Places:
    """Two knobs that change something, and one that does not."""
    return places(HOME, (True, False, True), 64)


def textbook(room: Places, place: list[int], value: list[float]) -> tuple[Floats, Floats]:
    """Mean and variance at every place by Rasmussen & Williams, equations 2.25 and 2.26."""
    covariance = room.covariance.astype(np.float64)
    inverse = np.linalg.inv(covariance[np.ix_(place, place)] + 6e-4 * np.eye(len(place)))
    across = covariance[:, place]
    return across @ inverse @ value, np.diag(covariance) - np.einsum("cm,mn,cn->c", across, inverse, across)


def test_processes_are_those_of_the_textbook_however_many_observations_each_has(room: Places) -> None:
    seen = [([3, 40, 9], [-1.0, 2.0, 0.5]), ([17], [0.7]), ([], [])]
    process = Process.unobserved((len(seen),), 4)
    for number in range(3):
        rows = np.array([row for row, (place, _) in enumerate(seen) if len(place) > number])
        at = np.array([seen[row][0][number] for row in rows])
        value = np.array([seen[row][1][number] for row in rows], np.float32)
        for array, new in zip(
            vars(process).values(), vars(process.rows(rows).plus(room, at, value)).values(), strict=True
        ):
            array[rows] = new
    mean, variance = process.likely(room)
    for row, (place, values) in enumerate(seen):
        wanted = textbook(room, place, values) if place else (np.zeros(64), room.covariance.diagonal())
        np.testing.assert_allclose(mean[row], wanted[0], atol=2e-3)
        np.testing.assert_allclose(variance[row], np.maximum(wanted[1], 6e-4), atol=2e-3)


def test_places_lie_in_the_budget_and_leave_knobs_alone_that_change_nothing(room: Places) -> None:
    assert ((room.knobs >= 0) & (room.knobs <= 1)).all()
    assert (room.knobs[:, 1] == HOME[1]).all()
    assert len(np.unique(room.knobs, axis=0)) == len(room)


def test_no_place_is_tried_twice_and_knobs_without_effect_stay_at_home() -> None:
    transform = Affine(move=TURNS, budget=TURNS)
    rules = rules_of(Bayesian(steps=8, trial=8), transform=transform)
    panel = panel_for(rules)
    climb = run(rules, first(24), panel)
    assert len(set(panel.asked)) == len(panel.asked) > 0
    described = transform.describe(climb.finds.composed)
    np.testing.assert_allclose(described[:, 3:5], 1)


def test_a_search_ends_early_where_no_place_has_hope() -> None:
    eager, sober = (rules_of(Bayesian(steps=10, trial=2, hopeless=hope)) for hope in (100.0, 0.01))
    long, short = run(eager, first(24)), run(sober, first(24))
    lost = short.outcome == Outcome.EXHAUSTED
    assert (short.tally.candidates[lost] == 2).all()
    assert long.tally.candidates.max() == 10
    assert set(np.flatnonzero(short.outcome == Outcome.MISTAKE)) <= set(
        np.flatnonzero(long.outcome == Outcome.MISTAKE)
    )


def test_voters_are_heard_in_the_panels_order() -> None:
    assert Bayesian().sittings((2, 0, 1)) == ((0,), (1,), (2,))
