"""How right classifiers are and how sure they are of it (Fan & Yezzi, Tables 1 and 3)."""

from dataclasses import dataclass

import numpy as np
import torch

from outvoted.search.arrays import Bools, Floats
from outvoted.search.errors import OutvotedError

_PER = 10_000


@dataclass(frozen=True)
class Metrics:
    """Figures of n networks on the same test images, each of shape (n,).

    A figure that is a mean over no image, or over images without an answer, is not a number (NaN).

    Attributes:
        accuracy: share of images classified correctly, the paper's A.
        confidence: mean probability of the predicted class over correctly classified images, P_c.
        spuriousness: the same over misclassified images, P_s.
        ground_truth: mean probability of the true class over misclassified images, P_g.
        noise: images classified as noise for each 10,000, N; NaN without a noise class.
    """

    accuracy: Floats
    confidence: Floats
    spuriousness: Floats
    ground_truth: Floats
    noise: Floats


def metrics(logits: torch.Tensor, labels: torch.Tensor, classes: int) -> Metrics:
    """Measure networks by their outputs, before softmax, for test images.

    An image classified as noise is misclassified. So is one whose outputs are not numbers.

    Args:
        logits: shape (n, images, classes), or (n, images, classes + 1) with a noise class, the last.
        labels: shape (images,), 0 to classes - 1.
        classes: number of classes without noise.

    Raises:
        OutvotedError: the outputs are of another shape.
    """
    _check(logits, labels, classes)
    probabilities = torch.softmax(logits.detach().double(), dim=2).cpu().numpy()
    truth = labels.cpu().numpy()
    predicted = probabilities.argmax(axis=2)
    answered = ~np.isnan(probabilities).any(axis=2)
    right = (predicted == truth) & answered
    highest = probabilities.max(axis=2)
    of_truth = np.take_along_axis(probabilities, truth[None, :, None], axis=2)[:, :, 0]
    noise = ((predicted == classes) & answered).mean(axis=1) * _PER
    return Metrics(
        accuracy=right.mean(axis=1),
        confidence=_mean(highest, right),
        spuriousness=_mean(highest, ~right),
        ground_truth=_mean(of_truth, ~right),
        noise=noise if logits.shape[2] > classes else np.full(len(logits), np.nan),
    )


def _mean(values: Floats, among: Bools) -> Floats:
    """Return the mean of each row's values where ``among`` is true; NaN where it never is."""
    number = among.sum(axis=1)
    empty = np.full(len(values), np.nan)
    return np.asarray(np.divide(np.where(among, values, 0).sum(axis=1), number, out=empty, where=number > 0))


def _check(logits: torch.Tensor, labels: torch.Tensor, classes: int) -> None:
    images = len(labels)
    if images and logits.ndim == 3 and logits.shape[1] == images and logits.shape[2] - classes in (0, 1):
        return
    raise OutvotedError(
        expected=f"outputs of shape (networks, {images}, {classes}), or {classes + 1} with a noise class",
        found=f"shape {tuple(logits.shape)}" if images else "no test image",
        remedy="give one row of outputs for each network and test image",
    )
