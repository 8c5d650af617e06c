"""What a stack of networks answers, and which answers are right."""

from collections.abc import Callable

import torch

Logits = Callable[[torch.Tensor], torch.Tensor]
"""A stack: inputs of shape (n, b, channels, height, width), values 0-1, to logits (n, b, classes).

Network i answers inputs[i] alone, differentiably in the inputs."""


def right(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Tell which answers are right: the largest logit, the first of equals, is the label's.

    An answer that holds a NaN, as those of a network whose training diverged, is never right.

    Args:
        logits: shape (..., classes).
        labels: integers that broadcast to the shape (...).

    Returns:
        bool, shape (...).
    """
    return (logits.argmax(-1) == labels) & ~logits.isnan().any(-1)


def confidences(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Return the softmax output of the right class, 0-1: (n, b), of logits (n, b, classes), labels (b,)."""
    column = labels.expand(logits.shape[:-1]).unsqueeze(-1)
    return logits.softmax(-1).gather(-1, column).squeeze(-1)
