"""Roughness over groups: by network, by architecture, by classes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from outvoted.analysis.claims import Interval, interval
from outvoted.analysis.landscape.ballots import MEAN
from outvoted.analysis.landscape.roughness import MEASURES, Measure


@dataclass(frozen=True)
class Line:
    """Roughness of one network, architecture, or passage between classes.

    Attributes:
        name: whose.
        groups: over how many groups the intervals are taken.
        measures: mean over groups and its 95 % interval.
    """

    name: str
    groups: int
    measures: Mapping[Measure, Interval]


def by_network(rough: pd.DataFrame) -> list[Line]:
    """Summarise each network, and the panel's mean last."""
    names = list(dict.fromkeys(rough["network"]))
    return [_line(name, rough[rough["network"] == name]) for name in names]


def by_architecture(rough: pd.DataFrame, architectures: Mapping[str, str]) -> list[Line]:
    """Summarise the networks of each architecture, named by ``architectures``; without the panel's mean."""
    peers = rough[rough["network"] != MEAN]
    kinds = peers["network"].map(architectures)
    return [_line(kind, peers[kinds == kind]) for kind in dict.fromkeys(kinds)]


def by_classes(rough: pd.DataFrame, class_names: Sequence[str]) -> list[Line]:
    """Summarise each passage between classes over all networks, the roughest (by detour) first.

    A mixed pair is the same in both orders.
    """
    peers = rough[rough["network"] != MEAN]
    if "third" in peers:
        ordered = np.sort(peers[["first", "second"]].to_numpy(), axis=1)
        peers = peers.assign(first=ordered[:, 0], second=ordered[:, 1])
    ends = [name for name in ("first", "second", "third") if name in peers]
    lines = []
    for labels, rows in peers.groupby(ends):
        *pair, last = (class_names[int(label)] for label in np.array(labels))
        lines.append(_line(f"{' + '.join(pair)} → {last}", rows))
    return sorted(lines, key=lambda line: -(line.measures["detour"][0] or 0))


def _line(name: str, rows: pd.DataFrame) -> Line:
    means = rows.groupby("group")[list(MEASURES)].mean()
    return Line(name, len(means), {measure: interval(means[measure].to_numpy()) for measure in MEASURES})
