"""Measuring what a boundary study has recorded."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from outvoted.actors.labelling.labels import Labels
from outvoted.analysis.studies.boundary.agreement import Kappas, error_consistency, kappa_means, label_kappas
from outvoted.analysis.studies.boundary.entropies import Entropies, spearman
from outvoted.analysis.studies.boundary.findings import BoundaryFindings, Ways
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
    Networks,
    PanelFindings,
    networks,
    panel_findings,
    reached,
)
from outvoted.analysis.studies.landscape.ballots import Ballots, ballots
from outvoted.search.arrays import Bools

SEEDS = 10
"""Networks in a group of fig. 2, where nothing else is said of their family."""


def analyse(
    images: pd.DataFrame,
    votes: pd.DataFrame,
    stops: pd.DataFrame,
    class_names: Sequence[str],
    labels: Labels | None = None,
    panel_votes: pd.DataFrame | None = None,
    seeds_per_repeat: Mapping[str, int] | None = None,
) -> BoundaryFindings:
    """Measure everything that there is something to measure of; what is missing is said.

    Args:
        images: how each image was made (boundary images' columns), in the order of their ids.
        votes: what the trained networks answered (schema.study_votes); may be empty.
        stops: their stops at target accuracies (schema.stops); may be empty.
        class_names: of all classes.
        labels: what people answered, or simulated labellers; those who have labelled all images count.
        panel_votes: what the panel of mining answered (schema.study_votes).
        seeds_per_repeat: how many networks that differ in their seed are a group, by family; 10 if not given.
    """
    ways, found = _ways(images, class_names), networks(stops, votes, len(images), len(class_names))
    who = people(labels, len(class_names))
    groups = {target: found.diverse(target) for target in found.targets}
    groups = {target: group for target, group in groups.items() if len(group.names) > 1}
    tables = [diverse(target, group, who) for target, group in groups.items()]
    focus = max(groups, key=lambda target: (len(groups[target].names), target), default=None)
    kappas = {target: _kappas(group, who) for target, group in groups.items()}
    return BoundaryFindings(
        ways=ways,
        people=who,
        reached=reached(stops),
        diverse=tables,
        seeds=list(_seeds(found, who, seeds_per_repeat or {})),
        focus=focus,
        kappas=None if focus is None else kappas[focus],
        kappa_means=[line for target, one in kappas.items() for line in kappa_means(one, target)],
        entropies=[] if who is None else list(_entropies(found, who, ways)),
        panel=_panel(panel_votes, who, next((one for one in tables if one.target == focus), None)),
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


def _seeds(found: Networks, who: People | None, sizes: Mapping[str, int]) -> Iterator[OverSeeds]:
    for family in found.families:
        for target in found.targets:
            repeats = found.repeats(family, target, sizes.get(family, SEEDS))
            if repeats:
                yield over_seeds(family, target, repeats, who)


def _kappas(group: Ballots, who: People | None) -> Kappas:
    classes = group.probabilities.shape[2]
    if who is None:
        return Kappas(group.names, 0, label_kappas(group.predicted), None)
    answers = np.concatenate([who.answers, group.predicted])
    errors = error_consistency(answers, len(who.names), classes)
    return Kappas((*who.names, *group.names), len(who.names), label_kappas(answers), errors)


def _entropies(found: Networks, who: People, ways: Ways) -> Iterator[Entropies]:
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
    found: Networks, labels: Labels | None, who: People | None, panel: pd.DataFrame | None
) -> Iterator[str]:
    if who is None:
        yield "no labels of all images yet: whatever rests on labels is left out; `outvoted label` takes them"
    elif len(who.names) == 1:
        yield "a single labeller agrees with itself on every image: there is no type C"
    if labels is not None and (left := len(labels) - len(labels.complete())):
        yield f"{left} of {len(labels)} labellers have not labelled every image, and are left out"
    if not len(found.usable):
        yield "no network was stopped at a target accuracy yet: only the panel's votes are shown"
    if panel is None or not len(panel):
        yield "no votes of a panel"
