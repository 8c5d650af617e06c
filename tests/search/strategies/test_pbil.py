"""PBIL against its update rule, by hand, and its knobs as binary numbers."""

from itertools import product

import numpy as np
import pytest

from outvoted.search.strategies import PBIL
from tests.search.strategies.generations import AFFINE, KNOBS, begun, bred, generation, generations

TWO = PBIL(population=2, candidates=10, bits=2, rate=0.25, least=0.1)


def test_probabilities_are_pulled_towards_the_bits_of_the_best() -> None:
    memory = {"probability": np.tile([0.5, 0.8], KNOBS)[None]}
    knobs = np.array([[[1 / 3] * KNOBS, [2 / 3] * KNOBS]])
    after = TWO.evolve(AFFINE, memory, generation(knobs, np.array([[0.5, -2.0]])))["probability"]
    # The second is best; 2/3 is binary 10. P = P (1 - LR) + best LR.
    assert after[0] == pytest.approx(np.tile([0.5 * 0.75 + 0.25, 0.8 * 0.75], KNOBS))


def test_probabilities_stay_away_from_certainty() -> None:
    memory = {"probability": np.tile([0.12, 0.88], KNOBS)[None]}
    knobs = np.full((1, 2, KNOBS), 1 / 3)
    after = TWO.evolve(AFFINE, memory, generation(knobs, np.array([[0.0, 0.0]])))["probability"]
    assert after[0] == pytest.approx(np.tile([0.1, 0.9], KNOBS))


def test_a_generation_without_a_fit_candidate_teaches_nothing() -> None:
    memory = begun(TWO, 2)
    fitness = np.array([[np.inf, np.inf], [np.inf, 3.0]])
    after = TWO.evolve(AFFINE, memory, generation(np.full((2, 2, KNOBS), 1 / 3), fitness))["probability"]
    assert (after[0] == memory["probability"][0]).all()
    assert (after[1] != memory["probability"][1]).all()


def test_knobs_are_the_binary_numbers_of_their_bits() -> None:
    probability = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    for places in product(range(4), repeat=2):
        sure = {
            "probability": np.concatenate([probability[list(places)].ravel(), np.zeros(2 * KNOBS - 4)])[None]
        }
        knobs = TWO.breed(AFFINE, sure, np.array([0]), np.full((1, 2 * KNOBS), 0.5))
        assert knobs[0].tolist() == [*(place / 3 for place in places), *[0.0] * (KNOBS - 2)]


def test_bits_are_drawn_as_often_as_their_probability_says() -> None:
    strategy = PBIL(population=2000, candidates=2000, bits=2)
    knobs = bred(strategy, {"probability": np.tile([0.9, 0.2], KNOBS)[None]}, 1, 0).offer.knobs
    number = np.rint(knobs * 3)
    assert (number >= 2).mean(axis=0) == pytest.approx([0.9] * KNOBS, abs=0.03)
    assert (number % 2).mean(axis=0) == pytest.approx([0.2] * KNOBS, abs=0.04)


def test_it_finds_the_corner_with_the_lowest_score() -> None:
    strategy = PBIL(population=20, candidates=1000, bits=3)
    *_, (_, proposals, _, _) = generations(
        strategy, 3, 50, lambda knobs: (knobs.sum(axis=1) - 2 * knobs[:, 0], np.ones(len(knobs), np.int64))
    )
    centre = proposals.offer.knobs.mean(axis=0)
    assert centre[0] > 0.8
    assert (centre[1:] < 0.2).all()
