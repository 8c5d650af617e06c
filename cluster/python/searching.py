"""What calls that mine share: their keywords as settings, and mining a panel in hand."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa

from outvoted.actors.mining.shards import check_not_all, failures
from outvoted.analysis.opened.mistakes import HeldMistakes
from outvoted.analysis.opened.scene import HeldScene
from outvoted.cluster.configuration import reading
from outvoted.cluster.console.terminal import Terminal, bars
from outvoted.cluster.python.panel import Panel
from outvoted.search.search_settings import SearchSettings
from outvoted.search.strategies import Auto, Strategy
from outvoted.search.transforms import Transform

AnyTransform = Transform | Mapping[str, Any] | str
AnyStrategy = Strategy | Mapping[str, Any] | str


@dataclass(frozen=True)
class MinedHere:
    """What mining a panel in hand gave.

    Attributes:
        searches, mistakes: all rows of both tables.
        targets: which networks were searched.
        seed_inferences: forward inferences on seeds.
    """

    search: SearchSettings
    scene: HeldScene
    searches: pa.Table
    mistakes: pa.Table
    targets: Sequence[int]
    seed_inferences: int

    @property
    def frame(self) -> pd.DataFrame:
        """The rows of all searches."""
        return pd.DataFrame(self.searches.to_pandas())


def search_settings(keywords: Mapping[str, Any], where: str) -> SearchSettings:
    """Return how a panel in hand is searched: by the strategy that is usually best, if none is named.

    Raises:
        OutvotedError: a keyword is not what it must be; ``where`` names the call.
    """
    return reading.validated(SearchSettings, {"strategy": Auto(), **keywords}, where)


def mined(panel: Panel, search: SearchSettings, progress: bool, name: str = "searches") -> MinedHere:
    """Mine a panel in this process; warn of networks far below their peers, and of searches that failed.

    Args:
        name: of the bar.

    Raises:
        OutvotedError: the panel can't be searched so, disputes nearly all seeds, or all searches failed.
    """
    mining = panel.mining(search)
    with panel.computing():
        plans = mining.plan()
        plans.standings.check()
        for concern in plans.standings.concerns():
            warnings.warn(concern, stacklevel=4)
        with bars(Terminal(quiet=not progress)) as bar:
            task = bar.add_task(name, total=len(plans.searches), details="")
            found = mining.mine(
                plans, lambda done, count: bar.update(task, advance=done, details=f"{count} mistakes")
            )
    targets = search.turns(panel.names).targets
    failed = failures(pd.DataFrame(found.searches.to_pandas()))
    if sum(one.is_all for one in failed) == len(targets):
        check_not_all(failed, "mine(..., targets=[...]) mines the others alone")
    for one in failed:
        warnings.warn(str(one), stacklevel=4)
    mistakes = HeldMistakes(found.mistakes)
    scene = HeldScene(search.transform, panel.seeds, mining.panel, panel.names, panel.classes, mistakes)
    seeds = plans.figures().seed_inferences
    return MinedHere(search, scene, found.searches, found.mistakes, targets, seeds)
