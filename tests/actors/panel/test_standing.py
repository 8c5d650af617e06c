"""Where networks stand beside their peers, and when a panel only guesses."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outvoted.actors.panel.standing import far_below, standings
from outvoted.search.errors import OutvotedError


def test_a_network_that_loses_what_all_others_get_right_is_named() -> None:
    labels = np.arange(40) % 10
    wrong = (labels + 1) % 10
    stand = standings(
        ["a", "b", "c"], np.stack([labels, labels, np.where(labels < 6, wrong, labels)]), labels
    )
    assert [one.name for one in stand.fallen] == ["c"]
    assert str(stand.fallen[0]) == "c: 40.0% correct, wrong on 24 of the 40 that all others get"
    (concern,) = stand.concerns()
    assert concern.startswith(str(stand.fallen[0]))
    assert not stand.at_chance
    stand.check()


def test_of_few_images_nothing_is_said() -> None:
    labels = np.arange(19) % 10
    stand = standings(["a", "b"], np.stack([labels, labels + 1]), labels)
    assert stand.concerns() == ()
    assert not stand.at_chance


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32), classes=st.integers(2, 20), images=st.integers(100, 600))
def test_constant_answers_are_chance_and_fair_ones_are_not(seed: int, classes: int, images: int) -> None:
    rng = np.random.default_rng(seed)
    labels = np.where(rng.random(images) < 0.5, 0, rng.integers(classes, size=images))  # not balanced
    labels[:classes] = np.arange(classes)
    constant = np.stack([np.full(images, rng.integers(classes)) for _ in range(3)])
    guessed = standings(["a", "b", "c"], constant, labels)
    assert guessed.at_chance
    with pytest.raises(OutvotedError, match=r"a: \d+\.\d% correct; b:"):
        guessed.check()
    known = constant.copy()
    known[1] = labels
    assert not standings(["a", "b", "c"], known, labels).at_chance


def test_on_too_few_images_to_refuse_guessing_is_said() -> None:
    labels = np.arange(60) % 10
    stand = standings(["a", "b"], np.zeros((2, 60), np.int64), labels)
    stand.check()
    assert stand.concerns()[-1].startswith("no network does better than chance on 60 seeds: a:")


def test_the_commonest_class_alone_is_no_knowledge() -> None:
    labels = np.repeat([0, 1], [190, 10])
    stand = standings(["a", "b"], np.zeros((2, 200), np.int64), labels)
    assert stand.networks[0].accuracy == 0.95
    assert stand.at_chance


def test_test_accuracies_far_below_the_best_are_named_too() -> None:
    assert far_below({"a": 0.9, "b": 0.44, "c": None, "d": 0.46}) == (
        "b classifies 44.0% of test images correctly, the best of its peers 90.0%",
    )
    assert far_below({"a": None}) == far_below({}) == ()
