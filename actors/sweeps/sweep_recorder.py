"""The recorder of a sweep: the one writer of its rows, checkpoints and TensorBoard."""

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from outvoted.actors.networks.members import Member
from outvoted.actors.sweeps.sweep_monitor import SweepMonitor
from outvoted.actors.sweeps.sweep_store import FINISHED, Fields, Kept, Row, SweepStore

Values = Mapping[str, float | str]


class SweepRecorder:
    """Writes what trials hand in. What it holds besides the folder is the rows since the last checkpoint."""

    def __init__(self, path: Path, fields: Fields) -> None:
        self._store = SweepStore(path, fields)
        self._monitor = SweepMonitor(self._store.tensorboard)
        self._rows: dict[str, list[Row]] = {}

    def kept(self, unit: str) -> Kept | None:
        """Say how far a unit is."""
        found = self._store.kept(unit)
        self._rows[unit] = [] if found is None else list(found.rows)
        return found

    def epoch(self, unit: str, row: Row) -> None:
        """Show an epoch of a unit; the same or a later one of an earlier try is forgotten."""
        epoch = int(str(row["epoch"]))
        before = self._rows.get(unit, [])
        self._rows[unit] = [one for one in before if int(str(one["epoch"])) < epoch] + [row]
        self._monitor.epoch(unit, row)

    def keep(self, unit: str, kept: Kept) -> None:
        """Write how far a unit is."""
        self._store.keep(unit, kept)

    def finish(self, unit: str, values: Values, rows: list[Row], member: Member, votes: pa.Table) -> None:
        """Write all of a unit; writing it twice changes nothing."""
        self._store.write_network(unit, member, votes)
        self._store.write_unit(unit, rows, FINISHED, None)
        self._monitor.end(unit, values, rows[-1])
        self._rows.pop(unit, None)

    def end(self, unit: str, unmeasured: Row, outcome: str, reason: str | None) -> None:
        """Write the rows of a unit that did not get to its end; ``unmeasured`` stands for one without any."""
        self._store.write_unit(unit, self._rows.pop(unit, []) or [unmeasured], outcome, reason)
        self._monitor.leave(unit)

    def close(self) -> None:
        """Flush."""
        self._monitor.close()
