"""The loss's gradient with respect to the input, and what its size says (Bečková et al., Sect. 3.2)."""

import warnings
from dataclasses import dataclass

import numpy as np
import torch
from scipy import stats
from torch.nn import functional

from outvoted.analysis.sweeps.robustness.answers import Logits
from outvoted.search.arrays import AnyArray, Floats, Ints

_FEWEST = 3  # two points always lie on a line


@dataclass(frozen=True)
class InputGradients:
    """One forward and one backward pass of a stack over a batch.

    Attributes:
        values: shape (n, b, channels, height, width), dL/dx, with L the cross-entropy of that image alone.
        logits: shape (n, b, classes), the answers for the images as they are.
    """

    values: torch.Tensor
    logits: torch.Tensor

    @property
    def magnitudes(self) -> torch.Tensor:
        """G(x) >= 0, shape (n, b): the mean of |dL/dx| over all pixels and channels."""
        return self.values.abs().flatten(2).mean(2)


def gradients(logits: Logits, networks: int, images: torch.Tensor, labels: torch.Tensor) -> InputGradients:
    """Take the gradients of a stack's losses with respect to its inputs.

    No parameter's gradient is touched.

    Args:
        logits: the stack.
        networks: n, how many networks it holds.
        images: shape (b, channels, height, width), values 0-1, shared by all networks.
        labels: int64, shape (b,).
    """
    with torch.enable_grad():
        inputs = images.detach().expand(networks, *images.shape).clone().requires_grad_()
        answers = logits(inputs)
        loss = functional.cross_entropy(
            answers.flatten(0, 1), labels.expand(networks, -1).reshape(-1), reduction="sum"
        )
    (values,) = torch.autograd.grad(loss, inputs)
    return InputGradients(values, answers.detach())


def class_medians(magnitudes: AnyArray, labels: Ints, classes: int) -> Floats:
    """Return each class's median of G(x): (n, classes), of G(x) (n, b); NaN for a class without images."""
    medians = np.full((len(magnitudes), classes), np.nan)
    for label in np.unique(labels):
        medians[:, label] = np.median(magnitudes[:, labels == label], axis=1)
    return medians


@dataclass(frozen=True)
class Correlations:
    """Pearson correlations; shape (n, classes + 1): one for each class, the last over all images.

    Attributes:
        coefficients: -1 to 1.
        p_values: 0 to 1, two-sided, against no correlation.
    """

    coefficients: Floats
    p_values: Floats


def correlations(magnitudes: AnyArray, confidence: AnyArray, labels: Ints, classes: int) -> Correlations:
    """Correlate G(x) with the confidence in the right class.

    Both are NaN for fewer than three images, for values that are (all but) constant or not all finite.

    Args:
        magnitudes: shape (n, b), G(x).
        confidence: shape (n, b), the softmax output of the right class.
        labels: shape (b,), 0 to classes - 1.
        classes: how many classes there are.
    """
    groups = [labels == label for label in range(classes)] + [np.full(len(labels), True)]
    found = [
        [_pearson(sizes[group], sure[group]) for group in groups]
        for sizes, sure in zip(magnitudes, confidence, strict=True)
    ]
    table = np.array(found, dtype=np.float64).reshape(len(magnitudes), classes + 1, 2)
    return Correlations(table[..., 0], table[..., 1])


def _pearson(first: AnyArray, second: AnyArray) -> tuple[float, float]:
    if len(first) < _FEWEST or not (np.isfinite(first).all() and np.isfinite(second).all()):
        return np.nan, np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("error", stats.DegenerateDataWarning)
        try:
            found = stats.pearsonr(first.astype(np.float64), second.astype(np.float64))
        except stats.DegenerateDataWarning:
            return np.nan, np.nan
    return float(found.statistic), float(found.pvalue)
