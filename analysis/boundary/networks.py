"""The networks of a boundary study, in the groups that are compared (Vlaar, section 3 and appendix A)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from outvoted.analysis.landscape.ballots import Ballots, ballots


@dataclass(frozen=True)
class Networks:
    """Networks that were stopped at target accuracies, and what they answered.

    Attributes:
        stops: a row for each target of each training, reached or not (schema.stops).
        votes: the answers of those that reached their target.
    """

    stops: pd.DataFrame
    votes: Ballots

    @property
    def families(self) -> tuple[str, ...]:
        """Their names, in the order of the trainings."""
        return tuple(dict.fromkeys(self.stops["family"]))

    @property
    def targets(self) -> tuple[float, ...]:
        """All target accuracies that some training has, rising."""
        return tuple(sorted(map(float, self.stops["target"].unique())))

    @cached_property
    def usable(self) -> pd.DataFrame:
        """The stops with votes, by seed."""
        there = self.stops["reached"] & self.stops["network"].isin(self.votes.names)
        return self.stops[there].sort_values("seed", kind="stable")

    def diverse(self, target: float) -> Ballots:
        """Return the group of tables 2 to 4: of every variant of every family the first seed that got there.

        That is seed 0, if its training found the target. Their names are family and variant.
        """
        rows = self.usable[self.usable["target"] == target]
        found = {}
        for kind in dict.fromkeys(zip(self.stops["family"], self.stops["variant"], strict=True)):
            same = rows[(rows["family"] == kind[0]) & (rows["variant"] == kind[1])]
            if len(same):
                found["-".join(kind)] = str(same["network"].iloc[0])
        return self._of(list(found.values()), list(found))

    def seeds(self, family: str, target: float) -> Ballots:
        """Return a family's networks that differ in their seed alone: of the variant with most seeds."""
        own = self.stops[self.stops["family"] == family]
        variant = own.groupby("variant", sort=False)["seed"].nunique().idxmax()
        rows = self.usable[(self.usable["family"] == family) & (self.usable["variant"] == variant)]
        return self._of(rows.loc[rows["target"] == target, "network"].tolist())

    def repeats(self, family: str, target: float, size: int) -> list[Ballots]:
        """Return groups of ``size`` networks that differ in their seed alone (fig. 2).

        Those that reached the target are grouped in the order of their seeds, and the rest that fills no
        group is left out; if there are fewer than ``size`` in all, they are one smaller group.
        """
        every = self.seeds(family, target)
        here = len(every.names)
        cuts = [(0, here)] if here < size else [(at, at + size) for at in range(0, here - size + 1, size)]
        return [Ballots(every.names[a:b], every.probabilities[a:b]) for a, b in cuts if b - a > 1]

    def _of(self, names: Sequence[str], called: Sequence[str] = ()) -> Ballots:
        places = {name: place for place, name in enumerate(self.votes.names)}
        taken = [places[name] for name in names]
        return Ballots(tuple(called or names), self.votes.probabilities[taken])


def networks(stops: pd.DataFrame, votes: pd.DataFrame, images: int, classes: int) -> Networks:
    """Bring stops (schema.stops) and votes (schema.study_votes) together; both may be empty."""
    none = Ballots((), np.empty((0, images, classes), np.float32))
    return Networks(stops, ballots(votes) if len(votes) else none)
