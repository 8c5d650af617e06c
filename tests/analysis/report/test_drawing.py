"""What all pictures share."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from outvoted.analysis.report.drawing import save, show


def test_logarithmic_axes_have_plain_numbers(tmp_path: Path) -> None:
    figure = Figure()
    left, right = figure.subplots(1, 2)
    left.plot([0.01, 1, 100], [0.3, 0.5, 0.9])
    left.set(xscale="log", yscale="log")
    bar = figure.colorbar(right.imshow(np.array([[0.02, 0.06]]), norm=LogNorm()), ax=right)
    save(figure, tmp_path / "picture.png")
    for axis in (left.xaxis, left.yaxis, bar.ax.yaxis):
        labels = [text.get_text() for text in axis.get_ticklabels(which="both") if text.get_text()]
        assert labels
        assert all(float(label) > 0 for label in labels)


def test_names_that_were_given_stay_on_logarithmic_axes(tmp_path: Path) -> None:
    figure = Figure()
    axes = figure.subplots()
    axes.set_xscale("log")
    axes.set_xticks([1, 2], ["one", "two"])
    save(figure, tmp_path / "picture.png")
    assert [text.get_text() for text in axes.get_xticklabels()] == ["one", "two"]


@pytest.mark.parametrize(
    "shape", [(1, 1, 1), (1, 1, 2), (1, 5, 1), (3, 1, 1), (3, 1, 4), (1, 6, 7), (3, 6, 7)]
)
def test_an_image_of_any_size_is_drawn_as_its_pixels_are(shape: tuple[int, int, int]) -> None:
    image = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    axes = Figure().subplots()
    show(axes, image)
    (drawn,) = axes.get_images()
    pixels = drawn.get_array()
    assert pixels is not None
    np.testing.assert_array_equal(pixels.reshape(image.transpose(1, 2, 0).shape), image.transpose(1, 2, 0))
