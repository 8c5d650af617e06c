"""The map of weaknesses: every mistake has one cell, whatever the transform."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outvoted.analysis.mining.cells import Grid, Span, binned, cells, span
from outvoted.analysis.mining.weaknesses import Finders, weaknesses
from outvoted.analysis.report.report import Widget
from outvoted.search.errors import OutvotedError
from outvoted.search.transforms import Affine, Chain, Photometric, PixelSwap, Transform
from tests.analysis.report.test_packing import unpacked
from tests.search.transforms.cases import CASES

AFFINE = Affine()
SWAPS = PixelSwap()


def table(transform: Transform, measured: Sequence[Sequence[float]], **columns: Any) -> pd.DataFrame:
    """A `mistakes` table of rows with these measures; label 3, wrong class 5."""
    names = [f"measures.{name}" for name in transform.measures]
    values = np.array(measured, np.float64).reshape(-1, len(names))
    return pd.DataFrame(dict(zip(names, values.T, strict=True))).assign(
        **({"label": 3, "predicted": 5} | columns)
    )


def swapped(*counts: float) -> pd.DataFrame:
    """Mistakes by so many swaps each."""
    return table(SWAPS, [[count] for count in counts])


@pytest.mark.parametrize("transform", [case.transform for case in CASES], ids=[case.name for case in CASES])
def test_every_transform_has_a_map(transform: Transform) -> None:
    uniform = np.random.default_rng(1).uniform(size=(50, transform.draws))
    composed = transform.compose(transform.identity(50), transform.sample(uniform))
    mistakes = table(transform, transform.describe(composed).tolist())
    grid = Grid(bins=3)
    found = binned(mistakes, transform, grid, span(transform, [mistakes])).to_numpy()
    assert found.shape == (50, min(3, len(transform.measures)))
    assert ((found >= 0) & (found < 3)).all()


def test_knobs_span_the_budget_whatever_was_found() -> None:
    over = span(AFFINE, [])
    low, high = (dict(zip(AFFINE.measures, ends.tolist(), strict=True)) for ends in (over.low, over.high))
    assert (low["rotation_deg"], high["rotation_deg"]) == pytest.approx((-10, 10))
    assert (low["scale_x"], high["scale_x"]) == pytest.approx((1 / 1.1, 1.1))
    found = span(AFFINE, [table(AFFINE, [[99.0] * len(AFFINE.measures)])])
    np.testing.assert_array_equal(found.high, over.high)


def test_without_knobs_all_the_mistakes_together_are_the_span() -> None:
    over = span(SWAPS, [swapped(7, 12), swapped(), swapped(3)])
    assert (over.low.tolist(), over.high.tolist()) == ([3], [12])
    assert cells(swapped(3, 7.4, 7.6, 12), SWAPS, Grid(bins=2), over) == {(3, 5, 0), (3, 5, 1)}


def test_one_knobless_part_makes_a_chain_knobless() -> None:
    chain = Chain(parts=(Photometric(), SWAPS))
    width = len(chain.measures)
    over = span(chain, [table(chain, [[1.0] * width, [4.0] * width])])
    assert (over.low.tolist(), over.high.tolist()) == ([1.0] * width, [4.0] * width)


def test_bins_take_their_lower_ends_and_the_last_its_upper_too() -> None:
    over = Span(np.array([0.0]), np.array([8.0]))
    found = binned(swapped(-1, 0, 1.999, 2, 4, 7.999, 8, 9), SWAPS, Grid(bins=4), over)
    assert found["swaps"].tolist() == [0, 0, 0, 1, 2, 3, 3, 3]


def test_a_measure_that_never_varies_has_one_bin() -> None:
    mistakes = swapped(5, 5, 5)
    assert len(cells(mistakes, SWAPS, Grid(), span(SWAPS, [mistakes]))) == 1


def test_no_mistakes_fill_no_cells() -> None:
    assert cells(pd.DataFrame({"search_id": []}), AFFINE, Grid(), span(AFFINE, [])) == set()
    assert cells(pd.DataFrame({"search_id": []}), SWAPS, Grid(), span(SWAPS, [])) == set()


@given(
    values=st.lists(st.tuples(*[st.floats(-20, 20)] * 2, st.integers(0, 2), st.integers(0, 2)), min_size=1),
    bins=st.integers(1, 64),
)
def test_cells_are_those_of_a_plain_loop(values: list[tuple[float, float, int, int]], bins: int) -> None:
    names = ("shear_deg", "rotation_deg")
    places = [AFFINE.measures.index(name) for name in names]
    measured = np.zeros((len(values), len(AFFINE.measures)))
    measured[:, places] = [value[:2] for value in values]
    labels, predicted = [value[2] for value in values], [value[3] for value in values]
    mistakes = table(AFFINE, measured.tolist(), label=labels, predicted=predicted)
    over = Span(np.full(len(AFFINE.measures), -10.0), np.full(len(AFFINE.measures), 10.0))
    expected = set()
    for *pair, label, wrong in values:
        place = [min(max(int((value + 10) / 20 * bins), 0), bins - 1) for value in pair]
        expected.add((label, wrong, *place))
    assert cells(mistakes, AFFINE, Grid(descriptors=names, bins=bins), over) == expected


def test_a_misspelt_descriptor_is_put_right() -> None:
    with pytest.raises(OutvotedError, match="did you mean 'rotation_deg'"):
        Grid(descriptors=("rotation",)).names(AFFINE)


def test_the_map_has_every_mistake_in_its_bin() -> None:
    affine = Affine()
    middle = [(low + high) / 2 for low, high in zip(*dataclasses.astuple(span(affine, [])), strict=True)]
    found = table(affine, [middle, middle], predicted=[5, 6])
    who = Finders("target", ["<b>"], found["label"].to_numpy() * 0)
    section = weaknesses(found, affine, span(affine, [found]), [who], list("0123456789"), gallery=True)
    (part,) = section.parts
    assert isinstance(part, Widget)
    data: Any = part.data
    assert unpacked(data["predicted"]).tolist() == [5, 6]
    assert [change["name"] for change in data["changes"]] == list(affine.measures)
    for change in data["changes"]:
        assert unpacked(change["bins"]).tolist() == [2, 2]
        assert len(change["edges"]) == 6
        assert change["edges"] == sorted(change["edges"])
