"""The recorder of a sweep as a Ray actor."""

from pathlib import Path

import pyarrow as pa
import ray

from outvoted.actors.networks.members import Member
from outvoted.actors.runs.ray_shared import FOREVER
from outvoted.actors.sweeps.sweep_recorder import SweepRecorder, Values
from outvoted.actors.sweeps.sweep_store import Fields, Kept, Row


@ray.remote(**FOREVER)
class SweepRecorderActor:
    """The recorder, on the machine where the sweep's folder is."""

    def __init__(self, path: Path, fields: Fields) -> None:
        self._recorder = SweepRecorder(path, fields)

    def kept(self, unit: str) -> Kept | None:
        """Say how far a unit is."""
        return self._recorder.kept(unit)

    def epoch(self, unit: str, row: Row) -> None:
        """Show an epoch of a unit."""
        self._recorder.epoch(unit, row)

    def keep(self, unit: str, kept: Kept) -> None:
        """Write how far a unit is."""
        self._recorder.keep(unit, kept)

    def finish(self, unit: str, values: Values, rows: list[Row], member: Member, votes: pa.Table) -> None:
        """Write all of a unit."""
        self._recorder.finish(unit, values, rows, member, votes)

    def end(self, unit: str, unmeasured: Row, outcome: str, reason: str | None) -> None:
        """Write the rows of a unit that did not get to its end."""
        self._recorder.end(unit, unmeasured, outcome, reason)

    def close(self) -> None:
        """Flush."""
        self._recorder.close()
