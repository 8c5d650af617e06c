"""A run that takes seconds, of a panel with a network that misbehaves on command."""

import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from outvoted.actors.data import datasets
from outvoted.actors.data.datasets import DataSettings
from tests.chaos.commands import Command
from tests.chaos.machines import Machines
from tests.chaos.misbehaving import forget_limits
from tests.chaos.rows import Rows

SHARD, IN_FLIGHT = 12, 2
_LIMIT = 240.0


class Bench:
    """Starts runs in a folder; ``triggers`` is where the network looks for what to do."""

    def __init__(self, folder: Path, per_target: int, pace: float) -> None:
        """Take a folder, how many searches a run has for each of three networks, and seconds for a batch."""
        self._per_target, self._pace = per_target, pace
        self.folder, self.triggers, self.runs = folder, folder / "triggers", folder / "runs"
        self.triggers.mkdir(parents=True, exist_ok=True)
        self.config = folder / "chaos.yaml"
        digits = datasets.load(DataSettings())
        np.savez(
            folder / "digits.npz",
            x_train=digits.train.images[:600],
            y_train=digits.train.labels[:600],
            x_test=digits.test.images[:200],
            y_test=digits.test.labels[:200],
        )
        self.config.write_text(yaml.safe_dump(self._values()))

    def _values(self) -> dict[str, object]:
        arguments = {"folder": str(self.triggers), "pace": self._pace}
        own = {"kind": "python", "factory": "tests.chaos.misbehaving:network", "arguments": arguments}
        return {
            "data": {"name": "npz", "path": str(self.folder / "digits.npz")},
            "panel": {
                "networks": [
                    {"kind": "mlp", "hidden": 8},
                    {"kind": "mlp", "hidden": 16},
                    {**own, "alias": "own"},
                ],
                "training": {"epochs": 8},
            },
            "referee": None,
            "search": {"per_target": self._per_target, "patience": 20, "strategy": "hillclimb"},
            "cluster": {"shard_size": SHARD, "shards_in_flight": IN_FLIGHT},
        }

    def start(
        self,
        machines: Machines,
        name: str,
        settings: Sequence[str],
        resume: bool = False,
        runs: Path | None = None,
    ) -> Command:
        """Start a run, or continue it."""
        sets = [part for item in settings for part in ("--set", item)]
        where = ["--runs", str(runs or self.runs), "--name", name, "--address", machines.address]
        command = machines.command("mine", str(self.config), *sets, *where, *["--resume"] * resume)
        return Command(command, machines.env, self.folder / f"{name}.log")

    def undisturbed(self, machines: Machines) -> Rows:
        """Make the run to which nothing happens, unless it is there."""
        run = self.runs / f"undisturbed-{self._per_target}"
        if not (run / "summary.json").exists():
            shutil.rmtree(run, ignore_errors=True)
            command = self.start(machines, run.name, ["cluster.cells=2"])
            command.wait(_LIMIT)
            if command.code != 0:
                raise RuntimeError(f"the undisturbed run failed: {command.said()}")
        return Rows(run)

    def calm(self) -> None:
        """Have the network behave."""
        forget_limits()
        for trigger in self.triggers.iterdir():
            trigger.unlink()


class Recorded:
    """Knows the ids of the searches that are recorded in a folder; a file is read once."""

    def __init__(self, run: Path) -> None:
        self._folder = run / "searches"
        self._files: dict[str, frozenset[int]] = {}

    def ids(self) -> set[int]:
        """Return those that are recorded by now."""
        for file in self._folder.glob("[!._]*.parquet"):
            if file.name not in self._files:
                with suppress(OSError, pa.ArrowException):  # joined with others meanwhile, and removed
                    column = pq.read_table(file, columns=["search_id"], partitioning=None)["search_id"]
                    self._files[file.name] = frozenset(column.to_pylist())
        return set().union(*self._files.values())
