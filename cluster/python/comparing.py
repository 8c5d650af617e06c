"""Comparing strategies from Python: on a panel in this process, or as a run."""

import time
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Never

import pyarrow as pa
from pydantic import field_validator

from outvoted.actors.networks.computing import undisturbed
from outvoted.analysis.comparison.comparison import StrategyRun
from outvoted.analysis.comparison.report import held_report
from outvoted.analysis.mining.cells import Grid
from outvoted.analysis.mining.mistakes import mistakes_measured
from outvoted.cluster.configuration import reading
from outvoted.cluster.python.configured import RUNS, Config, Where, given, refuse_unknown
from outvoted.cluster.python.findings import HeldFindings
from outvoted.cluster.python.panel import Panel
from outvoted.cluster.python.result import Result
from outvoted.cluster.python.searching import AnyStrategy, AnyTransform, MinedHere, mined, search_settings
from outvoted.cluster.storage.urls import folder_of
from outvoted.search.search_settings import SearchSettings
from outvoted.search.settings import Settings
from outvoted.search.strategies import AnyStrategy as StrategyChoice
from outvoted.search.strategies import Gradient, Hillclimb, RandomSearch
from outvoted.search.strategies.base import strategy_names


class _Strategies(Settings):
    """Which strategies are compared, at least one."""

    strategies: tuple[StrategyChoice, ...] = (RandomSearch(), Hillclimb(), Gradient())

    @field_validator("strategies")
    @classmethod
    def _some(cls, strategies: tuple[Any, ...]) -> tuple[Any, ...]:
        if not strategies:
            raise ValueError("at least one strategy")
        return strategies


@undisturbed()
def compare(  # noqa: PLR0913 - explicit keywords are what editors and notebooks complete
    panel: Panel | Config,
    strategies: Iterable[AnyStrategy] | None = None,
    *,
    per_target: int | None = None,
    targets: Sequence[str] | None = None,
    voters: Sequence[int] | None = None,
    seed: int | None = None,
    patience: int | None = None,
    transform: AnyTransform | None = None,
    progress: bool = True,
    address: str | None = None,
    name: str | None = None,
    resume: bool = False,
    runs: str | Path = RUNS,
    **unknown: Never,
) -> Result:
    """Mine a panel with several strategies from the same seeds, and compare what a mistake costs each.

    Args:
        panel: a panel, or the configuration of a run, as for :func:`outvoted.mine`.
        strategies: say ``["gradient", strategies.Bayesian()]``; random search, hillclimbing and gradient
            ascent if left out.
        per_target, targets, voters, seed, patience, transform: as for :func:`outvoted.mine`.
        progress, address, name, resume, runs: as for :func:`outvoted.mine`.
        unknown: any other keyword is refused.

    Returns:
        The mistakes of all, of which the column ``run`` says whose they are; ``summary["strategies"]`` has
        the figures.

    Raises:
        OutvotedError: as for :func:`outvoted.mine`.
    """
    refuse_unknown(compare, unknown, "compare(...)")
    search = given(
        per_target=per_target,
        targets=targets,
        voters=voters,
        seed=seed,
        patience=patience,
        transform=transform,
    )
    chosen = None if strategies is None else tuple(strategies)
    if address is not None or not isinstance(panel, Panel):
        from outvoted.cluster.python.running import on_ray  # which brings Ray

        sections = {"search": search, "strategies": chosen}
        return on_ray("compare", panel, sections, Where(address, name, resume, folder_of(runs), progress))
    wanted = reading.validated(_Strategies, given(strategies=chosen), "compare(...)").strategies
    settings = {
        name: search_settings({**search, "strategy": one}, "compare(...)")
        for name, one in zip(strategy_names(wanted), wanted, strict=True)
    }
    return _compared(panel, settings, progress)


def _compared(panel: Panel, settings: Mapping[str, SearchSettings], progress: bool) -> Result:
    """Mine in this process, with the settings of each strategy in turn."""
    for one in settings.values():
        one.check(panel.shape, panel.names)
    found: dict[str, MinedHere] = {}
    compared: dict[str, StrategyRun] = {}
    for strategy, one in settings.items():
        began = time.monotonic()
        found[strategy] = this = mined(panel, one, progress, strategy)
        seconds = time.monotonic() - began
        compared[strategy] = StrategyRun(
            one.transform, mistakes_measured(this.scene.mistakes), this.frame, this.seed_inferences, seconds
        )
    tables = [_named(name, one) for name, one in found.items()]
    mistakes, searches = (pa.concat_tables(parts) for parts in zip(*tables, strict=True))
    report = partial(held_report, compared, Grid())
    return Result(HeldFindings("compare", report, mistakes, searches, class_names=panel.class_names))


def _named(name: str, found: MinedHere) -> tuple[pa.Table, pa.Table]:
    """Say in a first column whose rows these are."""
    return _with(name, found.mistakes), _with(name, found.searches)


def _with(name: str, rows: pa.Table) -> pa.Table:
    return rows.add_column(0, "run", pa.array([name] * rows.num_rows, pa.string()))
