"""The laws that every noise keeps, whatever its images are."""

import re
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from outvoted.actors.data.noises import AnyNoise, Gaussian, Mixture, Noise, Solid, Uniform
from outvoted.search.arrays import Floats, Pixels
from outvoted.search.errors import OutvotedError

NOISES: tuple[Noise, ...] = (
    Gaussian(),
    Gaussian(mean=0.1, deviation=200),
    Gaussian(filter="median", size=3),
    Gaussian(filter="mean", size=5),
    Uniform(),
    Uniform(low=100, high=101),
    Uniform(filter="median", size=5),
    Uniform(filter="mean", size=3),
    Solid(),
    Mixture(parts=(Gaussian(),)),
    Mixture(parts=(Gaussian(mean=30, deviation=5), Gaussian(mean=220, deviation=5, filter="mean", size=3))),
)
SHAPE = (3, 6, 7)
ADAPTER: TypeAdapter[Noise] = TypeAdapter(AnyNoise)

every_noise = pytest.mark.parametrize("noise", NOISES, ids=lambda noise: noise.label)


def drawn(noise: Noise, number: int, shape: tuple[int, int, int] = SHAPE, seed: int = 3) -> Pixels:
    return noise.draw(number, shape, np.random.default_rng(seed))


@every_noise
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 5, 9)])
@pytest.mark.parametrize("number", [0, 1, 5])
def test_as_many_images_as_asked_for(noise: Noise, shape: tuple[int, int, int], number: int) -> None:
    images = drawn(noise, number, shape)
    assert images.shape == (number, *shape)
    assert images.dtype == np.uint8


@every_noise
def test_the_same_stream_gives_the_same_images_another_gives_others(noise: Noise) -> None:
    assert np.array_equal(drawn(noise, 4), drawn(noise, 4))
    assert not np.array_equal(drawn(noise, 4), drawn(noise, 4, seed=4))


@every_noise
@settings(max_examples=10)
@given(st.integers(0, 9), st.integers(0, 9))
def test_fewer_images_are_the_first_of_more(noise: Noise, fewer: int, more: int) -> None:
    fewer, more = sorted((fewer, more))
    assert np.array_equal(drawn(noise, fewer), drawn(noise, more)[:fewer])


