"""How many trainings were stopped at each target accuracy, and why the others were not."""

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Reached:
    """The trainings of one variant that have a target accuracy.

    Attributes:
        family, variant, target: which.
        trainings, reached: how many there are so far, and how many of them were stopped there.
        reason: why others were not: the reason of most of them; empty if all were.
    """

    family: str
    variant: str
    target: float
    trainings: int
    reached: int
    reason: str

    @property
    def missed(self) -> str:
        """Say how many trainings were not stopped there; empty if all were."""
        if self.reached == self.trainings:
            return ""
        name, left = f"{self.family}-{self.variant} at {100 * self.target:g} %", self.trainings - self.reached
        return f"{name}: {left} of {self.trainings} trainings were not stopped there ({self.reason})"


def reached(stops: pd.DataFrame) -> tuple[Reached, ...]:
    """Count stops (schema.stops) by family, variant and target, in the order of the trainings."""
    found = []
    for key, rows in stops.groupby(["family", "variant", "target"], sort=False):
        family, variant, target = np.array(key, object).tolist()
        reasons = rows.loc[~rows["reached"], "reason"].mode()
        reason = str(reasons.iloc[0]) if len(reasons) else ""
        found.append(Reached(family, variant, float(target), len(rows), int(rows["reached"].sum()), reason))
    return tuple(found)
