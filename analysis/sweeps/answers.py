"""What the networks of a temperature sweep answered about all test images, and the rows made of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import torch

from outvoted.analysis.sweeps.base import Unit
from outvoted.analysis.sweeps.robustness import (
    class_medians,
    class_robustness,
    correlations,
    fooled_shares,
    fractions,
    network_robustness,
)
from outvoted.analysis.sweeps.votes import votes
from outvoted.search.arrays import AnyArray, Floats, Ints


@dataclass(frozen=True)
class Answers:
    """Answers of n networks about b images.

    Attributes:
        probabilities: (n, b, classes).
        magnitudes: (n, b), G(x).
        regimes: int64 (n, 3), counts of linear, nonlinear, saturated net values.
        right_when_attacked: bool, (n, epsilons, b).
        fewest: (n, b), pixels that fool; None where the pixel attack was not tried.
    """

    probabilities: Floats
    magnitudes: Floats
    regimes: torch.Tensor
    right_when_attacked: AnyArray
    fewest: AnyArray | None

    @classmethod
    def joined(cls, parts: Sequence["Answers"]) -> "Answers":
        """Join the answers about several batches of images."""
        fewest = [part.fewest for part in parts if part.fewest is not None]
        return cls(
            np.concatenate([part.probabilities for part in parts], axis=1),
            np.concatenate([part.magnitudes for part in parts], axis=1),
            torch.stack([part.regimes for part in parts]).sum(0),
            np.concatenate([part.right_when_attacked for part in parts], axis=2),
            np.concatenate(fewest, axis=1) if fewest else None,
        )

    def rows(self, labels: Ints, classes: int, pixels: int) -> list[dict[str, object]]:
        """Return a row for each network, as the fields of the temperature experiment say."""
        by_class = class_robustness(self.right_when_attacked, labels, classes)
        whole = network_robustness(by_class)
        medians = class_medians(self.magnitudes, labels, classes)
        sure = self.probabilities[:, np.arange(len(labels)), labels]
        related = correlations(self.magnitudes, sure, labels, classes)
        regimes = fractions(self.regimes)
        right = (self.probabilities.argmax(2) == labels) & ~np.isnan(self.probabilities).any(2)
        fooled = None if self.fewest is None else fooled_shares(self.fewest, labels, classes, pixels)
        return [
            {
                "test_accuracy": float(right[i].mean()),
                **dict(zip(("linear", "nonlinear", "saturated"), regimes[i].tolist(), strict=True)),
                "robustness": whole[i].tolist(),
                "class_robustness": by_class[i].tolist(),
                "gradient_median": medians[i].tolist(),
                "correlation": related.coefficients[i].tolist(),
                "correlation_p": related.p_values[i].tolist(),
                "pixel_fooled": None if fooled is None else fooled[i].tolist(),
            }
            for i in range(len(right))
        ]

    def votes(self, units: Sequence[Unit], labels: Ints) -> tuple[pa.Table, ...]:
        """Return each network's rows of the `votes` table."""
        return tuple(
            votes(
                unit,
                "test",
                labels,
                self.probabilities[i],
                self.magnitudes[i],
                None if self.fewest is None else self.fewest[i],
            )
            for i, unit in enumerate(units)
        )
