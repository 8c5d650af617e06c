"""What an epoch of training gave, as a recorder hears it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class EpochRecord:
    """Mean training loss, and the share of test images classified correctly, after an epoch (counted from 1).

    A network that was loaded, not trained, has one record: epoch 0, without a loss. Without test images
    there is no accuracy.
    """

    epoch: int
    loss: float | None
    test_accuracy: float | None
