"""Directions of a transform: found by name, and moving nothing else."""

import numpy as np
import pytest

from outvoted.analysis.mining.directions import two_directions
from outvoted.analysis.mining.surroundings import grid
from outvoted.search.errors import OutvotedError
from outvoted.search.transforms import (
    Affine,
    AffineRange,
    Blur,
    Chain,
    Crop,
    Occlusion,
    Photometric,
    PixelSwap,
    Transform,
)

PLACED: tuple[Transform, ...] = (
    Affine(),
    Crop(),
    Photometric(),
    Occlusion(),
    Chain(parts=(Affine(), Photometric())),
)
every = pytest.mark.parametrize("transform", PLACED, ids=lambda transform: type(transform).__name__)


def test_rotation_and_scale_are_usual_for_affine_moves() -> None:
    x, y = two_directions(Affine(), None, None)
    assert (x.name, y.name) == ("rotation", "scale")
    assert (x.measures, y.measures) == ((0,), (3, 4))
    assert two_directions(Affine(), "scale", None)[1].name == "rotation"


def test_elsewhere_the_first_two_are_taken() -> None:
    assert [one.name for one in two_directions(Photometric(), None, None)] == [
        "brightness_levels",
        "contrast",
    ]


@every
def test_a_grid_spans_the_budget_in_two_directions_and_moves_nothing_else(transform: Transform) -> None:
    directions = two_directions(transform, None, None)
    composed = grid(transform, directions, 5)
    assert composed.shape == (25, transform.size)
    assert transform.within_budget(composed).all()
    described = transform.describe(composed).reshape(5, 5, -1)
    at_home = transform.describe(transform.identity(1))[0]
    x, y = directions
    others = sorted({*range(described.shape[2])} - {*x.measures, *y.measures})
    np.testing.assert_allclose(described[..., others], np.broadcast_to(at_home[others], (5, 5, len(others))))
    for direction, axis in ((x, 1), (y, 0)):
        measured = direction.along(described.reshape(25, -1)).reshape(5, 5)
        assert (np.diff(measured, axis=axis) > 0).all()
        np.testing.assert_allclose(np.diff(measured, axis=1 - axis), 0, atol=1e-12)


def test_ends_of_the_grid_are_those_of_the_budget() -> None:
    budget = AffineRange(rotation=20, translation=2, scale=1.25, shear=5)
    transform = Affine(budget=budget)
    x, y = two_directions(transform, "rotation_deg", "translate_y")
    described = transform.describe(grid(transform, (x, y), 3)).reshape(3, 3, -1)
    np.testing.assert_allclose(x.along(described[0]), [-20, 0, 20], atol=1e-12)
    np.testing.assert_allclose(y.along(described[:, 0]), [-2, 0, 2], atol=1e-12)
    x, _ = two_directions(transform, "scale", "shear")
    across = transform.describe(grid(transform, (x, y), 3)).reshape(3, 3, -1)[0]
    np.testing.assert_allclose(x.along(across), [0.8, 1, 1.25])
    np.testing.assert_allclose(across[:, 3], across[:, 4])


def test_the_middle_of_an_odd_grid_is_the_seed() -> None:
    transform = Affine()
    composed = grid(transform, two_directions(transform, None, None), 7)
    np.testing.assert_allclose(composed[24], transform.identity(1)[0], atol=1e-15)


@pytest.mark.parametrize(
    ("transform", "x", "y", "message"),
    [
        (Affine(), "rotate", None, r"rotation_deg, (.|\n)*'rotate'(.|\n)*did you mean 'rotation'"),
        (Affine(), None, "colour", r"'colour'(.|\n)*choose from(.|\n)*translate_x_px"),
        (Affine(), "scale", "scale_y", r"do not overlap(.|\n)*'scale' and 'scale_y'(.|\n)*rotation"),
        (PixelSwap(), None, None, r"two directions(.|\n)*none in PixelSwap(.|\n)*affine"),
        (PixelSwap(), "swaps", None, r"two directions(.|\n)*none in PixelSwap"),
        (Blur(), None, None, r"two directions(.|\n)*sigma_px(.|\n)*Blur"),
        (
            Affine(budget=AffineRange(rotation=10, translation=0, scale=1, shear=0)),
            None,
            None,
            r"two directions(.|\n)*rotation_deg",
        ),
        (Chain(parts=(Affine(), Photometric())), "affine", None, r"'affine'(.|\n)*did you mean"),
    ],
    ids=["unlike", "unknown", "shared", "knobless", "knobless-named", "single", "no-budget", "mixed"],
)
def test_what_cannot_be_drawn_is_refused(
    transform: Transform, x: str | None, y: str | None, message: str
) -> None:
    with pytest.raises(OutvotedError, match=message):
        two_directions(transform, x, y)
