"""Laws of what lies between images."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import Delaunay
from skimage.transform import PiecewiseAffineTransform, warp
from threadpoolctl import threadpool_limits

from outvoted.actors.data.datasets import Dataset
from outvoted.analysis.studies.morphs.between import BetweenImages, Blend
from outvoted.analysis.studies.morphs.morph import Morph, feature_points, frame_corners
from outvoted.search.arrays import Pixels
from outvoted.search.errors import OutvotedError

every = pytest.mark.parametrize("between", [Blend(), Morph(), Morph(grid=5)], ids=["blend", "3", "5"])
shares = st.lists(st.floats(0.01, 1), min_size=3, max_size=3)


@pytest.fixture(scope="module")
def three(digits: Dataset) -> Pixels:
    """A 0, a 1 and a 2."""
    test = digits.test
    return test.images[[int(np.flatnonzero(test.labels == label)[0]) for label in (0, 1, 2)]]


@every
def test_endpoints_equal_their_sources(between: BetweenImages, three: Pixels) -> None:
    np.testing.assert_array_equal(between.frames(three, np.eye(3)), three)
    np.testing.assert_array_equal(between.frames(three[:2], np.eye(2)), three[:2])


@every
@settings(max_examples=15)
@given(weights=shares, order=st.permutations(range(3)))
def test_the_order_of_the_images_plays_no_part(
    between: BetweenImages, three: Pixels, weights: list[float], order: list[int]
) -> None:
    share = np.array([weights]) / sum(weights)
    turned = between.frames(three[order], share[:, order])
    np.testing.assert_array_equal(turned, between.frames(three, share))


@every
def test_a_frame_does_not_depend_on_the_others(between: BetweenImages, three: Pixels) -> None:
    weights = np.random.default_rng(0).dirichlet(np.ones(3), 5)
    whole = between.frames(three, weights)
    np.testing.assert_array_equal(between.frames(three, weights[2:3]), whole[2:3])
    assert whole.shape == (5, *three.shape[1:])
    assert whole.dtype == np.uint8


@every
def test_colours_are_mixed_channel_by_channel(between: BetweenImages, three: Pixels) -> None:
    grey = np.array([[0.3, 0.3, 0.4]])
    colour = between.frames(three.repeat(3, axis=1), grey)
    np.testing.assert_array_equal(colour[:, :1], colour[:, 1:2])
    np.testing.assert_array_equal(colour[:, :1], between.frames(three, grey))


def test_a_blend_is_the_mean_of_pixels() -> None:
    images = np.array([0, 100, 255], np.uint8).reshape(3, 1, 1, 1)
    assert Blend().frames(images, np.array([[0.5, 0.25, 0.25]])).item() == round(88.75)


def test_a_morph_moves_features_where_a_blend_fades_them() -> None:
    left, right = np.zeros((2, 1, 28, 28), np.uint8)
    left[0, 10:18, 4:10] = right[0, 10:18, 16:22] = 255
    for image in (left, right):  # corners in three cells, where both images have them
        image[0, 2:6, 2:6] = image[0, 22:26, 2:6] = image[0, 22:26, 22:26] = 255
    half = np.array([[0.5, 0.5]])
    pair = np.stack([left, right])
    between = np.s_[0, 0, 11:17, 12:15]
    assert Blend().frames(pair, half)[between].max() == 0
    assert Morph(grid=3).frames(pair, half)[between].max() > 100


def test_a_warp_is_that_of_scikit_image(three: Pixels) -> None:
    morph, image = Morph(grid=3), three[0]
    outer, points = frame_corners(28, 28), feature_points(image, 3)[0]
    other = feature_points(three[2], 3)[0]
    weights = np.array([0.4, 0.6])
    mixed = np.concatenate([outer, 0.4 * points + 0.6 * other])
    origin = np.concatenate([outer, points])
    reference = PiecewiseAffineTransform.from_estimate(mixed[:, ::-1], origin[:, ::-1])
    expected = warp(image[0].astype(float), reference, order=1, mode="edge")
    black = np.zeros_like(image)
    pair = np.stack([image, black])
    places = np.stack([origin, np.concatenate([outer, other])])
    pixels = np.indices((28, 28)).reshape(2, -1).T.astype(float)
    found = morph._frame(pair, places, weights, pixels).reshape(28, 28) / 0.4
    assert np.abs(found - expected).max() < 2  # rounded to whole levels before it was divided


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32 - 1), grid=st.integers(1, 6))
def test_a_triangulation_covers_the_image(seed: int, grid: int) -> None:
    image = np.random.default_rng(seed).integers(0, 256, (1, 20, 28), np.uint8)
    points = np.concatenate([frame_corners(20, 28), feature_points(image, grid)[0]])
    mesh = Delaunay(points)
    pixels = np.indices((20, 28)).reshape(2, -1).T
    with threadpool_limits(limits=1, user_api="blas"):  # as in a morph: for 2 x 2 matrices
        assert (mesh.find_simplex(pixels, tol=1e-9) >= 0).all()
    corners = points[mesh.simplices]
    (right, down), (across, along) = (corners[:, 1:] - corners[:, :1]).transpose(1, 2, 0)
    assert np.abs(right * along - down * across).sum() / 2 == pytest.approx(20 * 28)


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32 - 1), grid=st.integers(1, 6))
def test_every_cell_has_its_point(seed: int, grid: int) -> None:
    image = np.random.default_rng(seed).integers(0, 256, (1, 24, 24), np.uint8)
    points, found = feature_points(image, grid)
    cells = (points // (24 / grid)).astype(int)
    assert found <= len(points) == grid * grid
    if 24 % grid == 0:
        assert cells.tolist() == [[row, column] for row in range(grid) for column in range(grid)]


def test_a_blank_image_has_no_corners() -> None:
    points, found = feature_points(np.full((1, 9, 9), 7, np.uint8), 3)
    assert found == 0
    assert points.tolist() == [[row, column] for row in (1, 4, 7) for column in (1, 4, 7)]
    assert not Morph().bears(np.zeros((1, 28, 28), np.uint8))
    assert not Morph(grid=5).bears(np.zeros((1, 4, 4), np.uint8))


def test_what_cannot_be_morphed_is_named(three: Pixels) -> None:
    blank = np.concatenate([three[:1], np.zeros_like(three[:1])])
    with pytest.raises(OutvotedError, match=r"corners(.|\n)*image 1(.|\n)*with 0(.|\n)*grid"):
        Morph().frames(blank, np.eye(2))
    with pytest.raises(OutvotedError, match=r"differ(.|\n)*image 2(.|\n)*equal"):
        Morph().frames(three[[0, 1, 0]], np.eye(3))
