"""Accuracy, confidence, spuriousness: a worked example, against plain loops, and empty means."""

from math import isnan, log, nan

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from outvoted.analysis.sweeps.noise_class.experiment import METRICS, Metrics, metrics
from outvoted.search.errors import OutvotedError


def logits(*networks: list[list[float]]) -> torch.Tensor:
    """Outputs whose softmax these probabilities are."""
    return torch.tensor([[[log(p) for p in image] for image in network] for network in networks])


def figures(found: Metrics, network: int = 0) -> list[float]:
    arrays = [getattr(found, name) for name in METRICS]
    assert all(array.dtype == np.float64 for array in arrays)
    return [float(array[network]) for array in arrays]


def test_a_worked_example_with_noise() -> None:
    labels = torch.tensor([0, 1, 0, 1, 0])
    first = [
        [0.7, 0.2, 0.1],  # right
        [0.05, 0.9, 0.05],  # right
        [0.3, 0.6, 0.1],  # wrong
        [0.1, 0.4, 0.5],  # as noise: wrong
        [0.25, 0.5, 0.25],  # wrong
    ]
    second = [[0.1, 0.1, 0.8] for _ in labels]
    found = metrics(logits(first, second), labels, 2)
    assert figures(found) == pytest.approx(
        [0.4, (0.7 + 0.9) / 2, (0.6 + 0.5 + 0.5) / 3, (0.3 + 0.4 + 0.25) / 3, 2000]
    )
    assert figures(found, 1) == pytest.approx([0, nan, 0.8, 0.1, 10_000], nan_ok=True)


def test_without_a_noise_class_nothing_is_noise() -> None:
    found = metrics(logits([[0.8, 0.2], [0.4, 0.6]]), torch.tensor([0, 1]), 2)
    assert figures(found) == pytest.approx([1, 0.7, nan, nan, nan], nan_ok=True)


def test_outputs_that_are_not_numbers_are_wrong() -> None:
    outputs = torch.tensor([[[nan, nan, nan], [9.0, 0.0, 0.0]], [[0.0, nan, 0.0], [0.0, 0.0, nan]]])
    found = metrics(outputs, torch.tensor([0, 0]), 2)
    assert found.test_accuracy.tolist() == [0.5, 0]
    assert found.noise.tolist() == [0, 0]
    assert found.correct_confidence[0] > 0.99
    assert isnan(found.wrong_confidence[0])
    assert isnan(found.wrong_confidence[1])


images = st.integers(1, 12)


@given(images, st.integers(2, 4), st.booleans(), st.integers(0, 2**31))
def test_figures_are_those_of_plain_loops(number: int, classes: int, noise: bool, seed: int) -> None:
    rng = np.random.default_rng(seed)
    outputs = torch.from_numpy(rng.normal(0, 2, (3, number, classes + noise)))
    labels = torch.from_numpy(rng.integers(0, classes, number))
    found = metrics(outputs, labels, classes)
    for network in range(3):
        sure, spurious, truth, as_noise = [], [], [], 0
        for image in range(number):
            powers = outputs[network, image].exp()
            chances = (powers / powers.sum()).tolist()
            answer, label = chances.index(max(chances)), int(labels[image])
            as_noise += answer == classes
            if answer == label:
                sure.append(chances[answer])
            else:
                spurious.append(chances[answer])
                truth.append(chances[label])
        expected = [
            len(sure) / number,
            *(sum(some) / len(some) if some else nan for some in (sure, spurious, truth)),
            10_000 * as_noise / number if noise else nan,
        ]
        assert figures(found, network) == pytest.approx(expected, nan_ok=True)


def test_single_precision_is_enough_to_give_sure_answers() -> None:
    found = metrics(torch.tensor([[[200.0, 0.0], [-200.0, 0.0]]]), torch.tensor([0, 0]), 2)
    assert figures(found) == pytest.approx([0.5, 1, 1, 0, nan], nan_ok=True)


@pytest.mark.parametrize("shape", [(2, 4), (1, 4, 2), (1, 3, 1), (1, 3, 4), (1, 3, 2, 1)])
def test_outputs_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(OutvotedError, match=r"\(networks, 3, 2\), or 3 with a noise class"):
        metrics(torch.zeros(shape), torch.tensor([0, 1, 0]), 2)


def test_no_test_image_is_refused() -> None:
    with pytest.raises(OutvotedError, match="no test image"):
        metrics(torch.zeros((1, 0, 2)), torch.zeros(0, dtype=torch.long), 2)
