"""The searches of a run and what came of them: shard by shard, in running totals, and those that failed."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pyarrow as pa
import pyarrow.compute as pc

from outvoted.actors.runs import schema
from outvoted.actors.runs.staging import Staging
from outvoted.actors.runs.units import UnitTables
from outvoted.search.arrays import Texts
from outvoted.search.errors import OutvotedError
from outvoted.search.id_ranges import IdRanges
from outvoted.search.outcome import Outcome
from outvoted.search.plan import shard_name

if TYPE_CHECKING:
    import pandas as pd

Table = Literal["searches", "mistakes"]


_COUNTED = (
    *("outcome", "target_name", "moves", "candidates", "voted_on", "consensus"),
    *("inferences_target", "inferences_peers"),
)
"""What :class:`Progress` adds up."""


class Mined(ABC):
    """What came of a shard, on its way to the recorder."""

    @abstractmethod
    def ids(self) -> IdRanges:
        """Return the ids of its searches."""

    @abstractmethod
    def counted(self) -> "Progress":
        """Add up its searches."""

    @abstractmethod
    def rows(self, shards: "Shards") -> "ShardResult":
        """Return its rows, read from the run's folder if they are there."""

    @abstractmethod
    def record(self, shards: "Shards") -> None:
        """Make it part of the run."""

    @abstractmethod
    def discard(self, shards: "Shards") -> None:
        """Leave nothing of it in the run's folder but what is part of the run."""


@dataclass(frozen=True)
class ShardResult(Mined):
    """The rows of one shard, under the shard's name."""

    name: str
    searches: pa.Table
    mistakes: pa.Table

    @property
    def tables(self) -> dict[str, pa.Table]:
        """Its rows by table."""
        return {"searches": self.searches, "mistakes": self.mistakes}

    def ids(self) -> IdRanges:
        """Return the ids of its searches."""
        return IdRanges.of(self.searches["search_id"].to_numpy())

    def counted(self) -> "Progress":
        """Add up its searches."""
        return Progress().plus(self.searches)

    def rows(self, shards: "Shards") -> "ShardResult":
        """Return it: it holds its rows."""
        return self

    def record(self, shards: "Shards") -> None:
        """Write it."""
        shards.write(self)

    def discard(self, shards: "Shards") -> None:
        """Do nothing: it is nowhere."""

    def without(self, known: IdRanges) -> "ShardResult":
        """Return its searches that are not ``known``, at least one, under the name of these."""
        ids = self.searches["search_id"].to_numpy()
        missing = ids[~known.holds(ids)]
        some = pa.array(missing)
        parts = (rows.filter(pc.is_in(rows["search_id"], some)) for rows in (self.searches, self.mistakes))
        return ShardResult(shard_name(missing), *parts)


@dataclass(frozen=True)
class StagedShard(Mined):
    """A shard that its cell has written into the run's folder, hidden until it is recorded.

    Attributes:
        name: the shard's.
        mark: tells its files from those of others who mined the shard too.
        searched: the ids of its searches.
        progress: what its searches come to.
    """

    name: str
    mark: str
    searched: IdRanges
    progress: "Progress"

    @staticmethod
    def written(result: ShardResult, shards: "Shards", mark: str) -> "StagedShard":
        """Write a shard's rows.

        Raises:
            OutvotedError: the disk refuses, or the run belongs to another process now.
        """
        shards.staging.write(result.name, mark, result.tables)
        return StagedShard(result.name, mark, result.ids(), result.counted())

    def ids(self) -> IdRanges:
        """Return the ids of its searches."""
        return self.searched

    def counted(self) -> "Progress":
        """Return what its searches come to."""
        return self.progress

    def rows(self, shards: "Shards") -> ShardResult:
        """Read its rows, hidden or recorded."""
        found = {name: shards.staging.read(name, self.name, self.mark) for name in shards.units.forms}
        return ShardResult(self.name, **found)

    def record(self, shards: "Shards") -> None:
        """Rename its files to those of the run."""
        shards.staging.enter(self.name, self.mark)

    def discard(self, shards: "Shards") -> None:
        """Remove its files."""
        shards.staging.drop(self.name, self.mark)


class Shards:
    """Reads and writes the tables `searches` and `mistakes` of a run; searches mark a shard as done."""

    def __init__(self, folder: Path) -> None:
        """Take the run's folder."""
        self.units = UnitTables(folder, schema.MISTAKES, schema.SEARCHES, named="shard-")
        self.staging = Staging(self.units)

    def write(self, result: ShardResult) -> None:
        """Write a shard."""
        self.units.write(result.name, result.tables)

    def done(self) -> IdRanges:
        """Return the ids of all recorded searches."""
        found = IdRanges()
        for rows in self.units.rows("searches", ["search_id"]):
            found = found.union(IdRanges.of(rows["search_id"].to_numpy()))
        return found

    def progress(self) -> "Progress":
        """Count all recorded searches, each once."""
        found = Progress()
        for rows in self.units.parts("searches", list(_COUNTED)):
            found = found.plus(rows)
        return found

    def mistakes(self) -> int:
        """Return how many mistakes are recorded."""
        return sum(map(len, self.units.parts("mistakes", ["search_id"])))

    def forget_failed(self) -> int:
        """Forget all shards that hold failed searches, as if they had never begun; return how many failed.

        Their other searches are run again too, to the same rows: a shard's file is named by its ids, and one
        with some of them would stand in the place of the whole.
        """
        failed = Counter[str]()
        for piece in self.units.pieces("searches", ["outcome"]):
            failed[piece.unit] += pc.sum(pc.equal(piece.rows["outcome"], Outcome.FAILED)).as_py() or 0
        self.units.remove(*(unit for unit, count in failed.items() if count))
        return failed.total()

    def table(self, name: Table) -> pa.Table:
        """Read all rows of a table in the order of their search ids, each search and each mistake once."""
        return self.units.read_all(name)

    def frame(self, name: Table, columns: Sequence[str] | None = None) -> "pd.DataFrame":
        """Read a table, or some columns of it, into pandas."""
        rows = self.units.read_all(name, columns=None if columns is None else list(columns))
        frame: pd.DataFrame = rows.to_pandas()
        return frame


