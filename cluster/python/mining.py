"""Mining in this process: no Ray, no files."""

import warnings
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Never

import pandas as pd

from outvoted.actors.mining.shards import check_not_all, failures
from outvoted.actors.networks.computing import undisturbed
from outvoted.analysis.mining.report import held_report
from outvoted.analysis.opened.scene import HeldScene
from outvoted.cluster.configuration import reading
from outvoted.cluster.console.terminal import Terminal, bars
from outvoted.cluster.python.findings import HeldFindings
from outvoted.cluster.python.panel import Panel
from outvoted.cluster.python.result import Result
from outvoted.search.search_settings import SearchSettings
from outvoted.search.strategies import Auto, Strategy
from outvoted.search.transforms import Transform

_USUAL = SearchSettings()
_STRATEGY = Auto()


@undisturbed()
def mine(  # noqa: PLR0913 - explicit keywords are what editors and notebooks complete
    panel: Panel,
    *,
    per_target: int = _USUAL.per_target,
    targets: Sequence[str] | None = _USUAL.targets,
    voters: Sequence[int] | None = _USUAL.voters,
    seed: int = _USUAL.seed,
    patience: int = _USUAL.patience,
    transform: Transform | Mapping[str, Any] | str = _USUAL.transform,
    strategy: Strategy | Mapping[str, Any] | str = _STRATEGY,
    realism: bool = _USUAL.realism,
    progress: bool = True,
    **unknown: Never,
) -> Result:
    """Mine a panel in this process: the searches, and the mistakes, of a run with the same settings.

    Args:
        panel: what is mined.
        per_target: searches for each target, and for each number of voters.
        targets: names of the networks that are searched for mistakes; all if left out.
        voters: how many of the other networks must agree on the label; all if left out.
        seed: fixes every random number.
        patience: a search gives up after this many candidates in a row without improvement.
        transform: how images may change, say ``transforms.Photometric()`` or ``"photometric"``.
        strategy: how changes are searched for, say ``strategies.Gradient(steps=12)``; if left out, by what
            is usually best for the transform.
        realism: compare each mistake with real images of its label, in what its voters see.
        progress: show a bar.
        unknown: any other keyword is refused.

    Returns:
        The mistakes. Where searches failed because a network did, a warning says how many and why, as does
        ``summary["failures"]``.

    Raises:
        OutvotedError: a setting is not what it must be, a network lacks the gradient that the strategy
            follows, hardly any image is classified correctly by the whole panel, the networks only guess,
            or all searches of all targets failed.
    """
    settings = {
        "per_target": per_target,
        "targets": targets,
        "voters": voters,
        "seed": seed,
        "patience": patience,
        "transform": transform,
        "strategy": strategy,
        "realism": realism,
        **unknown,
    }
    search = reading.validated(SearchSettings, settings, "mine(...)")
    mining = panel.mining(search)
    with panel.computing():
        plans = mining.plan()
    plans.standings.check()
    for concern in plans.standings.concerns():
        warnings.warn(concern, stacklevel=3)
    with bars(Terminal(quiet=not progress)) as bar, panel.computing():
        task = bar.add_task("searches", total=len(plans.searches), details="")
        mined = mining.mine(
            plans, lambda done, found: bar.update(task, advance=done, details=f"{found} mistakes")
        )
    searches = pd.DataFrame(mined.searches.to_pandas())
    turns, failed = search.turns(panel.names), failures(searches)
    if sum(one.is_all for one in failed) == len(turns.targets):
        check_not_all(failed, "mine(..., targets=[...]) mines the others alone")
    for one in failed:
        warnings.warn(str(one), stacklevel=3)
    scene = HeldScene(search.transform, panel.seeds, mining.panel, panel.names, panel.classes, mined.mistakes)
    report = partial(held_report, scene, searches, turns.targets)
    found = HeldFindings("mine", report, mined.mistakes, mined.searches, scene, panel.class_names)
    return Result(found)
