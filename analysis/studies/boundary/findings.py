"""Everything a boundary study measures, as plain values."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np
import pandas as pd

from outvoted.actors.labelling.label_store import Labels
from outvoted.analysis.studies.boundary.agreement import (
    Entropies,
    KappaMeans,
    Kappas,
    error_consistency,
    kappa_means,
    label_kappas,
    spearman,
)
from outvoted.analysis.studies.boundary.groups import (
    Diverse,
    OverSeeds,
    People,
    Type,
    diverse,
    over_seeds,
    people,
    together_of,
)
from outvoted.analysis.studies.boundary.networks import (
    PanelFindings,
    Reached,
    StoppedNetworks,
    networks,
    panel_findings,
    reached,
)
from outvoted.analysis.studies.opened import Ballots, ballots
from outvoted.search.arrays import Bools, Floats, Ints


@dataclass(frozen=True)
class Ways:
    """The images, pair by pair.

    Attributes:
        images: the image at each step, shape (pairs, steps).
        ends: the two classes of each pair.
        alphas: the share of the second class at each step, 0 to 1, shape (steps,).
        class_names: of all classes.
    """

    images: Ints
    ends: tuple[tuple[int, int], ...]
    alphas: Floats
    class_names: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """Each pair, by the names of its classes."""
        return [f"{self.class_names[first]} → {self.class_names[second]}" for first, second in self.ends]

    def place(self, image: int) -> str:
        """Return the pair and the alpha of an image, in words."""
        pair, step = np.argwhere(self.images == image)[0]
        return f"{self.names[pair]}, α = {self.alphas[step]:g}"


@dataclass(frozen=True)
class BoundaryFindings:
    """What networks and labellers make of the images between classes.

    Attributes:
        ways: the images.
        people: the labellers; None if nobody has labelled every image.
        reached: how many trainings were stopped at each target.
        diverse: tables 2 to 4, for each target that at least two models reached.
        seeds: figs. 2 and 4 and table 5, by family and target.
        focus: the target that most models reached, on a tie the highest; None without networks.
        kappas: agreement beyond chance between labellers and the diverse group at ``focus``.
        kappa_means: the same at every target, averaged.
        entropies: by family and target; only with labels.
        panel: the votes of the panel of mining.
        missing: what could not be shown, and why.
    """

    ways: Ways
    people: People | None
    reached: Sequence[Reached]
    diverse: Sequence[Diverse]
    seeds: Sequence[OverSeeds]
    focus: float | None
    kappas: Kappas | None
    kappa_means: Sequence[KappaMeans]
    entropies: Sequence[Entropies]
    panel: PanelFindings | None
    missing: Sequence[str]

    @property
    def simulated(self) -> bool:
        """Whether the labellers are simulated."""
        return self.people is not None and self.people.simulated

    @property
    def families(self) -> tuple[str, ...]:
        """The families that ``seeds`` has."""
        return tuple(dict.fromkeys(one.family for one in self.seeds))

    def to_json(self) -> dict[str, Any]:
        """Return plain values: arrays as lists, NaN as None."""
        return {"simulated": self.simulated, **_plain(self)}


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and np.isnan(value) else value


SEEDS = 10
"""Networks in a group of fig. 2, unless the family says otherwise."""


def analyse(
    images: pd.DataFrame,
    votes: pd.DataFrame,
    stops: pd.DataFrame,
    class_names: Sequence[str],
    labels: Labels | None = None,
    panel_votes: pd.DataFrame | None = None,
    seeds_per_repeat: Mapping[str, int] | None = None,
) -> BoundaryFindings:
    """Measure whatever the data allow; ``missing`` says what they don't.

    Args:
        images: how each image was made (STUDY_IMAGES with FIELDS), by image id.
        votes: those of the trained networks (schema.STUDY_VOTES); may be empty.
        stops: their stops at target accuracies (schema.STOPS); may be empty.
        class_names: of all classes.
        labels: by people or simulated labellers; only those who have labelled all images count.
        panel_votes: those of the panel of mining (schema.STUDY_VOTES).
        seeds_per_repeat: by family, how many networks form a group; 10 by default.
    """
    ways, found = _ways(images, class_names), networks(stops, votes, len(images), len(class_names))
    who = people(labels, len(class_names))
    groups = {target: found.diverse(target) for target in found.targets}
    groups = {target: group for target, group in groups.items() if len(group.names) > 1}
    tables = {target: diverse(target, group, who) for target, group in groups.items()}
    focus = max(groups, key=lambda target: (len(groups[target].names), target), default=None)
    kappas = {target: _kappas(group, who) for target, group in groups.items()}
    return BoundaryFindings(
        ways=ways,
        people=who,
        reached=reached(stops),
        diverse=list(tables.values()),
        seeds=list(_seeds(found, who, seeds_per_repeat or {})),
        focus=focus,
        kappas=None if focus is None else kappas[focus],
        kappa_means=[line for target, one in kappas.items() for line in kappa_means(one, target)],
        entropies=[] if who is None else list(_entropies(found, who, ways)),
        panel=_panel(panel_votes, who, None if focus is None else tables[focus]),
        missing=list(_missing(found, labels, who, panel_votes)),
    )


def _ways(images: pd.DataFrame, class_names: Sequence[str]) -> Ways:
    """Lay the images out by pair and step."""
    numbered = images.reset_index(drop=True)
    table = numbered.assign(place=numbered.index).pivot_table("place", "pair", "step")
    ends = numbered.groupby("pair")[["first", "second"]].first()
    alphas = numbered.groupby("step")["alpha"].first().to_numpy(np.float64)
    both = tuple((int(first), int(second)) for first, second in ends.to_numpy())
    return Ways(table.to_numpy().astype(np.int64), both, alphas, tuple(class_names))


def _seeds(found: StoppedNetworks, who: People | None, sizes: Mapping[str, int]) -> Iterator[OverSeeds]:
    for family in found.families:
        for target in found.targets:
            repeats = found.repeats(family, target, sizes.get(family, SEEDS))
            if repeats:
                yield over_seeds(family, target, repeats, who)


def _kappas(group: Ballots, who: People | None) -> Kappas:
    if who is None:
        return Kappas(group.names, 0, label_kappas(group.predicted), None)
    answers = np.concatenate([who.answers, group.predicted])
    errors = error_consistency(answers, len(who.names), group.probabilities.shape[2])
    return Kappas((*who.names, *group.names), len(who.names), label_kappas(answers), errors)


def _entropies(found: StoppedNetworks, who: People, ways: Ways) -> Iterator[Entropies]:
    for family in found.families:
        for target in found.targets:
            group = found.seeds(family, target)
            if len(group.names) > 1:
                votes = together_of(group).entropy
                rho = spearman(who.together.entropy, votes, ways.images)
                yield Entropies(family, target, len(group.names), votes, rho)


def _panel(votes: pd.DataFrame | None, who: People | None, group: Diverse | None) -> PanelFindings | None:
    if votes is None or not len(votes):
        return None
    kinds: dict[str, Bools] = {}
    if who is not None:
        kinds |= {"labellers agree": who.together.agree, "labellers disagree": ~who.together.agree}
    if group is not None and group.types is not None:
        kinds |= {kind.called: np.asarray(group.types == kind.value) for kind in Type}
    return panel_findings(ballots(votes), who, kinds)


def _missing(
    found: StoppedNetworks, labels: Labels | None, who: People | None, panel: pd.DataFrame | None
) -> Iterator[str]:
    if who is None:
        yield "no labels of all images yet, so nothing that needs labels; `outvoted label` collects them"
    elif len(who.names) == 1:
        yield "a single labeller always agrees with itself, so no image is of type C"
    if labels is not None and (left := len(labels) - len(labels.complete())):
        yield f"{left} of {len(labels)} labellers have not labelled every image, and are left out"
    if not len(found.usable):
        yield "no network was stopped at a target accuracy yet, so only the panel's votes"
    if panel is None or not len(panel):
        yield "no votes of a panel"
