"""What is measured of a stack of networks: regimes of hidden units, input gradients, robustness against FGSM.

A *stack* is n networks of one shape, each asked about its own inputs in one call (`Logits`). No measure
depends on which other networks are in it. Functions of one batch take and return tensors on its device,
functions over all images NumPy arrays.

Regimes of a sigmoid unit f(net) = 1 / (1 + exp(-net / T)) are linear, nonlinear, saturated (Bečková et al.,
Eq. 1, Sect. 3.1, Fig. 2). u is net / T; both bounds are for net > 0, by symmetry. For the rest see Sect. 3.2.
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

LINEAR_DELTA = 0.05
"""The paper's threshold for the distance from the tangent."""
SATURATED_DELTA = 0.0005
"""The paper's threshold for the derivative."""


def linear_bound(temperature: float, delta: float = LINEAR_DELTA) -> float:
    """Return r1 > 0, up to which (net, f(net)) is within a distance of the tangent at 0.

    The tangent is y = 1/2 + net / (4 T). A point is (u/2 - tanh(u/2)) / 2 below it, which grows with u; its
    Euclidean distance is that over sqrt(1 + 1 / (4 T)^2). Bisected down to neighbouring floats.

    Args:
        temperature: T > 0.
        delta: the distance, > 0, in the units of the plane (net, f(net)).

    Raises:
        OutvotedError: either is not a finite number above 0.
    """
    _check(temperature, delta)
    gap = delta * math.hypot(1, 1 / (4 * temperature))
    low, high = 4 * gap, 4 * gap + 2  # for tanh lies between 0 and 1
    while low < (middle := (low + high) / 2) < high:
        if (middle / 2 - math.tanh(middle / 2)) / 2 <= gap:
            low = middle
        else:
            high = middle
    return temperature * low


def saturated_bound(temperature: float, delta: float = SATURATED_DELTA) -> float:
    """Return r2 >= 0, up to which the derivative f' = f (1 - f) / T is above a threshold.

    f (1 - f) = delta T is a quadratic equation. If even f'(0) = 1 / (4 T) is not above delta, every
    pre-activation is saturated, and r2 is 0.

    Args:
        temperature: T > 0.
        delta: the threshold, > 0.

    Raises:
        OutvotedError: either is not a finite number above 0.
    """
    _check(temperature, delta)
    level = 4 * delta * temperature
    if level >= 1:
        return 0.0
    return temperature * (2 * math.log1p(math.sqrt(1 - level)) - math.log(level))


def regime_counts(nets: torch.Tensor, temperatures: Sequence[float]) -> torch.Tensor:
    """Count pre-activations by regime; counts of batches add up.

    A value is saturated if |net| >= r2, else linear if |net| <= r1, else nonlinear. The paper's L and S
    overlap where r2 <= r1 (from T = 313): saturated takes precedence, and nothing is nonlinear. NaN is not
    counted.

    Args:
        nets: the inputs of sigmoid units, shape (n, b, units).
        temperatures: n values T > 0, one for each network.

    Returns:
        int64, shape (n, 3): linear, nonlinear, saturated.

    Raises:
        OutvotedError: there are more or fewer temperatures than networks, or one is not above 0.
    """
    if len(temperatures) != len(nets):
        raise OutvotedError(
            f"one temperature for each of {len(nets)} networks",
            f"{len(temperatures)} temperatures",
            "give as many temperatures as there are networks in the stack",
        )
    size = nets.abs()
    r1 = _column([linear_bound(temperature) for temperature in temperatures], nets)
    r2 = _column([saturated_bound(temperature) for temperature in temperatures], nets)
    unsaturated = size < r2
    alive = unsaturated.sum((1, 2))
    linear = (unsaturated & (size <= r1)).sum((1, 2))
    return torch.stack([linear, alive - linear, (size >= r2).sum((1, 2))], 1)


def regime_shares(counted: torch.Tensor) -> torch.Tensor:
    """Turn counts (n, 3) into shares, float64 (n, 3), that sum to 1; NaN if all are 0."""
    return counted.double() / counted.sum(1, keepdim=True)


def _column(values: list[float], like: torch.Tensor) -> torch.Tensor:
    return torch.tensor(values, dtype=like.dtype, device=like.device).view(-1, 1, 1)


def _check(temperature: float, delta: float) -> None:
    for name, value in (("temperature", temperature), ("threshold", delta)):
        if not 0 < value < math.inf:
            raise OutvotedError(f"a {name} above 0", f"{value}", f"choose a finite {name} above 0")


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
