"""A picture of noise: one image of each, under its label."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from outvoted.actors.data.noises import Gaussian, Noise, Solid, Uniform
from outvoted.analysis.sweeps.noise_class.pictures import draw_noises
from outvoted.search.errors import OutvotedError
from tests.analysis.mining.test_pictures import opened

NOISES: tuple[Noise, ...] = (
    Gaussian(),
    Uniform(),
    Uniform(high=9),
    Gaussian(mean=9),
    Gaussian(mean=8),
    Solid(),
)


@pytest.mark.parametrize("channels", [1, 3])
def test_the_first_image_of_each_noise_stands_under_its_label(
    channels: int, tmp_path: Path, figures: list[Figure]
) -> None:
    shape = (channels, 4, 6)
    draw_noises(NOISES, shape, tmp_path / "noise.png", seed=3)
    opened(tmp_path / "noise.png")
    used = [axes for axes in figures[0].axes if axes.images]
    assert [axes.get_title() for axes in used] == [noise.label for noise in NOISES]
    for axes, noise in zip(used, NOISES, strict=True):
        image = noise.draw(1, shape, np.random.default_rng(3))[0]
        assert np.array_equal(np.asarray(axes.images[0].get_array()), image.transpose(1, 2, 0).squeeze())


def test_noise_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutvotedError, match="at least 5 × 5"):
        draw_noises([Uniform(filter="mean", size=5)], (1, 4, 4), tmp_path / "noise.png")
