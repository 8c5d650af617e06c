"""Whether a network's answers are logits, not probabilities."""

import torch

from outvoted.actors.panel.door.sample import Sample
from outvoted.search.arrays import Ints
from outvoted.search.errors import OutvotedError

_ROUNDING = 1e-4


def check_logits(logits: torch.Tensor, sample: Sample, rows: Ints) -> None:
    """Refuse probabilities: a softmax of them would call every answer unsure.

    The outputs of a softmax are told by their sums, whatever they say. Numbers from 0 to 1 that don't add up
    to 1 may be logits that happen to lie there; they are taken for a sigmoid's only where the network is
    right on most images: one that learned logits to be right would not keep them so close together.

    Args:
        logits: what was answered for ``rows`` of the sample, (n, classes).

    Raises:
        OutvotedError: they are probabilities.
    """
    finite = torch.isfinite(logits).all(1)
    answers, labels = logits[finite], torch.from_numpy(sample.labels[rows])[finite]
    within = bool((answers >= 0).all() and (answers <= 1).all())
    if not within or not len(answers):
        return
    sums = answers.sum(1)
    varied = bool((answers != answers[0]).any())
    if varied and bool((sums - 1).abs().max() < _ROUNDING):
        raise _probabilities(
            "probabilities: numbers from 0 to 1 that sum to 1 for every image",
            "leave out the softmax at its end, or return torch.log of it",
        )
    known = labels >= 0
    right = (answers.argmax(1) == labels)[known].double()
    if len(right) > 1 and float(right.mean()) > (1 + 1 / sample.classes) / 2:
        raise _probabilities(
            f"numbers from 0 to 1 for every class and image (the largest {float(answers.max()):.3g}), as a "
            "sigmoid gives them",
            "leave out the sigmoid at its end, or return torch.logit of it",
        )


def _probabilities(found: str, remedy: str) -> OutvotedError:
    return OutvotedError(expected="logits: outputs before any softmax or sigmoid", found=found, remedy=remedy)
