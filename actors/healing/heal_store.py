"""The folder of a healing run."""

from pathlib import Path

import pandas as pd
import pyarrow as pa

from outvoted.actors.healing.arms import Arm, Step
from outvoted.actors.healing.heal_rows import tagged
from outvoted.actors.healing.healing import Round
from outvoted.actors.networks import members
from outvoted.actors.networks.members import Member, fingerprint
from outvoted.actors.runs import schema, tables
from outvoted.actors.runs.store import RunStore
from outvoted.search.errors import OutvotedError
from outvoted.search.trust import NOTHING, Trust

_MISTAKES = tagged(schema.mistakes((), ()).empty_table(), Step(0, Arm.START, 0), Arm.START).schema


class HealStore(RunStore):
    """Reads and writes what a healing run leaves.

    A step is there when its file in ``rounds/`` is: its mistakes and weights are written before it.
    """

    def weights(self, step: Step) -> Path:
        """Return the folder of the panel after a step."""
        return self.path / "weights" / step.name

    def write_round(self, found: Round) -> None:
        """Write a step; writing it twice changes nothing."""
        members.save(self.weights(found.step), found.panel)
        for table, rows in (("mistakes", found.mistakes), ("rounds", found.rows)):
            tables.write(self._file(table, found.step), rows)

    def has(self, step: Step) -> bool:
        """Tell whether a step is recorded."""
        return self._file("rounds", step).is_file()

    def read_round(self, step: Step, trust: Trust = NOTHING) -> Round:
        """Read a recorded step; ``trust`` says what its networks may import.

        Raises:
            OutvotedError: a file is missing, unreadable, or of another step.
        """
        path = self._file("rounds", step)
        try:
            rows = tables.read(path, schema.rounds())
            mistakes = tables.read(self._file("mistakes", step), _MISTAKES)
            panel = self._panel(step, rows, trust)
        except ValueError as error:
            raise OutvotedError(
                expected=f"a recorded round in {path}, with its mistakes and weights",
                found=str(error),
                remedy=f"delete {path} and go on with --resume: it is run again",
            ) from error
        return Round(step, rows, mistakes, panel)

    def rounds(self) -> pd.DataFrame:
        """Read all rows of all recorded steps, sorted."""
        files = sorted((self.path / "rounds").glob("*.parquet"))
        parts = [tables.read(path, schema.rounds()) for path in files] or [schema.rounds().empty_table()]
        found = pd.DataFrame(pa.concat_tables(parts).to_pandas())
        return found.sort_values(["repeat", "arm", "round", "target"], ignore_index=True)

    def _panel(self, step: Step, rows: pa.Table, trust: Trust) -> tuple[Member, ...]:
        panel = members.load(self.weights(step), trust)
        if [member.sha256 for member in panel] != rows.column("sha256").to_pylist():
            raise ValueError(f"other weights in {self.weights(step)} ({fingerprint(panel)[:12]})")
        return tuple(panel)

    def _file(self, table: str, step: Step) -> Path:
        return self.path / table / f"{step.name}.parquet"
