"""One more class of noise: how many images it has, and that nothing else changes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outvoted.actors.data.datasets import Dataset, Split
from outvoted.actors.data.noises import Gaussian, NoiseClass, Solid, Uniform, with_noise
from outvoted.search.errors import OutvotedError


def split(number: int, seed: int) -> Split:
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (number, 1, 5, 4), dtype=np.uint8)
    return Split(images, rng.permutation(np.arange(number) % 4))


DATA = Dataset("small", Path("somewhere"), split(40, 0), split(12, 1), 4, ("a", "b", "c", "d"))


def test_noise_is_one_more_class_of_the_training_split() -> None:
    noisy = with_noise(DATA, NoiseClass(noise=Solid(), number=2))
    assert np.array_equal(noisy.train.images[:40], DATA.train.images)
    assert np.array_equal(noisy.train.labels[:40], DATA.train.labels)
    assert noisy.train.labels[40:].tolist() == [4] * 20
    assert (noisy.train.images[40:] == noisy.train.images[40:, :, :1, :1]).all()
    assert noisy.train.images.dtype == np.uint8
    assert noisy.train.labels.dtype == np.int64
    assert noisy.test is DATA.test
    assert (noisy.classes, noisy.declared) == (5, 5)
    assert noisy.class_names == ("a", "b", "c", "d", "noise")


def test_where_classes_have_no_names_noise_has_none() -> None:
    noisy = with_noise(replace(DATA, declared=None, class_names=None), NoiseClass())
    assert (noisy.classes, noisy.declared, noisy.class_names) == (5, 5, None)


def test_a_class_without_images_keeps_its_number() -> None:
    noisy = with_noise(replace(DATA, declared=8, class_names=None), NoiseClass())
    assert noisy.train.labels[40:].tolist() == [8] * 5
    assert noisy.classes == 9


@given(st.floats(0.1, 30))
def test_the_number_counts_in_mean_classes(number: float) -> None:
    settings = NoiseClass(number=number)
    assert settings.images(DATA) == round(number * 10)
    assert len(with_noise(DATA, settings).train) == 40 + round(number * 10)


def test_the_papers_unit_is_a_class_of_cifar() -> None:
    labels = np.arange(50_000) % 10
    data = replace(DATA, train=Split(np.zeros((50_000, 1, 1, 1), np.uint8), labels), declared=10)
    assert NoiseClass(number=5).images(data) == 25_000


def test_a_selection_gets_as_many_as_all_would() -> None:
    rows = np.arange(8)
    some = replace(DATA, train=Split(DATA.train.images[rows], DATA.train.labels[rows]))
    settings = NoiseClass(noise=Uniform())
    noisy = with_noise(some, settings, settings.images(DATA))
    assert np.array_equal(noisy.train.images[8:], with_noise(DATA, settings).train.images[40:])


def test_noise_follows_from_its_seed_alone() -> None:
    def noise(**settings: float) -> bytes:
        return with_noise(DATA, NoiseClass.model_validate(settings)).train.images[40:].tobytes()

    np.random.seed(1)  # a global generator has no part in it
    first = noise(seed=1)
    np.random.seed(2)
    assert noise(seed=1) == first != noise(seed=2)
    assert noise(seed=1, number=2).startswith(first)
    other = with_noise(replace(DATA, train=split(40, 9)), NoiseClass(seed=1))
    assert other.train.images[40:].tobytes() == first


def test_no_image_at_all_is_refused() -> None:
    with pytest.raises(OutvotedError, match=r"0\.01 × 10 training images(.|\n)*0\.1 or more"):
        with_noise(DATA, NoiseClass(number=0.01))


def test_noise_that_does_not_fit_is_refused() -> None:
    with pytest.raises(OutvotedError, match="at least 5 × 5"):
        with_noise(DATA, NoiseClass(noise=Gaussian(filter="median", size=5)))
