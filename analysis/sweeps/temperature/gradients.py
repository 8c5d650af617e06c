"""Gradients of the loss by the input, and robustness against FGSM (Bečková et al., Sect. 3.2, Figs. 5 and 6).

All measures are taken of a *stack*: n networks of one shape, each asked about its own inputs in one call
(`Logits`). None depends on which other networks are in the stack. Functions of one batch take and return
tensors on its device; functions over all images take NumPy arrays.
"""

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import scipy
import torch
from torch.nn import functional

from outvoted.search.arrays import AnyArray, Floats, Ints
from outvoted.search.errors import OutvotedError

Logits = Callable[[torch.Tensor], torch.Tensor]
"""A stack: from inputs (n, b, channels, height, width), values 0-1, to logits (n, b, classes).

Network i answers inputs[i] only, differentiably in the inputs."""


def right(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Tell which answers are correct: the largest logit, the first of equal ones, is the label's.

    Answers with a NaN, as those of a network whose training diverged, are never correct.

    Args:
        logits: shape (..., classes).
        labels: integers that broadcast to the shape (...).

    Returns:
        bool, shape (...).
    """
    return (logits.argmax(-1) == labels) & ~logits.isnan().any(-1)


_FEWEST = 3  # two points always lie on a line


@dataclass(frozen=True)
class InputGradients:
    """One forward and one backward pass of a stack over a batch.

    Attributes:
        values: dL/dx, L the cross-entropy of that image alone, shape (n, b, channels, height, width).
        logits: the answers to the images as they are, shape (n, b, classes).
    """

    values: torch.Tensor
    logits: torch.Tensor

    @property
    def magnitudes(self) -> torch.Tensor:
        """G(x) >= 0, shape (n, b): the mean of |dL/dx| over all pixels and channels."""
        return self.values.abs().flatten(2).mean(2)


def gradients(logits: Logits, networks: int, images: torch.Tensor, labels: torch.Tensor) -> InputGradients:
    """Return the gradients of a stack's losses by its inputs; parameters' gradients are left alone.

    Args:
        logits: the stack.
        networks: n, the number of networks in it.
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
    """Correlate G(x) with the confidence in the correct class.

    Both are NaN for fewer than three images, and for values that are (nearly) constant or not all finite.

    Args:
        magnitudes: G(x), shape (n, b).
        confidence: the softmax output of the correct class, shape (n, b).
        labels: shape (b,), 0 to classes - 1.
        classes: the number of classes.
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
        warnings.simplefilter("error", scipy.stats.DegenerateDataWarning)
        try:
            found = scipy.stats.pearsonr(first.astype(np.float64), second.astype(np.float64))
        except scipy.stats.DegenerateDataWarning:
            return np.nan, np.nan
    return float(found.statistic), float(found.pvalue)


def attacked(images: torch.Tensor, gradients: torch.Tensor, epsilon: float) -> torch.Tensor:
    """Add epsilon times the gradient's sign to every pixel, and clip to 0-1.

    Args:
        images: shape (b, channels, height, width), values 0-1, shared by all networks.
        gradients: shape (n, b, channels, height, width), dL/dx, as `InputGradients.values`.
        epsilon: >= 0, in units of pixel values.

    Returns:
        Each network's adversarial inputs, shape (n, b, channels, height, width); a pixel whose gradient is 0
        stays as it is.

    Raises:
        OutvotedError: epsilon is negative or not finite.
    """
    if not 0 <= epsilon < math.inf:
        raise OutvotedError(
            "an epsilon of 0 or more", f"{epsilon}", "choose a finite epsilon, for example 0.1"
        )
    return (images + epsilon * gradients.sign()).clamp_(0, 1)


def right_when_attacked(
    logits: Logits,
    images: torch.Tensor,
    labels: torch.Tensor,
    gradients: torch.Tensor,
    epsilons: Sequence[float],
) -> torch.Tensor:
    """Tell which adversarial inputs are still classified correctly, for several epsilons and one gradient.

    Args:
        logits: the stack.
        images: shape (b, channels, height, width), values 0-1.
        labels: int64, shape (b,).
        gradients: shape (n, b, channels, height, width), dL/dx, as `InputGradients.values`.
        epsilons: e values >= 0.

    Returns:
        bool, shape (n, e, b).

    Raises:
        OutvotedError: an epsilon is negative or not finite.
    """
    flags = gradients.new_empty((len(gradients), len(epsilons), len(images)), dtype=torch.bool)
    with torch.no_grad():
        for index, epsilon in enumerate(epsilons):
            flags[:, index] = right(logits(attacked(images, gradients, epsilon)), labels)
    return flags


def class_robustness(flags: AnyArray, labels: Ints, classes: int) -> Floats:
    """Return the share of each class's adversarial inputs that are classified correctly.

    As in the paper, images misclassified without an attack count too, mostly as misclassified.

    Args:
        flags: whether an adversarial input is classified correctly, bool, shape (..., b).
        labels: shape (b,), 0 to classes - 1.
        classes: the number of classes.

    Returns:
        shape (..., classes), 0-1; NaN for a class without images.
    """
    members = np.eye(classes)[labels]
    sizes = members.sum(0)
    sizes[sizes == 0] = np.nan
    return np.asarray(flags.astype(np.float64) @ members / sizes)
