"""Laws of frames between random vectors."""

from itertools import islice

import numpy as np
import pytest

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.runs import png
from outvoted.actors.training.generators.generator import PackagedGenerator
from outvoted.analysis.studies.base import Ingredients
from outvoted.analysis.studies.latents import Latents
from outvoted.analysis.studies.morphs.between import Articles, Latent
from outvoted.analysis.studies.morphs.study import MorphStudy
from outvoted.search.arrays import Floats, Pixels, Singles
from outvoted.search.errors import OutvotedError

BETWEEN = Latent(seed=5, candidates=200, surest=7)
CLASSES = 4


def generate(latents: Floats) -> Pixels:
    """Show the first numbers of a vector as grey levels."""
    return np.asarray(np.rint((latents[:, None, None, :12] * 30 + 128).clip(0, 255)), np.uint8)


def referee(images: Pixels) -> Singles:
    """Call an image by the brightest of its first pixels."""
    bright = np.exp(images[:, 0, 0, :CLASSES] / 20)
    return np.asarray(bright / bright.sum(1, keepdims=True), np.float32)


@pytest.fixture
def made_from(digits: Dataset) -> Ingredients:
    return Ingredients(digits, generate, referee)


@pytest.fixture
def articles(made_from: Ingredients) -> Articles:
    return BETWEEN.articles(made_from)


def vectors(numbers: list[int]) -> Floats:
    return Latents(seed=5).vectors(np.array(numbers))


def test_endpoints_are_what_the_generator_makes_of_their_vectors(articles: Articles) -> None:
    expected = generate(vectors([9, 2, 30]))
    np.testing.assert_array_equal(articles.frames([9, 2, 30], np.eye(3)), expected)
    np.testing.assert_array_equal(articles.frames([9, 2], np.eye(2)), expected[:2])


def test_frames_are_made_of_weighted_means(articles: Articles) -> None:
    mean = np.array([0.5, 0.2, 0.3]) @ vectors([9, 2, 30])
    found = articles.frames([9, 2, 30], np.array([[0.5, 0.2, 0.3]]))
    np.testing.assert_array_equal(found, generate(mean[None]))


def test_the_order_of_the_articles_plays_no_part(articles: Articles) -> None:
    weights = np.random.default_rng(0).dirichlet(np.ones(3), 20)
    straight = articles.frames([9, 2, 30], weights)
    np.testing.assert_array_equal(articles.frames([30, 9, 2], weights[:, [2, 0, 1]]), straight)


def test_articles_are_those_the_referee_is_surest_of(articles: Articles) -> None:
    votes = referee(generate(vectors(list(range(200)))))
    for label in range(CLASSES):
        called = [k for k in range(200) if votes[k].argmax() == label]
        expected = set(sorted(called, key=lambda k: -votes[k, label])[:7])
        queue = articles.of(label, np.random.default_rng(0))
        assert set(islice(queue, 7)) == expected
        with pytest.raises(OutvotedError, match=rf"class {label}(.|\n)*more than 7, among"):
            next(queue)


def test_too_few_articles_are_refused(made_from: Ingredients) -> None:
    few = Latent(candidates=1).articles(made_from)
    with pytest.raises(OutvotedError, match=r"another generated(.|\n)*1 random(.|\n)*between\.candidates"):
        list(MorphStudy(classes=((0, 1, 2),)).drawn(few))


def test_a_study_of_latents_starts_and_ends_at_generated_images(made_from: Ingredients) -> None:
    study = MorphStudy(between=BETWEEN, classes=((0, 1, 2), (1, 2, 3)), frames=3)
    for row in study.images(made_from).to_pylist():
        if {row["across"], row["along"]} <= {0, 2}:
            named = "third" if row["along"] == 2 else "second" if row["across"] == 2 else "first"
            source = generate(vectors([row[f"{named}_id"]]))
            np.testing.assert_array_equal(png.decode(row["image"]["bytes"]), source[0])
            assert referee(source).argmax() == row[named]


def test_a_generator_is_needed_for_latents_alone() -> None:
    assert MorphStudy().needs.generator is None
    needs = MorphStudy(between=Latent()).needs
    assert (needs.generator, needs.referee) == (PackagedGenerator(), True)
    with pytest.raises(OutvotedError, match="makes no use of study"):
        MorphStudy(generator=PackagedGenerator())


def test_a_generator_of_other_images_is_refused(digits: Dataset) -> None:
    with pytest.raises(OutvotedError, match=r"digits(.|\n)*study\.generator\.kind=trained"):
        MorphStudy(between=Latent()).check(digits)
