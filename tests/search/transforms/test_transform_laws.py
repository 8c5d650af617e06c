"""The laws that every transform keeps, whatever it changes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from outvoted.search.arrays import AnyArray, Floats
from outvoted.search.transforms import Affine, AffineRange, Transform


@dataclass(frozen=True)
class Case:
    """A transform, the move that changes nothing, and the bounds of its moves."""

    name: str
    transform: Transform
    still: tuple[float, ...]
    lowest: tuple[float, ...]
    highest: tuple[float, ...]


def affine(name: str, move: AffineRange, budget: AffineRange) -> Case:
    """Affine moves: three that add, two that multiply, one that adds."""
    low, high = (
        (sign * move.rotation, *2 * (sign * move.translation,), *2 * (move.scale**sign,), sign * move.shear)
        for sign in (-1, 1)
    )
    return Case(name, Affine(move=move, budget=budget), (0, 0, 0, 1, 1, 0), low, high)


SMALL = AffineRange(rotation=10, translation=1, scale=1.1, shear=10)
LARGE = AffineRange(rotation=60, translation=9.5, scale=2.5, shear=40)
NONE = AffineRange(rotation=0, translation=0, scale=1, shear=0)
CASES = (
    affine("affine", Affine().move, Affine().budget),
    affine("affine, large moves", LARGE, SMALL),
    affine("affine, large budget", LARGE, LARGE),
    affine("affine, translation alone", NONE.model_copy(update={"translation": 2.0}), SMALL),
    affine("affine, no change allowed", SMALL, NONE),
)
SHAPES = ((1, 28, 28), (3, 20, 31), (3, 9, 4), (1, 1, 7), (3, 224, 260))

ROWS = st.integers(1, 40)
SEEDS = st.integers(0, 2**32 - 1)
every_transform = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def uniform(case: Case, n: int, seed: int) -> Floats:
    """Uniforms in the open interval (0, 1), as streams draw them."""
    words = np.random.default_rng(seed).integers(0, 2**32, (n, case.transform.draws))
    return np.asarray((words + 0.5) / 2**32)


def moves(case: Case, n: int, seed: int) -> Floats:
    return case.transform.sample(uniform(case, n, seed))


def composed(case: Case, n: int, seed: int, times: int = 3) -> Floats:
    """Several moves, composed."""
    found = case.transform.identity(n)
    for time in range(times):
        found = case.transform.compose(found, moves(case, n, seed + time))
    return found


def images(n: int, shape: tuple[int, ...], seed: int) -> torch.Tensor:
    pixels = np.random.default_rng(seed).integers(0, 256, (n, *shape), np.uint8)
    return torch.from_numpy(pixels)


def singles(rows: Floats) -> torch.Tensor:
    """Composed transforms in the form that reaches ``render``."""
    return torch.from_numpy(rows.astype(np.float32))


def render(case: Case, seeds: torch.Tensor, rows: Floats) -> AnyArray:
    return case.transform.render(seeds, singles(rows)).numpy()


Method = Callable[..., AnyArray]


def methods(case: Case, n: int, seed: int) -> dict[str, tuple[Method, tuple[AnyArray, ...]]]:
    """Every method that works row by row, with arguments of n rows."""
    rows, seeds = composed(case, n, seed), images(n, (1, 6, 9), seed)
    return {
        "sample": (case.transform.sample, (uniform(case, n, seed),)),
        "compose": (case.transform.compose, (rows, moves(case, n, seed + 9))),
        "describe": (case.transform.describe, (rows,)),
        "within_budget": (case.transform.within_budget, (rows,)),
        "render": (lambda pixels, rows: render(case, torch.from_numpy(pixels), rows), (seeds.numpy(), rows)),
    }


every_method = pytest.mark.parametrize("name", ["sample", "compose", "describe", "within_budget", "render"])


@every_method
@every_transform
@given(n=ROWS, seed=SEEDS, data=st.data())
@settings(max_examples=20, deadline=None)
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
    assert transform.describe(rows).shape == (n, width)
    assert transform.within_budget(rows).shape == (n,)
    assert transform.within_budget(rows).dtype == np.bool_
    assert len(case.still) == len(set(transform.parameters)) == width


@every_transform
def test_identity_describes_as_no_change_and_is_within_any_budget(case: Case) -> None:
    identity = case.transform.identity(3)
    assert case.transform.describe(identity).tolist() == [list(case.still)] * 3
    assert case.transform.within_budget(identity).all()


@every_transform
def test_the_move_that_changes_nothing_changes_nothing(case: Case) -> None:
    rows = composed(case, 20, 8)
    assert (case.transform.compose(rows, np.tile(case.still, (20, 1))) == rows).all()


@every_transform
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_identity_renders_the_seeds_exact_bytes(case: Case, shape: tuple[int, ...]) -> None:
    seeds = images(4, shape, 1)
    rendered = render(case, seeds, case.transform.identity(4))
    assert rendered.astype(np.uint8).tobytes() == seeds.numpy().tobytes()
    assert (rendered == seeds.numpy()).all()


@every_transform
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_what_is_rendered_is_exactly_what_can_be_stored(case: Case, shape: tuple[int, ...]) -> None:
    seeds = images(6, shape, 2)
    seeds[:2] = torch.tensor([0, 255], dtype=torch.uint8).view(2, 1, 1, 1)
    rendered = case.transform.render(seeds, singles(composed(case, 6, 2)))
    assert rendered.dtype == torch.float32
    assert rendered.shape == seeds.shape
    assert torch.equal(rendered, rendered.to(torch.uint8).float())


@every_transform
@given(n=ROWS, seed=SEEDS)
@settings(max_examples=40, deadline=None)
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
@settings(max_examples=25, deadline=None)
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
@settings(max_examples=25, deadline=None)
def test_a_description_is_a_move_that_does_the_same(case: Case, n: int, seed: int) -> None:
    rows = composed(case, n, seed)
    again = case.transform.compose(case.transform.identity(n), case.transform.describe(rows))
    np.testing.assert_allclose(again, rows, rtol=1e-9, atol=1e-9)


@every_transform
def test_settings_survive_being_written_and_refuse_what_they_do_not_know(case: Case) -> None:
    kind, written = type(case.transform), case.transform.model_dump()
    assert kind.model_validate_json(case.transform.model_dump_json()) == case.transform
    unknown: dict[str, Any] = {**written, "colour": 1}
    with pytest.raises(ValueError, match="colour"):
        kind.model_validate(unknown)
