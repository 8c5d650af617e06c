"""Somebody at a host beside the cluster, with its address and token, a folder, and the command line."""

import shutil
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import yaml

from outvoted.actors.data import datasets
from outvoted.actors.data.datasets import DataSettings
from tests.chaos import unhurried
from tests.chaos.commands import Command
from tests.chaos.hosts import Hosts
from tests.chaos.machines import environment

SHARD = 12
_LIMIT = 300.0


class Operator:
    """Gives commands in a folder with a configuration, a module and data, none of which the cluster has."""

    def __init__(self, folder: Path, hosts: Hosts, dashboard: str) -> None:
        self.folder, self._inside, self._logs = folder / "operator", hosts.outside(), folder
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        token = self.folder / ".token"
        token.touch(0o600)
        token.write_text((folder / "token").read_text())
        kept = {
            name: value for name, value in environment().items() if not name.startswith(("RAY_", "OUTVOTED"))
        }
        self.env: Mapping[str, str] = kept | {
            "HOME": str(self.folder), "OUTVOTED_CLUSTER": dashboard, "RAY_AUTH_TOKEN_PATH": str(token)
        }  # fmt: skip

    def prepare(self, per_target: int, pace: float) -> None:
        """Write the configuration, and what it names."""
        assert unhurried.__file__ is not None
        shutil.copy(unhurried.__file__, self.folder)
        digits = datasets.load(DataSettings())
        np.savez(
            self.folder / "digits.npz",
            x_train=digits.train.images[:600],
            y_train=digits.train.labels[:600],
            x_test=digits.test.images[:200],
            y_test=digits.test.labels[:200],
        )
        slow = {"kind": "python", "factory": "unhurried:network", "arguments": {"pace": pace}}
        values = {
            "data": {"name": "npz", "path": "digits.npz"},
            "panel": {
                "networks": [
                    {"kind": "mlp", "hidden": 8},
                    {"kind": "mlp", "hidden": 16},
                    slow | {"alias": "slow"},
                ],
                "training": {"epochs": 8},
            },
            "referee": None,
            "search": {"per_target": per_target, "patience": 20, "strategy": "hillclimb"},
            "cluster": {"shard_size": SHARD, "shards_in_flight": 2},
        }
        (self.folder / "night.yaml").write_text(yaml.safe_dump(values))

    def begin(self, *arguments: str, env: Mapping[str, str] | None = None) -> Command:
        """Give a command of ours, and go on."""
        log = self._logs / "operator.log"
        with log.open("a") as file:
            file.write(f"\n$ outvoted {' '.join(arguments)}\n")
        return self._started([sys.executable, "-m", "outvoted.cluster", *arguments], log, env)

    def paste(self, line: str) -> Command:
        """Give a command as it was printed."""
        assert line.startswith("outvoted ")
        return self._started(
            ["sh", "-c", line.replace("outvoted", f"{sys.executable} -m outvoted.cluster", 1)],
            self._logs / "operator.log",
        )

    def _started(self, command: list[str], log: Path, env: Mapping[str, str] | None = None) -> Command:
        return Command([*self._inside, "env", f"--chdir={self.folder}", *command], dict(env or self.env), log)

    def does(self, *arguments: str, code: int = 0, env: Mapping[str, str] | None = None) -> tuple[float, str]:
        """Give a command, and wait until it ends as it should; return the seconds, and what it said."""
        return ended(self.begin(*arguments, env=env), code)


def ended(command: Command, code: int = 0, limit: float = _LIMIT) -> tuple[float, str]:
    """Wait for the end of a command; return the seconds since it began, and what it said."""
    found = command.wait(limit)
    said = "\n".join(command.said())
    assert found == code, f"ended with {found}, not {code}:\n{said}"
    return time.monotonic() - command.began, said
