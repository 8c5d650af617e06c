"""The gradient strategy's model: true where peers were asked, and its gradients are its own."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from outvoted.search.arrays import Floats
from outvoted.search.strategies.gradient import Surrogate, loss

SEARCHES, POINTS, PEERS, KNOBS = 5, 4, 3, 6
SEEDS = st.integers(0, 2**32 - 1)


def model(seed: int, points: int = POINTS) -> Surrogate:
    """Random scores and gradients; some peers were not asked at some points, all at the first."""
    rng = np.random.default_rng(seed)
    known = (rng.uniform(size=(SEARCHES, points, PEERS)) < 0.6).astype(np.float64)
    known[:, 0] = 1
    return Surrogate(
        rng.uniform(size=(SEARCHES, points, KNOBS)),
        rng.normal(size=(SEARCHES, points, PEERS)),
        rng.normal(size=(SEARCHES, points, PEERS, KNOBS)),
        known,
    )


def plain(model: Surrogate, row: int, peer: int, knobs: Floats) -> float:
    """Shepard's interpolation of Taylor expansions, as one sum."""
    total = weights = 0.0
    for point in range(model.score.shape[1]):
        away = knobs - model.knobs[row, point]
        weight = model.known[row, point, peer] / (away @ away + 1e-3) ** 1.5
        total += weight * (model.score[row, point, peer] + model.gradient[row, point, peer] @ away)
        weights += weight
    return total / weights


def central(function: object, knobs: Floats) -> Floats:
    """Central differences along each knob; the new axis is the last."""
    assert callable(function)
    step = 1e-6 * np.eye(KNOBS)
    return np.stack([(function(knobs + one) - function(knobs - one)) / 2e-6 for one in step], axis=-1)


@given(seed=SEEDS)
@settings(max_examples=15)
def test_scores_are_shepards(seed: int) -> None:
    knobs = np.random.default_rng(seed + 1).uniform(size=(SEARCHES, KNOBS))
    asked = model(seed)
    expected = [[plain(asked, row, peer, knobs[row]) for peer in range(PEERS)] for row in range(SEARCHES)]
    np.testing.assert_allclose(asked.at(knobs)[0], expected, rtol=1e-9, atol=1e-12)


@given(seed=SEEDS)
@settings(max_examples=15)
def test_gradients_are_those_of_the_scores(seed: int) -> None:
    knobs = np.random.default_rng(seed + 1).uniform(size=(SEARCHES, KNOBS))
    asked = model(seed)
    np.testing.assert_allclose(
        asked.at(knobs)[1], central(lambda at: asked.at(at)[0], knobs), rtol=1e-4, atol=1e-4
    )


def test_where_peers_were_asked_the_model_says_nearly_what_they_said() -> None:
    asked = model(7)
    for point in range(POINTS):
        score, gradient, mean = asked.at(asked.knobs[:, point])
        said = asked.known[:, point] == 1
        np.testing.assert_allclose(score[said], asked.score[:, point][said], atol=0.02)
        np.testing.assert_allclose(mean[said], asked.gradient[:, point][said], atol=0.02)
        np.testing.assert_allclose(gradient[said], asked.gradient[:, point][said], atol=0.05)


def test_with_one_point_the_model_is_its_tangent() -> None:
    asked, knobs = model(3, points=1), np.random.default_rng(4).uniform(size=(SEARCHES, KNOBS))
    away = knobs - asked.knobs[:, 0]
    expected = asked.score[:, 0] + np.einsum("npk,nk->np", asked.gradient[:, 0], away)
    score, gradient, mean = asked.at(knobs)
    np.testing.assert_allclose(score, expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(gradient, asked.gradient[:, 0], atol=1e-9)
    np.testing.assert_allclose(mean, asked.gradient[:, 0], atol=1e-12)


def test_points_that_a_peer_was_not_asked_at_change_no_bit() -> None:
    asked, knobs = model(5), np.random.default_rng(6).uniform(size=(SEARCHES, KNOBS))
    empty = [np.zeros((SEARCHES, 3, *part.shape[2:])) for part in vars(asked).values()]
    parts = zip(vars(asked).values(), empty, strict=True)
    more = Surrogate(*(np.concatenate([part, none], axis=1) for part, none in parts))
    for one, two in zip(asked.at(knobs), more.at(knobs), strict=True):
        assert one.tobytes() == two.tobytes()


@given(seed=SEEDS, margin=st.floats(0, 2))
@settings(max_examples=25)
def test_the_loss_adds_up_what_is_missing_and_its_gradient_is_its_own(seed: int, margin: float) -> None:
    rng, asked = np.random.default_rng(seed), model(seed)
    knobs = rng.uniform(size=(SEARCHES, KNOBS))
    target = np.eye(PEERS, dtype=bool)[rng.integers(PEERS, size=SEARCHES)]
    voter = ~target & (rng.uniform(size=target.shape) < 0.7)
    score, gradient, _ = asked.at(knobs)
    total, uphill = loss(score, gradient, target, voter, margin)
    for row in range(SEARCHES):
        missing = sum(max(0, score[row, peer] + margin) for peer in np.flatnonzero(target[row]))
        missing += sum(max(0, margin - score[row, peer]) for peer in np.flatnonzero(voter[row]))
        np.testing.assert_allclose(total[row], missing, rtol=1e-9, atol=1e-12)
    smooth = np.abs(np.abs(score) - margin).min(axis=1) > 1e-3
    by_differences = central(lambda at: loss(*asked.at(at)[:2], target, voter, margin)[0], knobs)
    np.testing.assert_allclose(uphill[smooth], by_differences[smooth], rtol=1e-4, atol=1e-4)