@every_noise
def test_pieces_do_not_show(noise: Noise, monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = drawn(noise, 7)
    monkeypatch.setattr("outvoted.actors.data.noises._PIECE", 2 * np.prod(SHAPE))
    assert np.array_equal(drawn(noise, 7), at_once)


@every_noise
def test_images_differ(noise: Noise) -> None:
    assert len(np.unique(drawn(noise, 20), axis=0)) == 20


@every_noise
def test_a_noise_can_be_written_down_and_read_back(noise: Noise) -> None:
    assert ADAPTER.validate_json(ADAPTER.dump_json(noise)) == noise


@every_noise
def test_labels_fit_a_file_name(noise: Noise) -> None:
    assert re.fullmatch(r"[a-z0-9.-]{1,40}", noise.label)


means = st.floats(0, 255).map(abs)
deviations = st.floats(0.001, 1000)
filters = st.sampled_from([("none", None), ("mean", 3), ("mean", 5), ("median", 3), ("median", 31)])
gaussians = st.builds(
    lambda mean, deviation, kind: Gaussian(mean=mean, deviation=deviation, filter=kind[0], size=kind[1]),
    means,
    deviations,
    filters,
)
uniforms = st.builds(
    lambda low, high, kind: Uniform(low=low, high=high, filter=kind[0], size=kind[1]),
    st.integers(0, 9),
    st.integers(10, 255),
    filters,
)
mixtures = st.builds(lambda parts: Mixture(parts=tuple(parts)), st.lists(gaussians, min_size=1, max_size=3))
some_noise = st.one_of(gaussians, uniforms, mixtures, st.just(Solid()))


@given(some_noise, some_noise)
def test_different_settings_have_different_labels(one: Noise, other: Noise) -> None:
    assert (one.label == other.label) == (one == other)


def test_a_label_says_what_was_drawn() -> None:
    assert Gaussian().label == "gaussian-127.5-70"
    assert Gaussian(mean=100, filter="median", size=3).label == "gaussian-100-70-median-3"
    assert Uniform(high=9).label == "uniform-0-9"
    assert re.fullmatch("mixture-2-[0-9a-f]{8}", NOISES[-1].label)


def test_gaussian_noise_has_its_mean_and_deviation() -> None:
    images = drawn(Gaussian(mean=120, deviation=20), 40, (3, 32, 32)).astype(float)
    assert images.mean() == pytest.approx(120, abs=0.3)
    assert images.std() == pytest.approx(20, abs=0.3)


def test_grey_levels_beyond_the_range_are_clipped_not_wrapped() -> None:
    images = drawn(Gaussian(mean=255, deviation=10), 10)
    assert (images == 255).mean() == pytest.approx(0.5, abs=0.1)
    assert images.min() > 200


def test_uniform_noise_takes_every_level_of_its_range_and_no_other() -> None:
    levels, counts = np.unique(drawn(Uniform(low=250), 100), return_counts=True)
    assert levels.tolist() == [250, 251, 252, 253, 254, 255]
    assert counts.min() > 0.9 * counts.mean()


@pytest.mark.parametrize("form", [Gaussian, Uniform])
def test_pixels_and_channels_are_independent_without_a_filter(form: Any) -> None:
    images = drawn(form(), 40, (3, 32, 32))
    assert max(map(abs, correlations(images))) < 0.02


@pytest.mark.parametrize("kind", ["median", "mean"])
@pytest.mark.parametrize("form", [Gaussian, Uniform])
def test_a_larger_filter_correlates_neighbours_and_leaves_channels_alone(form: Any, kind: str) -> None:
    along, across = [], []
    for size in (3, 5, 7):
        images = drawn(form(filter=kind, size=size), 40, (3, 32, 32))
        right, down, channels = correlations(images)
        assert abs(channels) < 0.05
        along.append(right)
        across.append(down)
    assert 0.5 < along[0] < along[1] < along[2]
    assert 0.5 < across[0] < across[1] < across[2]


def correlations(images: Pixels) -> tuple[float, float, float]:
    """Correlation of a pixel with its right neighbour, the one below, and itself in the next channel."""
    pairs: list[tuple[Floats, Floats]] = [
        (images[..., 1:].astype(float), images[..., :-1].astype(float)),
        (images[..., 1:, :].astype(float), images[..., :-1, :].astype(float)),
        (images[:, 1:].astype(float), images[:, :-1].astype(float)),
    ]
    right, down, channels = (float(np.corrcoef(a.ravel(), b.ravel())[0, 1]) for a, b in pairs)
    return right, down, channels


@pytest.mark.parametrize(("kind", "reduce"), [("median", np.median), ("mean", np.mean)])
def test_a_filter_is_applied_to_each_image_and_channel(kind: Any, reduce: Any) -> None:
    plain, filtered = drawn(Uniform(), 3), drawn(Uniform(filter=kind, size=3), 3)
    padded = np.pad(plain, ((0, 0), (0, 0), (1, 1), (1, 1)), mode="symmetric")
    for image, channel, row, column in np.ndindex(plain.shape):
        window = padded[image, channel, row : row + 3, column : column + 3]
        assert filtered[image, channel, row, column] == pytest.approx(reduce(window), abs=0.5001)


def test_a_solid_image_has_one_colour() -> None:
    images = drawn(Solid(), 300)
    assert (images == images[:, :, :1, :1]).all()
    colours = images[:, :, 0, 0].astype(float)
    assert colours.mean(axis=0) == pytest.approx([127.5] * 3, abs=20)
    assert abs(np.corrcoef(colours.T)[0, 1]) < 0.2


def test_a_mixture_draws_equally_from_its_parts() -> None:
    parts = tuple(Gaussian(mean=mean, deviation=1) for mean in (20, 120, 220))
    images = drawn(Mixture(parts=parts), 11)
    nearest = np.abs(images.mean(axis=(1, 2, 3))[:, None] - [20, 120, 220]).argmin(axis=1)
    assert np.bincount(nearest).tolist() == [4, 4, 3]


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "unknown kind": ({"kind": "pink"}, "pink"),
    "unknown key": ({"kind": "solid", "colour": 3}, "colour"),
    "mean below": ({"kind": "gaussian", "mean": -0.1}, "greater than or equal to 0"),
    "mean above": ({"kind": "gaussian", "mean": 255.1}, "less than or equal to 255"),
    "no deviation": ({"kind": "gaussian", "deviation": 0}, "greater than 0"),
    "endless deviation": ({"kind": "gaussian", "deviation": float("inf")}, "finite"),
    "low below": ({"kind": "uniform", "low": -1}, "greater than or equal to 0"),
    "high above": ({"kind": "uniform", "high": 256}, "less than or equal to 255"),
    "low is high": ({"kind": "uniform", "low": 7, "high": 7}, "low must be less than high, not 7 and 7"),
    "even filter": ({"kind": "uniform", "filter": "mean", "size": 4}, "must be odd"),
    "small filter": ({"kind": "uniform", "filter": "mean", "size": 1}, "greater than or equal to 3"),
    "filter without size": ({"kind": "gaussian", "filter": "mean"}, "'mean' there must be a size"),
    "size without filter": ({"kind": "gaussian", "size": 3}, "'none' there must be no size"),
    "unknown filter": ({"kind": "gaussian", "filter": "mode", "size": 3}, "'none', 'median' or 'mean'"),
    "empty mixture": ({"kind": "mixture", "parts": []}, "at least one part"),
    "uniform part": ({"kind": "mixture", "parts": [{"kind": "uniform"}]}, "'gaussian'"),
}


@pytest.mark.parametrize(("values", "said"), BAD.values(), ids=BAD)
def test_what_is_wrong_is_said_once(values: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(said)) as caught:
        ADAPTER.validate_python(values)
    assert caught.value.error_count() == 1


@pytest.mark.parametrize("shape", [(1, 6, 9), (1, 9, 6)])
def test_a_filter_larger_than_the_image_is_refused(shape: tuple[int, int, int]) -> None:
    wide = Gaussian(filter="mean", size=7)
    for noise in (wide, Mixture(parts=(Gaussian(), wide)), Uniform(filter="median", size=7)):
        for refused in (noise.check, partial(drawn, noise, 1)):
            with pytest.raises(OutvotedError, match=r"at least 7 × 7 pixels(.|\n)*odd filter size up to 6"):
                refused(shape)
    wide.check((1, 7, 7))
