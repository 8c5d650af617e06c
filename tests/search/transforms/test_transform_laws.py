"""The laws that every transform keeps, whatever it changes."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from outvoted.search.arrays import AnyArray
from outvoted.search.search_settings import SearchSettings
from outvoted.search.transforms import Shape
from tests.search.transforms.cases import (
    ROWS,
    SEEDS,
    Case,
    composed,
    every_image,
    every_transform,
    images,
    knobs,
    moves,
    render,
    singles,
    small,
    uniform,
)

Method = Callable[..., AnyArray]


def methods(case: Case, n: int, seed: int) -> dict[str, tuple[Method, tuple[AnyArray, ...]]]:
    """Every method that works row by row, with arguments of n rows."""
    rows, seeds = composed(case, n, seed), images(n, small(case), seed)
    return {
        "sample": (case.transform.sample, (uniform(case, n, seed),)),
        "compose": (case.transform.compose, (rows, moves(case, n, seed + 9))),
        "place": (case.transform.place, (knobs(case, n, seed),)),
        "describe": (case.transform.describe, (rows,)),
        "within_budget": (case.transform.within_budget, (rows,)),
        "render": (lambda pixels, rows: render(case, torch.from_numpy(pixels), rows), (seeds.numpy(), rows)),
    }


every_method = pytest.mark.parametrize(
    "name", ["sample", "place", "compose", "describe", "within_budget", "render"]
)


@every_method
@every_transform
@given(n=ROWS, seed=SEEDS, data=st.data())
@settings(max_examples=6)
def test_a_row_depends_on_nothing_but_its_arguments(
    name: str, case: Case, n: int, seed: int, data: st.DataObject
) -> None:
    method, arguments = methods(case, n, seed)[name]
    whole = method(*arguments)
    chosen = np.array(data.draw(st.lists(st.integers(0, n - 1), min_size=1)))
    among_others = method(*(argument[chosen] for argument in arguments))
    assert among_others.tobytes() == whole[chosen].tobytes()
    for row in chosen[:5]:
        alone = method(*(argument[row : row + 1] for argument in arguments))
        assert alone.tobytes() == whole[row : row + 1].tobytes()


@every_method
@every_transform
def test_how_arguments_lie_in_memory_changes_nothing(name: str, case: Case) -> None:
    method, arguments = methods(case, 37, 5)[name]
    turned = (np.asfortranarray(argument) for argument in arguments)
    spaced = (np.repeat(argument, 2, axis=0)[::2] for argument in arguments)
    assert method(*turned).tobytes() == method(*arguments).tobytes()
    assert method(*spaced).tobytes() == method(*arguments).tobytes()


@every_method
@every_transform
def test_arguments_are_left_as_they_were_and_give_the_same_again(name: str, case: Case) -> None:
    method, arguments = methods(case, 11, 6)[name]
    before = [argument.tobytes() for argument in arguments]
    one, two = method(*arguments), method(*arguments)
    assert one.tobytes() == two.tobytes()
    assert not any(np.shares_memory(one, argument) for argument in arguments)
    assert [argument.tobytes() for argument in arguments] == before


@every_transform
@pytest.mark.parametrize("n", [0, 1, 5])
def test_shapes_are_as_the_interface_says(case: Case, n: int) -> None:
    transform, width = case.transform, len(case.transform.parameters)
    rows = composed(case, n, 3)
    assert moves(case, n, 3).shape == (n, width)
    assert transform.identity(n).shape == rows.shape == (n, transform.size)
    assert transform.place(knobs(case, n, 3)).shape == (n, width)
    assert transform.describe(rows).shape == (n, len(transform.measures))
    assert transform.within_budget(rows).shape == (n,)
    assert transform.within_budget(rows).dtype == np.bool_
    assert len(set(transform.parameters)) == width
    assert len(set(transform.measures)) == len(transform.measures) == len(case.plain)
    assert transform.knobs == len(transform.home)


@every_transform
def test_identity_describes_as_no_change_and_is_within_any_budget(case: Case) -> None:
    identity = case.transform.identity(3)
    assert case.transform.describe(identity).tolist() == [list(case.plain)] * 3
    assert case.transform.within_budget(identity).all()


@every_transform
def test_the_move_that_changes_nothing_changes_nothing(case: Case) -> None:
    if case.still is None:
        pytest.skip("every move of this transform counts")
    rows = composed(case, 20, 8)
    assert (case.transform.compose(rows, np.tile(case.still, (20, 1))) == rows).all()


@every_image
def test_identity_renders_the_seeds_exact_bytes(case: Case, shape: Shape) -> None:
    seeds = images(4, shape, 1)
    rendered = render(case, seeds, case.transform.identity(4))
    assert rendered.astype(np.uint8).tobytes() == seeds.numpy().tobytes()
    assert (rendered == seeds.numpy()).all()


@every_image
def test_rendering_looks_at_no_value_and_stays_on_its_device(case: Case, shape: Shape) -> None:
    """On a device that holds no values, whatever looked at one, or made a tensor elsewhere, would fail."""
    seeds, rows = images(4, shape, 1).to("meta"), singles(composed(case, 4, 1)).to("meta")
    rendered = case.transform.render(seeds, rows)
    assert (rendered.device.type, rendered.shape, rendered.dtype) == ("meta", seeds.shape, torch.float32)


@every_image
def test_no_images_are_fine(case: Case, shape: Shape) -> None:
    assert render(case, images(0, shape, 1), case.transform.identity(0)).shape == (0, *shape)


@every_image
def test_what_is_rendered_is_exactly_what_can_be_stored(case: Case, shape: Shape) -> None:
    seeds = images(6, shape, 2)
    seeds[:2] = torch.tensor([0, 255], dtype=torch.uint8).view(2, 1, 1, 1)
    rendered = case.transform.render(seeds, singles(composed(case, 6, 2)))
    assert rendered.dtype == torch.float32
    assert rendered.shape == seeds.shape
    assert torch.equal(rendered, rendered.to(torch.uint8).float())


@every_transform
@given(n=ROWS, seed=SEEDS)
@settings(max_examples=8)
def test_moves_lie_within_their_range(case: Case, n: int, seed: int) -> None:
    found = moves(case, n, seed)
    assert ((found >= case.lowest) & (found <= case.highest)).all()


@every_transform
def test_moves_fill_their_range(case: Case) -> None:
    width = case.transform.draws
    ends = case.transform.sample(np.array([[2.0**-33] * width, [1 - 2.0**-33] * width]))
    np.testing.assert_allclose(np.sort(ends, axis=0), [case.lowest, case.highest], atol=1e-7, rtol=0)
    assert ((ends >= case.lowest) & (ends <= case.highest)).all()


@every_transform
def test_parameters_are_drawn_independently_of_each_other(case: Case) -> None:
    free = [place for place, low in enumerate(case.lowest) if low < case.highest[place]]
    between = np.corrcoef(moves(case, 2000, 4)[:, free], rowvar=False)
    np.testing.assert_allclose(between, np.eye(len(free)), atol=0.1)


@every_transform
@given(n=ROWS, times=st.integers(1, 12), seed=SEEDS)
@settings(max_examples=6)
def test_composing_alone_and_in_a_batch_agree_bit_for_bit(case: Case, n: int, times: int, seed: int) -> None:
    steps = [moves(case, n, seed + time) for time in range(times)]
    batch = composed(case, n, seed, times)
    for row in range(n):
        alone = case.transform.identity(1)
        for step in steps:
            alone = case.transform.compose(alone, step[row : row + 1])
        assert alone[0].tobytes() == batch[row].tobytes()


@every_transform
@given(n=ROWS, seed=SEEDS)
@settings(max_examples=6)
def test_knobs_never_leave_the_budget(case: Case, n: int, seed: int) -> None:
    placed = case.transform.compose(case.transform.identity(n), case.transform.place(knobs(case, n, seed)))
    if case.transform.knobs:
        assert case.transform.within_budget(placed).all()


@every_transform
def test_knobs_at_home_change_nothing(case: Case) -> None:
    if not case.transform.knobs:
        pytest.skip("this transform has no knobs")
    home = case.transform.place(np.tile(case.transform.home, (3, 1)))
    rows = case.transform.compose(case.transform.identity(3), home)
    seeds = images(3, small(case), 4)
    assert case.transform.describe(rows).tolist() == [list(case.plain)] * 3
    assert (render(case, seeds, rows) == seeds.numpy()).all()


@every_transform
def test_every_knob_alone_reaches_the_ends_of_the_budget(case: Case) -> None:
    """A little more of the same move is outside, if the knob's parameter is bounded at all."""
    transform = case.transform
    for place in case.smooth if transform.knobs else ():
        for end in (0.0, 1.0):
            turned = np.array([transform.home])
            turned[0, place] = end
            move = transform.place(turned)
            assert case.still is not None
            beyond = (move - case.still) * (1 + 1e-6) + case.still
            beyond[0, place] += 1e-9 * (2 * end - 1)
            assert transform.within_budget(transform.compose(transform.identity(1), move)).all()
            assert not transform.within_budget(transform.compose(transform.identity(1), beyond)).any()


@every_transform
def test_settings_survive_being_written_and_refuse_what_they_do_not_know(case: Case) -> None:
    kind, written = type(case.transform), case.transform.model_dump()
    assert kind.model_validate_json(case.transform.model_dump_json()) == case.transform
    searched = SearchSettings(transform=case.transform)
    assert SearchSettings.model_validate_json(searched.model_dump_json()).transform == case.transform
    unknown: dict[str, Any] = {**written, "colour": 1}
    with pytest.raises(ValueError, match="colour"):
        kind.model_validate(unknown)