@dataclass(frozen=True)
class Live:
    """Searches of a shard under way that have ended, and the mistakes among them, not yet verified."""

    ended: int = 0
    mistakes: int = 0

    @staticmethod
    def of(outcomes: Texts) -> "Live":
        """Count the outcomes of a shard's searches, shape (n,)."""
        ended, found = outcomes != Outcome.CLIMBING, outcomes == Outcome.MISTAKE
        return Live(int(ended.sum()), int(found.sum()))


@dataclass(frozen=True)
class Progress:
    """Totals over recorded searches; ``targets`` holds mistakes by the target's name."""

    searches: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    targets: Counter[str] = field(default_factory=Counter)
    moves: int = 0
    candidates: int = 0
    voted_on: int = 0
    consensus: int = 0
    inferences: int = 0

    @property
    def mistakes(self) -> int:
        """Number of searches that found a verified mistake."""
        return self.outcomes[Outcome.MISTAKE]

    def __add__(self, other: "Progress") -> "Progress":
        """Add up two totals."""
        return Progress(
            **{one.name: getattr(self, one.name) + getattr(other, one.name) for one in fields(self)}
        )

    def plus(self, rows: pa.Table) -> "Progress":
        """Add recorded rows of the `searches` table."""
        won = rows.filter(pc.equal(rows["outcome"], Outcome.MISTAKE))["target_name"]
        return self + Progress(
            searches=len(rows),
            outcomes=_counted(rows["outcome"]),
            targets=_counted(won),
            moves=_total(rows, "moves"),
            candidates=_total(rows, "candidates"),
            voted_on=_total(rows, "voted_on"),
            consensus=_total(rows, "consensus"),
            inferences=_total(rows, "inferences_target", "inferences_peers"),
        )

    def scalars(self) -> dict[str, float]:
        """Name the figures that a monitor draws against ``searches``."""
        climbed = self.searches - self.outcomes[Outcome.SKIPPED] - self.outcomes[Outcome.FAILED]
        return {
            "searches/done": self.searches,
            **{f"searches/{outcome}": count for outcome, count in self.outcomes.items()},
            **{f"mistakes by target/{name}": count for name, count in self.targets.items()},
            "rates/moves accepted per candidate": self.moves / max(self.candidates, 1),
            "rates/consensus of candidates voted on": self.consensus / max(self.voted_on, 1),
            "rates/successful searches": self.mistakes / max(climbed, 1),
            "moves/mean of a search": self.moves / max(climbed, 1),
        }


def _counted(texts: pa.ChunkedArray) -> Counter[str]:
    return Counter({one["values"]: one["counts"] for one in pc.value_counts(texts).to_pylist()})


def _total(rows: pa.Table, *columns: str) -> int:
    return sum(pc.sum(rows[column]).as_py() or 0 for column in columns)


@dataclass(frozen=True)
class Failed:
    """The failed searches of one target.

    Attributes:
        searches: all of its searches but those whose seed the panel disputes.
        reason: why the first of those that failed did.
        alike: how many failed for that reason.
    """

    target: str
    searches: int
    failed: int
    reason: str
    alike: int

    @property
    def is_all(self) -> bool:
        """Whether no search of the target came to an end."""
        return self.failed == self.searches

    def __str__(self) -> str:
        others = f" and {self.alike - 1:,} other{'s' if self.alike > 2 else ''}" if self.alike > 1 else ""
        why = f"the first{others}"
        why = "all" if self.alike == self.failed > 1 else why
        return f"{self.target}: {self.failed:,} of {self.searches:,} searches failed; {why}: {self.reason}"


def failures(searches: "pd.DataFrame") -> tuple[Failed, ...]:
    """Return the targets of which searches failed, in the panel's order, from rows of `searches`."""
    if searches.empty:
        return ()
    tried = searches[searches["outcome"] != Outcome.SKIPPED]
    failed = tried[tried["outcome"] == Outcome.FAILED]
    return tuple(
        _failed(str(name), int((tried["target"] == target).sum()), rows)
        for (target, name), rows in failed.groupby(["target", "target_name"])
    )


def _failed(name: str, searches: int, rows: "pd.DataFrame") -> Failed:
    reasons = rows.sort_values("search_id")["reason"].fillna("")
    first = str(reasons.iloc[0])
    return Failed(name, searches, len(rows), first, int((reasons == first).sum()))


def check_not_all(found: Sequence[Failed], where: str) -> None:
    """Refuse to call a run well in which every search of a target failed.

    Args:
        where: what is kept, and where.

    Raises:
        OutvotedError: there is such a target.
    """
    lost = [one for one in found if one.is_all]
    if lost:
        raise OutvotedError(
            expected=f"searches of {', '.join(one.target for one in lost)} that come to an end",
            found="; ".join(map(str, lost)),
            remedy=f"mend the network that is named, or leave it out; {where}",
        )
