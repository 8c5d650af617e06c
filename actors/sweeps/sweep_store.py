"""The folder of a sweep."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as save_tensors

from outvoted.actors.networks import Weights, members
from outvoted.actors.networks.members import Member
from outvoted.actors.runs import schema
from outvoted.actors.runs.files import remove, write_atomically
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.actors.runs.units import UnitTables
from outvoted.actors.training.stacked_training import TrainingState
from outvoted.search.errors import OutvotedError

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, object]
Fields = Sequence[tuple[str, pa.DataType]]

FINISHED, STOPPED, FAILED = "finished", "stopped", "failed"
"""How a unit ended: trained to the last epoch, stopped early by the scheduler, or failed with a reason."""


@dataclass(frozen=True)
class Kept:
    """The checkpoint of a unit under way: the state of its training, and its rows so far."""

    progress: TrainingState
    rows: tuple[Row, ...]


class SweepStore:
    """Reads and writes a sweep's folder; a unit is one network, named by its setting and seed.

    A unit's trials mark it as ended; its votes and weights, if any, are written before them.
    """

    def __init__(self, path: Path, fields: Fields) -> None:
        """Open the sweep's folder, with the columns that its experiment measures."""
        self.path, self.folder = path, RunFolder(path)
        self._trials = schema.TRIALS.with_fields(fields)
        self.units = UnitTables(path, schema.VOTES, self._trials)

    def networks(self, unit: str) -> Path:
        """Return the folder of a unit's trained network."""
        return self.path / "networks" / unit

    def write_unit(self, unit: str, rows: Sequence[Row], outcome: str, reason: str | None) -> None:
        """Write a unit's rows, one per epoch, and how it ended; delete its checkpoint.

        One that failed keeps its checkpoint, so that it can be retried from there.
        """
        ended = [{**row, "outcome": outcome, "reason": reason} for row in rows]
        self.units.write(unit, {"trials": self._trials.of_rows(ended)})
        if outcome != FAILED:
            remove(self._kept(unit))

    def write_network(self, unit: str, member: Member, votes: pa.Table) -> None:
        """Write a unit's weights and votes after the last epoch."""
        members.save(self.networks(unit), [member])
        self.units.write(unit, {"votes": votes})

    def outcomes(self) -> dict[str, str]:
        """Return how each unit that has ended did so."""
        found = {unit: self.units.read("trials", unit, ["outcome"]) for unit in self.units.done()}
        return {unit: str(rows["outcome"][0]) for unit, rows in found.items()}

    def trials(self, units: Iterable[str]) -> "pd.DataFrame":
        """Read the rows of those units that have any, in the order given."""
        frame: pd.DataFrame = self.units.read_all("trials", units).to_pandas()
        return frame

    def votes(self, unit: str) -> pa.Table:
        """Read a unit's votes.

        Raises:
            OutvotedError: there are none, or they cannot be read.
        """
        return self.units.read("votes", unit)

    def keep(self, unit: str, kept: Kept) -> None:
        """Write a unit's checkpoint, all or nothing."""
        tensors = {f"weights/{name}": value for name, value in kept.progress.weights.items()}
        for number, moments in enumerate(kept.progress.moments):
            tensors |= {f"moments/{number}/{name}": value for name, value in moments.items()}
        noted = {"epoch": str(kept.progress.epoch), "rows": json.dumps(kept.rows)}
        data = save_tensors({name: value.contiguous() for name, value in tensors.items()}, noted)
        write_atomically(self._kept(unit), lambda path: path.write_bytes(data))

    def epochs_kept(self, unit: str) -> int:
        """Return the epoch of a unit's checkpoint; 0 if it has none."""
        found = self.kept(unit)
        return 0 if found is None else found.progress.epoch

    def kept(self, unit: str) -> Kept | None:
        """Read a unit's checkpoint; None if it has none.

        Raises:
            OutvotedError: the file cannot be read.
        """
        path = self._kept(unit)
        if not path.is_file():
            return None
        try:
            with safe_open(path, "pt") as file:
                noted, tensors = file.metadata(), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            weights = {n.removeprefix("weights/"): t for n, t in tensors.items() if n.startswith("weights/")}
            progress = TrainingState(int(noted["epoch"]), weights, _moments(tensors))
            return Kept(progress, tuple(json.loads(noted["rows"])))
        except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
            raise OutvotedError(
                expected=f"a checkpoint of {unit} in {path}",
                found=str(error).splitlines()[0] if str(error) else type(error).__name__,
                remedy="delete the file and continue with --resume: the network is trained from the start",
            ) from error

    def _kept(self, unit: str) -> Path:
        return self.path / "checkpoints" / f"{unit}.safetensors"


def _moments(tensors: Weights) -> tuple[Weights, ...]:
    found: dict[int, Weights] = {}
    for name, value in tensors.items():
        if name.startswith("moments/"):
            _, number, moment = name.split("/")
            found.setdefault(int(number), {})[moment] = value
    return tuple(found[number] for number in sorted(found))
