"""What a healing run is measured by: its last round, and what came of it beyond the other arms."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

import pandas as pd
import pyarrow as pa

from outvoted.actors.healing.arms import Arm, HealSettings
from outvoted.actors.healing.heal_store import HealStore
from outvoted.actors.panel.panel_settings import RefereeSettings
from outvoted.analysis.healing.healing import HealSummary, by_repeat, summarise_rounds
from outvoted.analysis.report.numbers import COUNT, SHARE, Form, interval
from outvoted.analysis.tuning.measures.base import Lack, Measure, of_interval
from outvoted.analysis.tuning.objectives import Measured

_POINTS = Form(1, 100, "+", "%")


class HealingKeys(Protocol):
    """The keys of a healing run's configuration by which it is measured."""

    @property
    def referee(self) -> RefereeSettings | None:
        """The referee, if there is one."""

    @property
    def heal(self) -> HealSettings:
        """The rounds."""


@dataclass(frozen=True)
class RecordedHealing:
    """A healing run: the rounds it has recorded so far; ``held`` are these where they are in hand."""

    config: HealingKeys
    folder: Path
    held: Mapping[str, pa.Table] | None = None

    @cached_property
    def rounds(self) -> pd.DataFrame:
        """All rows of `rounds`."""
        if self.held is None:
            return HealStore(self.folder).rounds()
        rows: pd.DataFrame = self.held["rounds"].to_pandas()
        return rows.sort_values(["repeat", "arm", "round", "target"], ignore_index=True)

    @cached_property
    def summary(self) -> HealSummary | None:
        """What the report says; None before there is a start."""
        if self.rounds.empty:
            return None
        return summarise_rounds("", self.rounds, self.config.heal.steady)

    @cached_property
    def means(self) -> pd.DataFrame:
        """Means over peers, by arm, round and repeat."""
        return by_repeat(self.rounds)

    def at(self, arm: Arm, number: int, figure: str) -> "pd.Series[float]":
        """Return a figure of an arm after a round, by repeat."""
        return pd.Series(self.means.xs((str(arm), number))[figure])


Taken = Callable[[RecordedHealing], Measured]


def _over_repeats(of: Callable[[RecordedHealing, int], "pd.Series[float]"]) -> Taken:
    """Take the mean over repeats of what is given for each, after the last round that all have completed."""

    def taken(run: RecordedHealing) -> Measured:
        if run.summary is None:
            return Measured(None)
        values = of(run, run.summary.rounds).dropna().to_numpy(float)
        return of_interval(interval(values), len(values))

    return taken


def _after(figure: str) -> Taken:
    return _over_repeats(lambda run, last: run.at(Arm.MISTAKES, last, figure))


def _beyond(arm: Arm, figure: str) -> Taken:
    def more(run: RecordedHealing, last: int) -> "pd.Series[float]":
        return run.at(Arm.MISTAKES, last, figure) - run.at(arm, last, figure)

    return _over_repeats(more)


def _fall(run: RecordedHealing, last: int) -> "pd.Series[float]":
    return run.at(Arm.MISTAKES, 0, "success") - run.at(Arm.MISTAKES, last, "success")


def _steady(run: RecordedHealing) -> Measured:
    if run.summary is None:
        return Measured(None)
    since = run.summary.steady[str(Arm.MISTAKES)]
    return Measured(None if since is None else float(since), of=run.summary.repeats)


def _no_referee(config: HealingKeys) -> Lack | None:
    if config.referee is not None:
        return None
    return Lack("no referee, who would judge mistakes", "set `referee: {}` to have one trained")


def _no_rounds(config: HealingKeys) -> Lack | None:
    return None if config.heal.rounds else Lack("heal.rounds: 0", "set heal.rounds to at least 1")


def _never_steady(config: HealingKeys) -> Lack | None:
    if config.heal.steady and config.heal.rounds > 1:
        return None
    found = f"heal.steady: {config.heal.steady:g} and heal.rounds: {config.heal.rounds}"
    return Lack(found, "set heal.steady to more than 0 and heal.rounds to at least 2")


Heals = Measure[RecordedHealing, HealingKeys]
_FIGURES: tuple[Heals, ...] = (
    Heals(
        "moved_accuracy",
        "accuracy on moved images",
        "of the panel after the last round of the arm `mistakes`, on test images moved at random",
        "maximise",
        SHARE,
        _after("moved_accuracy"),
        over="repeats",
    ),
    Heals(
        "clean_accuracy",
        "accuracy on test images",
        "the same on test images as they are",
        "maximise",
        SHARE,
        _after("clean_accuracy"),
        over="repeats",
    ),
    Heals(
        "success",
        "success rate after healing",
        "share of searches that still find a mistake after that round",
        "minimise",
        SHARE,
        _after("success"),
        over="repeats",
    ),
    Heals(
        "held_out_wrong",
        "held-out mistakes still made",
        "share of the first panel's mistakes, those no arm was trained on, that are still made",
        "minimise",
        SHARE,
        _after("held_out_wrong"),
        over="repeats",
    ),
)
_COMPARED = [one for one in _FIGURES if one.name != "clean_accuracy"]
_CONTROLS = {Arm.COPIES: "random copies", Arm.NOTHING: "nothing added"}


def _compared(figure: Heals, arm: Arm, other: str) -> Heals:
    """Return how much more of a figure the arm `mistakes` has than another."""
    return Heals(
        f"{figure.name}_beyond_{arm}",
        f"{figure.title}, beyond {other}",
        f"`{figure.name}` of the arm `mistakes` minus that of `{arm}`",
        figure.goal,
        _POINTS,
        _beyond(arm, figure.name),
        over="repeats",
        lack=_no_rounds,
    )


MEASURES: tuple[Heals, ...] = (
    *_FIGURES,
    Heals(
        "success_fall",
        "fall of the success rate",
        "the success rate before healing minus `success`",
        "maximise",
        _POINTS,
        _over_repeats(_fall),
        over="repeats",
        lack=_no_rounds,
    ),
    Heals(
        "validity",
        "validity after healing",
        "share of the last round's mistakes whose label the referee sees",
        "maximise",
        SHARE,
        _after("validity"),
        over="repeats",
        lack=_no_referee,
    ),
    Heals(
        "rounds_until_steady",
        "rounds until steady",
        "the round from which that arm's success rate stays within `heal.steady`, for at least three rounds",
        "minimise",
        COUNT,
        _steady,
        None,
        early=False,
        lack=_never_steady,
    ),
    *(_compared(figure, arm, other) for figure in _COMPARED for arm, other in _CONTROLS.items()),
)
