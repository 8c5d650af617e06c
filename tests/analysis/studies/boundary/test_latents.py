"""Random vectors by number, and which of them stands for a class."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outvoted.analysis.studies.latents import Latents, typical
from outvoted.search.arrays import Floats, Pixels, Singles
from outvoted.search.errors import OutvotedError


def generate(latents: Floats) -> Pixels:
    """Make images whose first pixel tells the sign of the latent's first number."""
    return np.where(latents[:, :1] > 0, 255, 0).astype(np.uint8)[:, :, None, None]


def vote(images: Pixels) -> Singles:
    """Call bright images 1 and dark ones 0, of three classes, with growing doubt."""
    bright = images[:, 0, 0, 0] > 0
    doubt = np.linspace(0.1, 0.3, len(images), dtype=np.float32)
    votes = np.zeros((len(images), 3), np.float32)
    votes[:, 2] = doubt
    votes[np.arange(len(images)), bright.astype(int)] = 1 - doubt
    return votes


@settings(max_examples=25)
@given(
    numbers=st.lists(st.integers(0, 2**62 - 1), min_size=1, max_size=5, unique=True), seed=st.integers(0, 9)
)
def test_a_number_gives_the_same_vector_in_any_company(numbers: list[int], seed: int) -> None:
    together = Latents(seed=seed).vectors(np.array(numbers))
    alone = [Latents(seed=seed).vectors(np.array([number]))[0] for number in numbers]
    assert together.shape == (len(numbers), 100)
    assert np.array_equal(together, alone)


def test_vectors_are_standard_normal_and_differ_by_seed() -> None:
    found = Latents().vectors(np.arange(500))
    assert abs(found.mean()) < 0.02
    assert abs(found.std() - 1) < 0.02
    assert np.abs(np.corrcoef(found.T) - np.eye(100)).max() < 0.25
    assert not np.array_equal(found, Latents(seed=1).vectors(np.arange(500)))


def test_the_referee_proposes_the_candidate_it_is_surest_of() -> None:
    latents = Latents(candidates=20)
    bright = latents.vectors(np.arange(20))[:, 0] > 0
    found = latents.choose([0, 1], generate, vote)
    assert found == {0: int(np.flatnonzero(~bright)[0]), 1: int(np.flatnonzero(bright)[0])}


def test_the_user_overrides_the_referee_by_number() -> None:
    proposed = Latents(candidates=20).choose([0, 1], generate, vote)
    overridden = Latents(candidates=20, chosen={1: 7777, 2: 5}).choose([0, 1, 2], generate, vote)
    assert overridden == {0: proposed[0], 1: 7777, 2: 5}
    assert list(overridden) == [0, 1, 2]


def test_no_vector_stands_for_two_classes() -> None:
    proposed = Latents(candidates=20).choose([0], generate, vote)[0]
    found = Latents(candidates=20, chosen={1: proposed}).choose([0, 1], generate, vote)
    assert found[0] != found[1] == proposed
    with pytest.raises(OutvotedError, match="5 is chosen twice"):
        Latents(chosen={0: 5, 3: 5})


def test_no_referee_is_asked_where_all_is_chosen() -> None:
    def unasked(images: Pixels) -> Singles:
        raise AssertionError

    assert Latents(chosen={0: 3, 1: 4, 9: 5}).choose([0, 1], generate, unasked) == {0: 3, 1: 4}


def test_a_class_that_no_candidate_is_called_by_is_named() -> None:
    with pytest.raises(OutvotedError, match=r"class 2 among those of the first 20 (.|\n)*chosen\.2"):
        Latents(candidates=20).choose([0, 1, 2], generate, vote)


def test_a_choice_for_a_class_there_is_not_is_refused() -> None:
    Latents(chosen={9: 1}).check(10)
    with pytest.raises(OutvotedError, match="one for class 10"):
        Latents(chosen={10: 1}).check(10)


def test_typical_ones_are_called_so_and_ordered_beyond_what_a_probability_shows() -> None:
    votes = np.array(
        [[1, 1e-9, 0], [0.5, 0.2, 0.3], [1, 0, 1e-20], [0.1, 0.8, 0.1], [1, 1e-20, 0]], np.float32
    )
    assert typical(votes, 0).tolist() == [2, 4, 0, 1]
    assert typical(votes, 1).tolist() == [3]
    assert typical(votes, 2).tolist() == []
