"""FGSM against Foolbox, robustness against plain loops."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from outvoted.analysis.report.numbers import nan_mean
from outvoted.analysis.sweeps.temperature.robustness import (
    attacked,
    class_robustness,
    gradients,
    right,
    right_when_attacked,
)
from outvoted.search.errors import OutvotedError
from tests.analysis.sweeps.temperature.stacks import SmallStack, samples, small_stack

EPSILONS = [0.0, 0.03, 0.1, 0.3]


class Single(nn.Module):
    """One network of a stack, as other libraries know networks."""

    def __init__(self, stack: SmallStack) -> None:
        super().__init__()
        self.stack = stack

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.stack(images[None])[0]


@pytest.mark.filterwarnings("ignore:Please import:DeprecationWarning")
@pytest.mark.parametrize("epsilon", EPSILONS[1:])
def test_attacks_are_those_of_foolbox(epsilon: float) -> None:
    # Imported here, where the warning is ignored: it uses an old name of SciPy's.
    from foolbox.attacks import FGSM
    from foolbox.models.pytorch import PyTorchModel

    images, labels = samples((20, 3, 4, 4))
    stack = small_stack(48, scale=0.7)
    given = gradients(stack, 3, images, labels)
    found = attacked(images, given.values, epsilon)
    flags = right_when_attacked(stack, images, labels, given.values, [epsilon])[:, 0]
    for index in range(3):
        model = PyTorchModel(Single(stack.alone(index)).eval(), bounds=(0, 1), device="cpu")
        _, theirs, fooled = FGSM()(model, images, labels, epsilons=epsilon)
        torch.testing.assert_close(found[index], theirs, rtol=0, atol=1e-6)
        assert (flags[index] == ~fooled).all()
        assert 0 < fooled.sum() < len(fooled)


@given(st.sampled_from(EPSILONS), st.integers(0, 99))
def test_attacks_stay_in_range_and_within_epsilon(epsilon: float, seed: int) -> None:
    images, labels = samples((5, 1, 3, 3), seed)
    found = attacked(images, gradients(small_stack(9), 3, images, labels).values, epsilon)
    assert found.min() >= 0
    assert found.max() <= 1
    assert (found - images).abs().max() <= epsilon + 1e-6


def test_pixels_without_gradient_stay() -> None:
    images, _ = samples((2, 1, 2, 2))
    values = torch.zeros(1, 2, 1, 2, 2)
    values[0, 0, 0, 1, 1] = -1e-30
    found = attacked(images, values, 0.1)[0]
    assert (found != images).nonzero().tolist() == [[0, 0, 1, 1]]


def test_one_gradient_serves_all_epsilons_each_as_alone() -> None:
    images, labels = samples((30, 1, 3, 3))
    stack = small_stack(9)
    given = gradients(stack, 3, images, labels)
    together = right_when_attacked(stack, images, labels, given.values, EPSILONS)
    assert together.shape == (3, 4, 30)
    assert torch.equal(together[:, 0], right(given.logits, labels))
    for index, epsilon in enumerate(EPSILONS):
        one = attacked(images, given.values, epsilon)
        assert torch.equal(together[:, index], right(stack(one), labels))
    for index in range(3):
        alone = stack.alone(index)
        own = gradients(alone, 1, images, labels).values
        assert torch.equal(right_when_attacked(alone, images, labels, own, EPSILONS)[0], together[index])
    assert stack.first.grad is None


@pytest.mark.parametrize("epsilon", [-0.1, float("nan"), float("inf")])
def test_a_senseless_epsilon_is_refused(epsilon: float) -> None:
    images, _ = samples((2, 1, 2, 2))
    with pytest.raises(OutvotedError, match="an epsilon of 0 or more"):
        attacked(images, torch.zeros(1, 2, 1, 2, 2), epsilon)


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.booleans()), min_size=1))
def test_robustness_is_the_share_right_in_each_class_and_their_mean(
    rows: list[tuple[int, bool, bool]],
) -> None:
    labels = np.array([row[0] for row in rows])
    flags = np.array([[[row[1] for row in rows], [row[2] for row in rows]]])
    found = class_robustness(flags, labels, 4)
    assert found.shape == (1, 2, 4)
    for column in (0, 1):
        shares = []
        for label in range(4):
            own = [row[1 + column] for row in rows if row[0] == label]
            if own:
                shares.append(own.count(True) / len(own))
                assert found[0, column, label] == pytest.approx(shares[-1])
            else:
                assert np.isnan(found[0, column, label])
        assert nan_mean(found, -1)[0, column] == pytest.approx(sum(shares) / len(shares))


@pytest.mark.filterwarnings("error")
def test_without_images_there_is_no_robustness() -> None:
    found = class_robustness(np.zeros((2, 0), bool), np.zeros(0, np.int64), 3)
    assert np.isnan(found).all()
    assert np.isnan(nan_mean(found, -1)).tolist() == [True, True]
