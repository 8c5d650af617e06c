"""What healing did, as means ± standard deviations over repeats."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from outvoted.actors.healing.arms import ARMS, Arm
from outvoted.actors.healing.course import steady_since
from outvoted.actors.healing.heal_store import HealStore
from outvoted.analysis.report.numbers import PERCENT, Form, Spread, spread
from outvoted.analysis.report.table import Cell, Column, Table

FIGURES = ("success", "moved_accuracy", "clean_accuracy", "held_out_wrong", "validity")
_MORE = Form(1, 100, "+")


@dataclass(frozen=True)
class RoundSummary:
    """One arm after one round: means over peers, spread over repeats."""

    arm: str
    round: int
    added: float
    figures: Mapping[str, Spread]


@dataclass(frozen=True)
class HealSummary:
    """What a healing run has shown so far.

    Attributes:
        rounds: the last round that every arm of every repeat has completed.
        rows: by arm and round; round 0, before healing, is the same for all arms.
        steady: for each arm, the round from which its mean success rate stayed within ``heal.steady``, for at
            least three rounds, or None.
        beyond_copies, beyond_nothing: ``mistakes`` minus the other arm in the last round, repeat by repeat
            (all arms of a repeat start from the same panel).
    """

    run: str
    repeats: int
    rounds: int
    rows: tuple[RoundSummary, ...]
    steady: Mapping[str, int | None]
    beyond_copies: Mapping[str, Spread]
    beyond_nothing: Mapping[str, Spread]

    @property
    def repeated(self) -> str:
        """How many repeats there were, in words."""
        return "1 repeat" if self.repeats == 1 else f"{self.repeats} repeats"

    def at(self, arm: Arm, number: int) -> RoundSummary:
        """Return an arm's figures after a round."""
        return next(row for row in self.rows if (row.arm, row.round) == (arm, number))


def by_repeat(rounds: pd.DataFrame) -> pd.DataFrame:
    """Average over peers, with the start as round 0 of every arm.

    Returns:
        FIGURES and ``added``, indexed by (arm, round, repeat).
    """
    start = rounds[rounds["arm"] == Arm.START]
    arms = pd.concat([rounds[rounds["arm"] != Arm.START], *(start.assign(arm=str(arm)) for arm in ARMS)])
    return arms.groupby(["arm", "round", "repeat"])[[*FIGURES, "added"]].mean()


def summarise_healing(store: HealStore) -> HealSummary:
    """Summarise what a run has recorded so far, which is at least its start."""
    record = store.folder.read_record()
    return summarise_rounds(record.name, store.rounds(), record.config["heal"]["steady"])


def summarise_rounds(name: str, rounds: pd.DataFrame, within: float) -> HealSummary:
    """Summarise the rows of rounds, which are at least those of the start.

    Args:
        name: of the run.
        within: how far apart success rates may lie that count as steady, 0 to 1.
    """
    means = by_repeat(rounds)
    repeats = means.index.get_level_values("repeat").nunique()
    counts = means.groupby(["arm", "round"]).size().unstack("arm").reindex(columns=list(map(str, ARMS)))
    complete = counts.index[(counts == repeats).all(axis=1)]
    last = int(complete.max())
    rows = {arm: [_summary(arm, number, _at(means, arm, number)) for number in complete] for arm in ARMS}

    def beyond(arm: Arm) -> dict[str, Spread]:
        more = _at(means, Arm.MISTAKES, last) - _at(means, arm, last)
        return {name: spread(more[name]) for name in FIGURES}

    return HealSummary(
        run=name,
        repeats=repeats,
        rounds=last,
        rows=tuple(row for arm in ARMS for row in rows[arm]),
        steady={str(arm): steady_since(successes(rows[arm]), within) for arm in ARMS},
        beyond_copies=beyond(Arm.COPIES),
        beyond_nothing=beyond(Arm.NOTHING),
    )


def successes(rows: Sequence[RoundSummary]) -> list[float]:
    """Return each round's mean success rate; 0 if nothing could be searched."""
    return [row.figures["success"].mean or 0.0 for row in rows]


def _at(means: pd.DataFrame, arm: Arm, number: int) -> pd.DataFrame:
    """Return the rows of an arm's round, one per repeat."""
    return pd.DataFrame(means.xs((str(arm), number)))


def _summary(arm: Arm, number: int, rows: pd.DataFrame) -> RoundSummary:
    figures = {name: spread(rows[name]) for name in FIGURES}
    return RoundSummary(str(arm), int(number), float(rows["added"].mean()), figures)


def healing_table(summary: HealSummary) -> Table:
    """Return the start, the last round, and how `mistakes` differs from the other arms, in percent."""
    heads = ("mined", "moved correct", "clean correct", "held out", "valid")
    rows: list[tuple[Cell, ...]] = [("(before)", *_cells(summary.at(Arm.NOTHING, 0).figures))]
    rows += [(str(arm), *_cells(summary.at(arm, summary.rounds).figures)) for arm in ARMS]
    for other, more in (("nothing", summary.beyond_nothing), ("copies", summary.beyond_copies)):
        rows.append((f"− {other}", *map(_MORE, _cells(more))))
    steady = ", ".join(f"{arm} {'–' if since is None else since}" for arm, since in summary.steady.items())
    note = (
        "% mean ± standard deviation; mined: searches that found a mistake; held out: mistakes of the first "
        "panel that no arm trains on and that are still made; last lines: `mistakes` minus another arm, by "
        "repeat\n"
        f"success rate steady from round: {steady}"
    )
    title = f"{summary.run}: after {summary.rounds} rounds, {summary.repeated}"
    return Table(title, (Column("added"), *(Column(name, PERCENT) for name in heads)), rows, note)


def _cells(figures: Mapping[str, Spread]) -> list[Spread]:
    """Return the cells of FIGURES; for the last, validity, only the mean."""
    *first, last = (figures[name] for name in FIGURES)
    return [*first, Spread(last.mean, None)]
