"""The networks of a boundary study: those stopped at target accuracies, and the panel of mining."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from outvoted.analysis.report.numbers import Proportion, proportion
from outvoted.analysis.studies.boundary.groups import People
from outvoted.analysis.studies.opened import Ballots, ballots
from outvoted.search.arrays import Bools, Ints
from outvoted.search.consensus import Dissent, lone_dissent


@dataclass(frozen=True)
class StoppedNetworks:
    """Networks that were stopped at target accuracies, and their votes.

    Attributes:
        stops: a row for each target of each training, reached or not (schema.STOPS).
        votes: those of the networks that reached their target.
    """

    stops: pd.DataFrame
    votes: Ballots

    @property
    def families(self) -> tuple[str, ...]:
        """Their names, in the order of the trainings."""
        return tuple(dict.fromkeys(self.stops["family"]))

    @property
    def targets(self) -> tuple[float, ...]:
        """All target accuracies, ascending."""
        return tuple(sorted(map(float, self.stops["target"].unique())))

    @cached_property
    def usable(self) -> pd.DataFrame:
        """The stops with votes, by seed."""
        there = self.stops["reached"] & self.stops["network"].isin(self.votes.names)
        return self.stops[there].sort_values("seed", kind="stable")

    def diverse(self, target: float) -> Ballots:
        """Return the group of tables 2 to 4: from each variant of each family the first seed that got there.

        That is seed 0 if its training hit the target. The group's names are family and variant.
        """
        rows, order = self.usable[self.usable["target"] == target], self.stops[["family", "variant"]]
        firsts = rows.groupby(["family", "variant"])["network"].first()
        found = {key: firsts[key] for key in map(tuple, order.drop_duplicates().to_numpy()) if key in firsts}
        return self._of(list(found.values()), ["-".join(key) for key in found])

    def seeds(self, family: str, target: float) -> Ballots:
        """Return a family's networks that differ only in their seed: those of the variant with most seeds."""
        own = self.stops[self.stops["family"] == family]
        variant = own.groupby("variant", sort=False)["seed"].nunique().idxmax()
        rows = self.usable[(self.usable["family"] == family) & (self.usable["variant"] == variant)]
        return self._of(rows.loc[rows["target"] == target, "network"].tolist())

    def repeats(self, family: str, target: float, size: int) -> list[Ballots]:
        """Return groups of ``size`` networks that differ only in their seed (fig. 2).

        Those that reached the target are grouped in the order of their seeds; an incomplete last group is
        left out. If there are fewer than ``size`` in all, they form one smaller group.
        """
        every = self.seeds(family, target)
        here = len(every.names)
        cuts = [(0, here)] if here < size else [(at, at + size) for at in range(0, here - size + 1, size)]
        return [Ballots(every.names[a:b], every.probabilities[a:b]) for a, b in cuts if b - a > 1]

    def _of(self, names: Sequence[str], called: Sequence[str] = ()) -> Ballots:
        taken = [self.votes.names.index(name) for name in names]
        return Ballots(tuple(called or names), self.votes.probabilities[taken])


def networks(stops: pd.DataFrame, votes: pd.DataFrame, images: int, classes: int) -> StoppedNetworks:
    """Bring stops (schema.STOPS) and votes (schema.STUDY_VOTES) together; both may be empty."""
    none = Ballots((), np.empty((0, images, classes), np.float32))
    return StoppedNetworks(stops, ballots(votes) if len(votes) else none)


@dataclass(frozen=True)
class Reached:
    """The trainings of one variant that have a certain target accuracy.

    Attributes:
        family, variant, target: which.
        trainings, reached: how many there are so far, and how many of them were stopped there.
        reason: the most frequent reason why others were not; empty if all were.
    """

    family: str
    variant: str
    target: float
    trainings: int
    reached: int
    reason: str

    @property
    def missed(self) -> str:
        """How many trainings were not stopped there, in words; empty if all were."""
        if self.reached == self.trainings:
            return ""
        name, left = f"{self.family}-{self.variant} at {100 * self.target:g} %", self.trainings - self.reached
        return f"{name}: {left} of {self.trainings} trainings were not stopped there ({self.reason})"


def reached(stops: pd.DataFrame) -> tuple[Reached, ...]:
    """Count stops (schema.STOPS) by family, variant and target, in the order of the trainings."""
    found = []
    for key, rows in stops.groupby(["family", "variant", "target"], sort=False):
        family, variant, target = np.array(key, object).tolist()
        reasons = rows.loc[~rows["reached"], "reason"].mode()
        reason = str(reasons.iloc[0]) if len(reasons) else ""
        found.append(Reached(family, variant, float(target), len(rows), int(rows["reached"].sum()), reason))
    return tuple(found)


_FEWEST = 3  # where two peers differ, neither is the dissenter


@dataclass(frozen=True)
class PanelRow:
    """How a panel votes on some of the images.

    Attributes:
        name: which images.
        images: how many.
        consensus: on which all peers agree.
        dissent: on which exactly one peer differs and all others agree: what mining looks for.
        disputed: the rest.
    """

    name: str
    images: int
    consensus: Proportion
    dissent: Proportion
    disputed: Proportion


@dataclass(frozen=True)
class Dissenter:
    """One peer's dissents, and with whom people side where they agree.

    Attributes:
        peer: its name.
        dissents: the number of images on which it alone differs.
        judged: on how many of them people agree on a label; None without labels.
        with_peers, with_it, with_neither: whose label that is.
    """

    peer: str
    dissents: int
    judged: int | None = None
    with_peers: int | None = None
    with_it: int | None = None
    with_neither: int | None = None


@dataclass(frozen=True)
class PanelFindings:
    """A panel's votes by kind of image, and each peer's dissents."""

    peers: tuple[str, ...]
    rows: tuple[PanelRow, ...]
    dissenters: tuple[Dissenter, ...]


def panel_findings(votes: Ballots, people: People | None, kinds: Mapping[str, Bools]) -> PanelFindings:
    """Summarise a panel's votes on all images, and on each of the ``kinds``, shape (images,)."""
    found = _dissent(votes.predicted)
    every = {"all images": np.ones(len(found.target), bool), **kinds}
    rows = tuple(_row(name, found.unanimous[taken], found.alone[taken]) for name, taken in every.items())
    dissenters = tuple(
        _dissenter(name, found.target == peer, votes.predicted[peer], found.label, people)
        for peer, name in enumerate(votes.names)
    )
    return PanelFindings(votes.names, rows, dissenters)


def _dissent(predicted: Ints) -> Dissent:
    if len(predicted) >= _FEWEST:
        return lone_dissent(predicted)
    agreed = (predicted == predicted[0]).all(0)
    return Dissent(np.full(len(agreed), -1), np.where(agreed, predicted[0], -1))


def _row(name: str, agreed: Bools, alone: Bools) -> PanelRow:
    counts = (agreed, alone, ~(agreed | alone))
    return PanelRow(name, len(agreed), *(proportion(int(one.sum()), len(agreed)) for one in counts))


def _dissenter(name: str, alone: Bools, own: Ints, consensus: Ints, people: People | None) -> Dissenter:
    if people is None:
        return Dissenter(name, int(alone.sum()))
    judged = alone & people.together.agree
    said = people.together.label
    with_peers, with_it = (int((judged & (said == answer)).sum()) for answer in (consensus, own))
    neither = int(judged.sum()) - with_it - with_peers
    return Dissenter(name, int(alone.sum()), int(judged.sum()), with_peers, with_it, neither)
