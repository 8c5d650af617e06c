"""Crops: the window stays within the image and is stretched to its size."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from outvoted.search.arrays import AnyArray
from outvoted.search.transforms import Crop


def shown(picture: AnyArray, zoom: float, x: float, y: float) -> AnyArray:
    """One channel, cropped but not rounded."""
    composed = torch.tensor([[np.log(zoom), x, y]], dtype=torch.float64)
    return Crop().apply(torch.from_numpy(picture.astype(np.float64))[None, None], composed)[0, 0].numpy()


@given(zoom=st.floats(1, 5), x=st.floats(-1, 1), y=st.floats(-1, 1))
@settings(max_examples=60)
def test_nothing_from_beyond_the_edge_is_seen(zoom: float, x: float, y: float) -> None:
    np.testing.assert_allclose(shown(np.full((9, 14), 200), zoom, x, y), 200, atol=1e-6)


@pytest.mark.parametrize("zoom", [1.0, 1.3, 3.0])
@pytest.mark.parametrize(("x", "y"), [(-1, -1), (1, 0.5), (0, 0)])
def test_the_window_is_where_it_is_said_to_be(zoom: float, x: float, y: float) -> None:
    """A gradient shows which position every pixel was taken from."""
    rows, columns = np.mgrid[0:9, 0:14].astype(float)
    room = (1 - 1 / zoom) / 2
    np.testing.assert_allclose(
        shown(columns, zoom, x, y)[0], 6.5 + (np.arange(14) - 6.5) / zoom + x * room * 13, atol=1e-9
    )
    np.testing.assert_allclose(
        shown(rows, zoom, x, y)[:, 0], 4 + (np.arange(9) - 4) / zoom + y * room * 8, atol=1e-9
    )


def test_a_crop_never_zooms_out() -> None:
    rows = np.array([[-1e-9, 0, 0], [0, 1, -1], [np.log(1.15), 0, 0], [np.log(1.15) + 1e-9, 0, 0]])
    assert Crop().within_budget(rows).tolist() == [False, True, True, False]
