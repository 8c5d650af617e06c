"""The laws of transforms that pass gradients on to their numbers."""

import numpy as np
import pytest
import torch

from outvoted.search.transforms import Chain
from tests.search.transforms.cases import (
    Case,
    composed,
    every_transform,
    images,
    singles,
    small,
)


@every_transform
def test_gradients_are_the_slopes_of_the_picture(case: Case) -> None:
    """Held against central differences in double precision, within the budget and away from kinks."""
    transform = case.transform
    if not transform.differentiable:
        assert not case.smooth or isinstance(transform, Chain)
        return
    n, seeds = 12, images(12, small(case), 3).double()
    turned = np.random.default_rng(5).uniform(0.1, 0.9, (n, transform.knobs))
    placed = transform.compose(transform.identity(n), transform.place(turned))
    if (placed == transform.identity(n)).all():
        pytest.skip("no change at all is a kink of resampling")
    weights = torch.randn(seeds.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))

    def value(rows: torch.Tensor) -> torch.Tensor:
        return (transform.apply(seeds, rows) * weights).sum(dim=(1, 2, 3))

    rows = torch.from_numpy(placed).requires_grad_()
    (gradients,) = torch.autograd.grad(value(rows).sum(), rows)
    assert torch.isfinite(gradients).all()
    step = 1e-6
    for place in case.smooth:
        shift = torch.zeros(transform.size, dtype=torch.float64)
        shift[place] = step
        measured = (value(rows.detach() + shift) - value(rows.detach() - shift)) / (2 * step)
        torch.testing.assert_close(gradients[:, place], measured, rtol=1e-4, atol=1e-2)


@every_transform
def test_a_gradient_depends_on_nothing_but_its_row(case: Case) -> None:
    if not case.transform.differentiable:
        pytest.skip("this transform passes no gradients")
    seeds, rows = images(7, small(case), 3), singles(composed(case, 7, 3))

    def gradients(chosen: list[int]) -> torch.Tensor:
        asked = rows[chosen].requires_grad_()
        rendered = case.transform.render(seeds[chosen], asked)
        (found,) = torch.autograd.grad((rendered**2).sum(), asked)
        return found

    together = gradients(list(range(7)))
    assert torch.isfinite(together).all()
    for row in range(7):
        torch.testing.assert_close(gradients([row])[0], together[row], rtol=1e-5, atol=1e-2)
    torch.testing.assert_close(gradients([5, 2, 5]), together[[5, 2, 5]], rtol=1e-5, atol=1e-2)


@every_transform
def test_gradients_of_a_black_picture_at_home_are_finite(case: Case) -> None:
    if not case.transform.differentiable:
        pytest.skip("this transform passes no gradients")
    rows = singles(case.transform.identity(2)).requires_grad_()
    rendered = case.transform.render(torch.zeros((2, *small(case)), dtype=torch.uint8), rows)
    (gradients,) = torch.autograd.grad(rendered.sum(), rows)
    assert torch.isfinite(gradients).all()
