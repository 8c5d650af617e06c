"""The searches of a run and the mistakes they found, shard by shard."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa

from outvoted.actors.runs import schema
from outvoted.actors.runs.unit_tables import UnitTables
from outvoted.search.arrays import Ints

Table = Literal["searches", "mistakes"]


@dataclass(frozen=True)
class ShardResult:
    """The rows of one shard, under the shard's name."""

    name: str
    searches: pa.Table
    mistakes: pa.Table


class Shards:
    """Reads and writes the tables `searches` and `mistakes` of a run; searches mark a shard as done."""

    def __init__(self, folder: Path) -> None:
        """Take the run's folder."""
        self.units = UnitTables(folder, schema.MISTAKES, schema.SEARCHES, named="shard-")

    def write(self, result: ShardResult) -> None:
        """Write a shard."""
        self.units.write(result.name, {"mistakes": result.mistakes, "searches": result.searches})

    def done(self) -> Ints:
        """Return the ids of all recorded searches, ascending."""
        return np.asarray(self.units.read_all("searches", columns=["search_id"])["search_id"].to_numpy())

    def table(self, name: Table) -> pa.Table:
        """Read all rows of a table in the order of their search ids, each search and each mistake once."""
        return self.units.read_all(name)

    def frame(self, name: Table) -> pd.DataFrame:
        """Read a table into pandas."""
        return pd.DataFrame(self.table(name).to_pandas())
