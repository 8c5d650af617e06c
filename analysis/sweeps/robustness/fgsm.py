"""The fast gradient sign method, and robustness against it (Bečková et al., Sect. 3.2, Figs. 5 and 6)."""

import math
from collections.abc import Sequence

import numpy as np
import torch

from outvoted.analysis.sweeps.robustness.answers import Logits, right
from outvoted.search.arrays import AnyArray, Floats, Ints
from outvoted.search.errors import OutvotedError


def attacked(images: torch.Tensor, gradients: torch.Tensor, epsilon: float) -> torch.Tensor:
    """Add the gradient's sign, times epsilon, to every pixel, and trim to 0-1.

    Args:
        images: shape (b, channels, height, width), values 0-1, shared by all networks.
        gradients: shape (n, b, channels, height, width), dL/dx, as `InputGradients.values`.
        epsilon: >= 0, in units of pixel values.

    Returns:
        The adversarial inputs of each network, shape (n, b, channels, height, width). Where a gradient is 0,
        the pixel stays.

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
    """Tell which adversarial inputs are still answered right, for several epsilons of one gradient.

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
    """Return the share of each class's adversarial inputs that are answered right.

    As in the paper, images that are wrong without an attack count too, and mostly as wrong.

    Args:
        flags: bool, shape (..., b), whether an adversarial input is answered right.
        labels: shape (b,), 0 to classes - 1.
        classes: how many classes there are.

    Returns:
        shape (..., classes), 0-1; NaN for a class without images.
    """
    members = np.eye(classes)[labels]
    sizes = members.sum(0)
    sizes[sizes == 0] = np.nan
    return np.asarray(flags.astype(np.float64) @ members / sizes)


def network_robustness(by_class: Floats) -> Floats:
    """Return the mean over the classes that have images: shape (...), of (..., classes); NaN if none has."""
    present = ~np.isnan(by_class)
    sizes = present.sum(-1).astype(np.float64)
    return np.asarray(np.where(present, by_class, 0).sum(-1) / np.where(sizes == 0, np.nan, sizes))
