"""Chains: nothing is lost between parts, and pixels that are moved several times are resampled once."""

from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from outvoted.search.arrays import Floats
from outvoted.search.errors import OutvotedError
from outvoted.search.transforms import (
    Affine,
    Border,
    Chain,
    Crop,
    Geometric,
    GridDistortion,
    Perspective,
    Transform,
    resample,
)
from outvoted.search.transforms import chain as chain_module
from outvoted.search.transforms.resampling import Inverse
from tests.search.transforms.cases import (
    CASES,
    Case,
    composed,
    every_transform,
    images,
    knobs,
    moves,
    singles,
    small,
    uniform,
)

SEEDS = images(9, (3, 20, 31), 1)


def product(transforms: tuple[Geometric, ...], rows: tuple[Floats, ...], height: int, width: int) -> Floats:
    """The parts' inverse maps multiplied as matrices, shape (n, 9)."""
    total = np.tile(np.eye(3), (len(rows[0]), 1, 1))
    for transform, own in zip(transforms, rows, strict=True):
        found = transform.inverse_map(torch.from_numpy(own), height, width)
        assert isinstance(found, torch.Tensor)
        last = np.tile([0.0, 0.0, 1.0], (len(own), 1))
        matrix = np.concatenate((found.numpy(), last), axis=1)[:, :9]
        total = total @ matrix.reshape(-1, 3, 3)
    return np.asarray(total.reshape(-1, 9))


def anywhere(*parts: Geometric) -> tuple[Floats, ...]:
    """Nine composed transforms of each part, anywhere in its budget."""
    rng = np.random.default_rng(2)
    moves = [part.place(rng.uniform(size=(9, part.knobs))) for part in parts]
    return tuple(part.compose(part.identity(9), own) for part, own in zip(parts, moves, strict=True))


def resamplings(
    parts: tuple[Geometric, ...], rows: tuple[Floats, ...], monkeypatch: pytest.MonkeyPatch
) -> list[tuple[Inverse, Border]]:
    """The map and the border of each resampling that a chain does."""
    seen: list[tuple[Inverse, Border]] = []

    def watched(pictures: torch.Tensor, inverse: Inverse, border: Border) -> torch.Tensor:
        seen.append((inverse, border))
        return resample(pictures, inverse, border)

    monkeypatch.setattr(chain_module, "resample", watched)
    side_by_side = torch.from_numpy(np.concatenate(rows, axis=1).astype(np.float32))
    Chain(parts=parts).apply(SEEDS.float(), side_by_side)
    return seen


@every_transform
def test_a_chain_of_one_is_its_part_bit_for_bit(case: Case) -> None:
    part = case.transform
    if isinstance(part, Chain):
        pytest.skip("chains are not made of chains")
    one, rows, seeds = Chain(parts=(part,)), composed(case, 9, 4), images(9, small(case), 2)
    assert one.sample(uniform(case, 9, 4)).tobytes() == moves(case, 9, 4).tobytes()
    assert one.place(knobs(case, 9, 4)).tobytes() == part.place(knobs(case, 9, 4)).tobytes()
    assert one.compose(rows, moves(case, 9, 5)).tobytes() == part.compose(rows, moves(case, 9, 5)).tobytes()
    assert one.describe(rows).tobytes() == part.describe(rows).tobytes()
    assert (one.within_budget(rows) == part.within_budget(rows)).all()
    assert torch.equal(one.render(seeds, singles(rows)), part.render(seeds, singles(rows)))
    assert (one.home, one.differentiable) == (part.home, part.differentiable)


