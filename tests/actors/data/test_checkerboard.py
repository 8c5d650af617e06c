"""The toy problem: classes by hand, balanced samples, and a grid that covers the board."""

import numpy as np
import pytest

from outvoted.actors.data.checkerboard import Checkerboard, GridSource


@pytest.mark.parametrize(
    ("squares", "point", "label"),
    [
        (2, (0, 0), 0),
        (2, (127, 127), 0),
        (2, (128, 127), 1),
        (2, (127, 128), 1),
        (2, (255, 255), 0),
        (4, (64, 0), 1),
        (4, (64, 64), 0),
        (3, (255, 0), 0),
    ],
)
def test_neighbouring_squares_differ(squares: int, point: tuple[int, int], label: int) -> None:
    image = np.array(point, np.uint8).reshape(1, 1, 1, 2)
    assert Checkerboard(squares=squares).labels(image).tolist() == [label]


def test_samples_are_balanced_labelled_and_follow_from_the_seed() -> None:
    board = Checkerboard(squares=4, samples=60, seed=3)
    data = board.dataset()
    assert np.bincount(data.train.labels).tolist() == [30, 30]
    assert np.array_equal(data.train.labels, board.labels(data.train.images))
    assert data.shape == (1, 1, 2)
    assert data.fingerprint == board.dataset().fingerprint
    assert data.fingerprint != board.model_copy(update={"seed": 4}).dataset().fingerprint


def test_a_grid_holds_every_point_once_row_by_row() -> None:
    grid = GridSource(points=5, board=Checkerboard())
    items = [item for piece in grid.pieces(7) for item in piece.rows.items()]
    points = [tuple(item.content.ravel().tolist()) for item in items if isinstance(item.content, np.ndarray)]
    steps = [0, 63, 127, 191, 255]
    assert points == [(x, y) for y in steps for x in steps]
    assert [item.label for item in items[:5]] == [0, 0, 0, 1, 1]
