import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outvoted.search.errors import OutvotedError
from outvoted.search.transforms import Affine, GaussianNoise, PixelSwap, SwapBudget
from outvoted.search.transforms.dials import Dials
from tests.search.transforms.cases import Case, every_transform, images, render, small


@every_transform
@given(data=st.data())
@settings(max_examples=10)
def test_wherever_dials_stand_the_image_is_within_the_budget(case: Case, data: st.DataObject) -> None:
    dials = Dials(case.transform)
    values = data.draw(st.tuples(*(st.floats(0, 1) for _ in dials.all)))
    found = dials.composed(values)
    assert found.shape == (1, case.transform.size)
    assert case.transform.within_budget(found).all()


@every_transform
def test_at_home_nothing_changes(case: Case) -> None:
    seeds = images(1, small(case), 0)
    found = render(case, seeds, Dials(case.transform).composed(Dials(case.transform).home))
    assert np.abs(found - seeds.numpy()).max() <= (0 if case.name != "jpeg" else 2)


@every_transform
def test_every_dial_is_named_once_and_says_what_it_measures_at_its_ends(case: Case) -> None:
    dials = Dials(case.transform)
    names = [dial.name for dial in dials.all]
    assert len(set(names)) == len(names)
    assert all(0 <= dial.home <= 1 and np.isfinite([dial.low, dial.high]).all() for dial in dials.all)
    for place, dial in enumerate(dials.all):
        if dial.steps is None:
            values = list(dials.home)
            values[place] = 1.0
            measured = dict(
                zip(
                    case.transform.measures,
                    case.transform.describe(dials.composed(values))[0],
                    strict=True,
                )
            )
            assert measured[dial.name] == pytest.approx(dial.high)


def test_units_are_those_of_the_names() -> None:
    rotation, across, *_ = Dials(Affine()).all
    assert (rotation.words, rotation.unit, rotation.low, rotation.high) == ("rotation", "degrees", -10, 10)
    assert (across.words, across.unit) == ("translate x", "pixels")
    assert [dial.words for dial in Dials(GaussianNoise()).all] == ["amplitude", "pattern"]


def test_without_knobs_the_dials_are_how_many_moves_and_which() -> None:
    transform = PixelSwap(budget=SwapBudget(swaps=5))
    dials = Dials(transform)
    assert [(dial.name, dial.high) for dial in dials.all] == [("moves", 5), ("draw", 1000)]
    assert transform.describe(dials.composed((0.6, 0.5)))[0, 0] == 3
    assert (dials.composed((1, 0.1)) != dials.composed((1, 0.2))).any()
    assert Dials(PixelSwap(budget=SwapBudget(swaps=0))).all == ()


@pytest.mark.parametrize("values", [(), (0.5,) * 5, (0.5,) * 7, (0.5,) * 5 + (1.1,), (float("nan"),) * 6])
def test_other_numbers_are_refused(values: tuple[float, ...]) -> None:
    with pytest.raises(OutvotedError, match="6 numbers from 0 to 1"):
        Dials(Affine()).composed(values)