def test_neighbours_that_move_pixels_are_resampled_once_under_their_product(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for parts in ((Affine(), Crop(), Affine()), (Perspective(), Affine(), Perspective(), Crop())):
        rows = anywhere(*parts)
        ((inverse, border),) = resamplings(parts, rows, monkeypatch)
        assert isinstance(inverse, torch.Tensor)
        numbers = inverse.shape[1]
        expected = product(parts, rows, 20, 31)[:, :numbers]
        assert numbers == (9 if isinstance(parts[0], Perspective) else 6)
        np.testing.assert_allclose(inverse.numpy(), expected, rtol=1e-5, atol=1e-5)
        assert border == "reflect"


def test_a_distortion_between_matrices_is_resampled_once_with_them(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = (Affine(), GridDistortion(), Perspective())
    assert len(resamplings(parts, anywhere(*parts), monkeypatch)) == 1


def test_neighbours_with_other_borders_are_resampled_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = (Affine(), Affine(border="reflect"), Crop(border="mean"), Affine(border="black"))
    rows = anywhere(*parts)
    found = resamplings(parts, rows, monkeypatch)
    assert [border for _, border in found] == ["reflect", "mean", "black"]
    first = found[0][0]
    assert isinstance(first, torch.Tensor)
    np.testing.assert_allclose(
        first.numpy(), product(parts[:2], rows[:2], 20, 31)[:, :6], rtol=1e-5, atol=1e-5
    )


def test_the_first_part_comes_first() -> None:
    """Turning by a quarter and then cropping to the right shows what was at the top."""
    seeds = torch.zeros((1, 1, 21, 21), dtype=torch.uint8)
    seeds[0, 0, :5] = 200
    quarter = np.array([[90.0, 0, 0, 1, 1, 0]])
    right = np.array([[np.log(2.0), 1, 0]])
    for parts, order in (((Affine(), Crop()), (quarter, right)), ((Crop(), Affine()), (right, quarter))):
        transform = Chain(parts=parts)
        rows = transform.compose(transform.identity(1), np.concatenate(order, axis=1))
        shown = transform.render(seeds, singles(rows))
        assert (shown[0, 0, 10, -3] == 200) == (parts[0] == Affine())


def test_nothing_is_rounded_between_parts() -> None:
    case = next(case for case in CASES if case.name == "photometric")
    twice, seeds = Chain(parts=(case.transform, case.transform)), images(9, (1, 8, 8), 0)
    rows = singles(np.concatenate((composed(case, 9, 0), composed(case, 9, 1)), axis=1))
    one = case.transform.apply(case.transform.apply(seeds.float(), rows[:, :3]), rows[:, 3:])
    assert torch.equal(twice.apply(seeds.float(), rows), one)


def chain(*kinds: str) -> Chain:
    return Chain.model_validate({"parts": [{"kind": kind} for kind in kinds]})


def test_names_carry_their_part() -> None:
    assert chain("blur", "noise").parameters == ("blur_sigma_px", "noise_amplitude_levels", "noise_pattern")
    assert chain("blur", "crop", "blur").measures == (
        "blur1_sigma_px",
        "crop_zoom",
        "crop_position_x_share",
        "crop_position_y_share",
        "blur2_sigma_px",
    )


def test_a_part_without_knobs_or_slopes_takes_them_from_the_chain() -> None:
    assert chain("affine", "crop").home == (0.5,) * 6 + (0, 0.5, 0.5)
    assert chain("affine", "crop").differentiable
    assert chain("affine", "pixel_swap").home == ()
    assert not chain("affine", "pixel_swap").differentiable


def test_every_part_keeps_its_own_budget() -> None:
    transform: Transform = chain("blur", "crop")
    rows = np.array([[0.5, 0, 0, 0], [1.5, 0, 0, 0], [0.5, 0, 0, 1.5], [1, 0.1, 1, -1]])
    assert transform.within_budget(rows).tolist() == [True, False, False, True]


def test_a_chain_fits_what_all_its_parts_fit() -> None:
    chain("crop", "channel_gain").check((3, 9, 9))
    with pytest.raises(OutvotedError, match="channel_gain"):
        chain("crop", "channel_gain").check((1, 9, 9))


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ([], "at least one part"),
        ([{"kind": "chain", "parts": [{"kind": "crop"}]}], "'chain' found"),
        ([{"kind": "crop", "budget": {"zoom": 0.9, "position": 1}}], "greater than or equal to 1"),
    ],
)
def test_wrong_parts_are_refused_with_one_reason(parts: list[Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told) as refused:
        Chain.model_validate({"parts": parts})
    assert refused.value.error_count() == 1
