"""The folder of a healing run, and what TensorBoard shows of it."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
from torch.utils.tensorboard.writer import SummaryWriter

from outvoted.actors.healing.arms import Step
from outvoted.actors.healing.believed import BELIEVED
from outvoted.actors.healing.healing import Round
from outvoted.actors.networks import members
from outvoted.actors.networks.members import Member, fingerprint
from outvoted.actors.runs import schema
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.actors.runs.units import UnitTables
from outvoted.actors.runs.watching import Watched, spares_the_run
from outvoted.search.errors import OutvotedError
from outvoted.search.trust import NOTHING, Trust

if TYPE_CHECKING:
    import pandas as pd


class HealStore:
    """Reads and writes what a healing run leaves: mistakes, weights and rounds, which mark a step as done."""

    def __init__(self, path: Path) -> None:
        """Take the run's folder."""
        self.path, self.folder = path, RunFolder(path)
        self.units = UnitTables(path, schema.MISTAKES.grouped(*schema.OF_STEP), schema.ROUNDS)

    def weights(self, step: Step) -> Path:
        """Return the folder of the panel after a step."""
        return self.path / "weights" / step.name

    def write_round(self, found: Round) -> None:
        """Write a step; writing it twice changes nothing."""
        members.save(self.weights(found.step), found.panel)
        self.units.write(found.step.name, {"mistakes": found.mistakes, "rounds": found.rows})

    def has(self, step: Step) -> bool:
        """Return whether a step is recorded."""
        return self.units.has(step.name)

    def read_round(self, step: Step, trust: Trust = NOTHING) -> Round:
        """Read a recorded step; ``trust`` says what its networks may import.

        Raises:
            OutvotedError: a file is missing, unreadable, or of another step.
        """
        rows, mistakes = (self.units.read(table, step.name) for table in ("rounds", "mistakes"))
        return Round(step, rows, mistakes, self._panel(step, rows, trust))

    def believed(self, number: int, now: Callable[[], pa.Table]) -> pa.Table:
        """Return what a round takes from people: as it was when the round first began.

        Args:
            number: of the round.
            now: gives the same (BELIEVED) by the labels there are now.

        Raises:
            OutvotedError: it can't be read, or the disk refuses.
        """
        name = f"believed-{number:03d}"
        found = self.folder.extra(name, BELIEVED)
        if found is None:
            found = now()
            self.folder.write_extra(name, found)
        return found

    def taken(self) -> dict[int, pa.Table]:
        """Return what each round took from people (BELIEVED); empty where rounds don't heed them.

        Raises:
            OutvotedError: a file can't be read.
        """
        files = (path.stem for path in (self.path / "extra").glob("believed-*.parquet"))
        names = [name for name in files if re.fullmatch(r"believed-[0-9]{3,5}", name)]
        found = {int(name.partition("-")[2]): self.folder.extra(name, BELIEVED) for name in names}
        return {number: rows for number, rows in found.items() if rows is not None}

    def rounds(self) -> "pd.DataFrame":
        """Read all rows of all recorded steps, sorted."""
        frame: pd.DataFrame = self.units.read_all("rounds").to_pandas()
        return frame

    def _panel(self, step: Step, rows: pa.Table, trust: Trust) -> tuple[Member, ...]:
        panel = members.load(self.weights(step), trust)
        if [member.sha256 for member in panel] != rows.column("sha256").to_pylist():
            path = self.units.file("rounds", step.name)
            raise OutvotedError(
                expected=f"a recorded round in {path}, with its weights",
                found=f"other weights in {self.weights(step)} ({fingerprint(panel)[:12]})",
                remedy=f"delete {path} and continue with --resume, which reruns it",
            )
        return tuple(panel)


_FIGURES = ("success", "validity", "clean_accuracy", "moved_accuracy", "held_out_wrong", "added")


class HealMonitor(Watched):
    """Writes every recorded round; TensorBoard lays the arms, each a folder of its own, over one another."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @spares_the_run
    def round(self, found: Round) -> None:
        """Add a point to the curves of an arm: of each peer, and of their mean."""
        step, rows = found.step, found.rows.to_pandas()
        folder = self._folder / f"{step.arm}-{step.repeat}"
        with SummaryWriter(str(folder)) as writer:
            for name in _FIGURES:
                values = rows[name].astype(float)
                for peer, value in zip(rows["target_name"], values, strict=True):
                    writer.add_scalar(f"{name}/{peer}", value, step.round)
                writer.add_scalar(f"{name}/mean", values.mean(), step.round)
