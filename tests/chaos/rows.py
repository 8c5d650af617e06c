"""The rows of a run as they lie in Parquet, held against those of a run that nothing happened to."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from outvoted.search.outcome import Outcome

KEYS = {"searches": ["search_id"], "mistakes": ["search_id", "number"]}
_TIMES = ("finished_at",)


@dataclass(frozen=True)
class Difference:
    """Rows that another run lacks, has more than once, or has with other values; ``failed`` are rows too."""

    lost: int
    extra: int
    doubled: int
    differing: int
    failed: int

    def __bool__(self) -> bool:
        return bool(self.lost or self.extra or self.doubled or self.differing)


def stored(run: Path, table: str) -> list[pa.Table]:
    """Read a table as any program would: all Parquet files of its folder that are not hidden."""
    return [pq.read_table(file, partitioning=None) for file in sorted((run / table).glob("[!._]*.parquet"))]


class Rows:
    """The rows of a run, by their keys."""

    def __init__(self, run: Path) -> None:
        self._tables = {table: stored(run, table) for table in KEYS}

    @cached_property
    def by_key(self) -> dict[tuple[object, ...], dict[str, object]]:
        """Every row, of whichever table, under its key."""
        return dict(self._listed)

    @cached_property
    def _listed(self) -> list[tuple[tuple[object, ...], dict[str, object]]]:
        found = []
        for table, parts in self._tables.items():
            for part in parts:
                for row in part.drop_columns(
                    [name for name in _TIMES if name in part.column_names]
                ).to_pylist():
                    found.append(((table, *(row[name] for name in KEYS[table])), row))
        return found

    @property
    def searches(self) -> set[int]:
        """The ids of all searches."""
        return {int(str(key[1])) for key in self.by_key if key[0] == "searches"}

    @property
    def failed(self) -> int:
        """Searches that failed."""
        return sum(row.get("outcome") == Outcome.FAILED for key, row in self.by_key.items() if len(key) == 2)

    def against(self, undisturbed: "Rows") -> Difference:
        """Count how they differ."""
        here, there = self.by_key, undisturbed.by_key
        return Difference(
            lost=len(there.keys() - here.keys()),
            extra=len(here.keys() - there.keys()),
            doubled=len(self._listed) - len(here),
            differing=sum(str(here[key]) != str(there[key]) for key in here.keys() & there.keys()),
            failed=self.failed,
        )
