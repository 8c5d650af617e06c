"""Gradients against finite differences, correlations against formulas."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from outvoted.analysis.sweeps.temperature.robustness import (
    class_medians,
    correlations,
    gradients,
    right,
)
from tests.analysis.sweeps.temperature.stacks import samples, small_stack


def loss(stack: torch.Tensor, label: int) -> float:
    """Cross-entropy of one answer, by hand."""
    return float(stack.exp().sum().log() - stack[label])


def test_gradients_are_finite_differences_of_each_images_own_loss() -> None:
    images, labels = samples((4, 2, 3, 2), dtype=torch.float64)
    stack = small_stack(12, dtype=torch.float64)
    found = gradients(stack, 3, images, labels)
    step = 1e-6
    for pixel in np.ndindex(2, 3, 2):
        moved = images.clone()
        moved[:, *pixel] += step
        up = stack(moved.expand(3, *moved.shape)).detach()
        moved[:, *pixel] -= 2 * step
        down = stack(moved.expand(3, *moved.shape)).detach()
        for network, image in np.ndindex(3, 4):
            label = int(labels[image])
            expected = (loss(up[network, image], label) - loss(down[network, image], label)) / (2 * step)
            assert float(found.values[network, image, *pixel]) == pytest.approx(expected, rel=1e-5, abs=1e-8)


def test_answers_come_with_the_gradients_and_nothing_else_is_touched() -> None:
    images, labels = samples((4, 1, 3, 3))
    before = images.clone()
    stack = small_stack(9)
    with torch.no_grad():
        found = gradients(stack, 3, images, labels)
        assert torch.equal(found.logits, stack(images.expand(3, *images.shape)))
    assert not found.logits.requires_grad
    assert not found.values.requires_grad
    assert stack.first.grad is None
    assert stack.second.grad is None
    assert torch.equal(images, before)
    assert not images.requires_grad


def test_a_network_has_alone_the_gradients_it_has_in_a_stack() -> None:
    images, labels = samples((7, 1, 3, 3))
    stack = small_stack(9)
    together = gradients(stack, 3, images, labels)
    for index in range(3):
        alone = gradients(stack.alone(index), 1, images, labels)
        assert torch.equal(alone.values[0], together.values[index])
        assert torch.equal(alone.logits[0], together.logits[index])
        assert torch.equal(alone.magnitudes[0], together.magnitudes[index])


def test_magnitude_is_the_mean_over_pixels_and_channels() -> None:
    images, labels = samples((5, 3, 2, 4))
    found = gradients(small_stack(24), 3, images, labels)
    for network, image in np.ndindex(3, 5):
        values = found.values[network, image].flatten().tolist()
        expected = sum(abs(value) for value in values) / 24
        assert float(found.magnitudes[network, image]) == pytest.approx(expected, rel=1e-5)


def test_medians_are_of_each_class_and_nan_without_images() -> None:
    magnitudes = np.array([[1.0, 2, 9, 4, 7], [5.0, 1, 1, 3, 0]])
    found = class_medians(magnitudes, np.array([0, 0, 2, 2, 2]), 4)
    np.testing.assert_array_equal(found, [[1.5, np.nan, 7, np.nan], [3, np.nan, 1, np.nan]])


@given(st.integers(0, 999))
def test_correlations_are_those_of_numpy_in_each_class_and_overall(seed: int) -> None:
    random = np.random.default_rng(seed)
    labels = np.repeat([0, 1, 2], 10)
    sizes, sure = random.random((2, 2, 30))
    found = correlations(sizes, sure, labels, 3)
    for network in range(2):
        for column, group in enumerate([labels == 0, labels == 1, labels == 2, labels >= 0]):
            expected = np.corrcoef(sizes[network, group], sure[network, group])[0, 1]
            assert found.coefficients[network, column] == pytest.approx(expected)
            assert 0 <= found.p_values[network, column] <= 1


def test_p_values_are_the_share_of_shuffles_that_correlate_as_much() -> None:
    random = np.random.default_rng(0)
    sizes = random.normal(size=20)
    sure = 0.4 * sizes + random.normal(size=20)
    found = correlations(sizes[None], sure[None], np.zeros(20, np.int64), 1)
    shuffled = [np.corrcoef(sizes, random.permutation(sure))[0, 1] for _ in range(4000)]
    expected = np.mean(np.abs(shuffled) >= abs(found.coefficients[0, 0]))
    assert 0.01 < expected < 0.9
    assert found.p_values[0, 0] == pytest.approx(expected, abs=0.03)


@pytest.mark.filterwarnings("error")
def test_what_has_no_correlation_is_nan() -> None:
    labels = np.array([0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3])
    sizes = np.array([[1, 2, 5, 5, 5, 1, 2, np.inf, 1, 2, 3]])
    sure = np.array([[1, 2, 1, 2, 3, 1, 2, 3, 3, 2, 1]])
    found = correlations(sizes, sure, labels, 5)
    np.testing.assert_allclose(found.coefficients, [[np.nan, np.nan, np.nan, -1, np.nan, np.nan]])
    assert np.isnan(found.p_values).tolist() == [[True, True, True, False, True, True]]
    nearly = 1 + 1e-15 * np.arange(3.0)
    assert np.isnan(correlations(nearly[None], sure[:, :3], labels[:3] * 0, 1).coefficients).all()


def test_uncertain_images_have_large_gradients() -> None:
    """Fig. 8: the correlation is negative. For a linear network G(x) is proportional to 1 - confidence."""
    images, _ = samples((60, 1, 3, 3), dtype=torch.float64)
    weights = torch.randn(1, 9, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)

    def linear(inputs: torch.Tensor) -> torch.Tensor:
        return inputs.flatten(2) @ weights

    labels = linear(images[None])[0].argmax(1)
    found = gradients(linear, 1, images, labels)
    assert right(found.logits, labels).all()
    sure = found.logits.softmax(2)[:, torch.arange(len(labels)), labels]
    measured = correlations(found.magnitudes.numpy(), sure.numpy(), labels.numpy(), 2)
    assert measured.coefficients[0, -1] == pytest.approx(-1)
    assert measured.p_values[0, -1] < 0.001
